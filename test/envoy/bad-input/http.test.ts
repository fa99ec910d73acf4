import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import {
  ALLOWED_BODY,
  ANALYST,
  assertRefused,
  CHAT_PATH,
  chat,
  DENIED_BODY,
  FORBIDDEN_MODEL,
  headerOf,
  KEYS,
  post,
} from "../governed/ask.ts";
import { answered, sendHttp2 } from "../governed/http2.ts";
import { exchangeBytes, exchangeOne, rawRequest } from "../governed/raw.ts";
import { eventually } from "../governed/records.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";
import { Watch } from "../governed/watch.ts";

let stack: Governed;
let watch: Watch;
before(async () => {
  stack = await startGoverned();
  watch = new Watch(stack);
});
after(() => stack?.stop());

const KEY = `authorization: ${ANALYST.authorization}`;
const OTHER_METHODS = "GET HEAD PUT PATCH DELETE OPTIONS TRACE PROPFIND".split(" ");

describe("a method other than POST", () => {
  for (const method of OTHER_METHODS)
    test(`${method} with a chat in its body reaches no model`, async () => {
      for (const body of [ALLOWED_BODY, DENIED_BODY]) {
        const answer = await watch.unreached(() =>
          exchangeOne(stack.port, rawRequest(body, [KEY], { method })),
        );
        assert.deepEqual([answer.status, headerOf(answer, "x-regent-reason")], [404, "unknown_endpoint"]);
      }
      const plain = `${method} ${CHAT_PATH} HTTP/1.1\r\nhost: a\r\n${KEY}\r\nconnection: close\r\n\r\n`;
      assert.equal((await watch.unreached(() => exchangeOne(stack.port, plain))).status, 404);
    });

  test("that Envoy does not know is no HTTP", async () => {
    const bytes = ["post", "POSTX", "P0ST", "PO\tST"].map((method) =>
      rawRequest(ALLOWED_BODY, [KEY], { method }),
    );
    const answers = await watch.unreached(() =>
      Promise.all(bytes.map((one) => exchangeBytes(stack.port, one))),
    );
    for (const answer of answers.flat()) assertRefused(answer, "request_malformed");
  });

  test("named by a header is not heeded", async () => {
    const lines = [
      KEY,
      "x-http-method-override: POST",
      "x-method-override: POST",
      `x-original-url: ${CHAT_PATH}`,
    ];
    const get = rawRequest(ALLOWED_BODY, lines, { method: "GET", target: "/v1/models" });
    const answer = await watch.unreached(() => exchangeOne(stack.port, get));
    assert.match(answer.body, /"object":"list"/);
  });
});

describe("a tunnel or another protocol", () => {
  const upgrade = (protocol: string, ...lines: readonly string[]) =>
    rawRequest(ALLOWED_BODY, [KEY, "connection: upgrade", `upgrade: ${protocol}`, ...lines]);

  test("asked for by an upgrade is refused", async () => {
    const websocket = upgrade("websocket", "sec-websocket-version: 13", "sec-websocket-key: eA==");
    for (const bytes of [websocket, upgrade("WebSocket"), upgrade("tls/1.0"), upgrade("websocket, h2c")])
      await watch.refused("upgrade_refused", () =>
        exchangeOne(stack.port, bytes + rawRequest(DENIED_BODY, [KEY])),
      );
  });

  test("asked for by an upgrade to h2c is not switched to: what follows is governed", async () => {
    const settings = [
      KEY,
      "connection: upgrade, http2-settings",
      "upgrade: h2c",
      "http2-settings: AAMAAABkAAQAAP__",
    ];
    const bytes = rawRequest(ALLOWED_BODY, settings) + rawRequest(DENIED_BODY, [KEY]);
    const [first, second] = await exchangeBytes(stack.port, bytes);
    assert.equal(first?.status, 200);
    assertRefused(second as never, "model_not_permitted");
  });

  test("asked for by an upgrade that is not announced as one goes nowhere: the header is dropped", async () => {
    const answer = await exchangeOne(stack.port, rawRequest(ALLOWED_BODY, [KEY, "upgrade: websocket"]));
    assert.equal(answer.status, 200);
    const { headers } = stack.witnessed().at(-1) as ReturnType<Governed["witnessed"]>[number];
    assert.ok(!headers.some(([name]) => name === "upgrade"));
  });

  test("asked for by CONNECT is refused", async () => {
    for (const authority of ["localhost:80", "sim-us", `127.0.0.1:${stack.port}`]) {
      const headers = { ":method": "CONNECT", ":authority": authority, ...ANALYST };
      await watch.refused("upgrade_refused", () =>
        sendHttp2(stack.port, headers, ALLOWED_BODY).then(answered),
      );
    }
    const withPath = rawRequest(ALLOWED_BODY, [KEY], { method: "CONNECT" });
    const answers = await watch.unreached(() => exchangeBytes(stack.port, withPath));
    for (const answer of answers) assertRefused(answer, "request_malformed");
  });
});

describe("HTTP/2 in cleartext", () => {
  const HEAD = { ":method": "POST", ":path": CHAT_PATH, "content-type": "application/json", ...ANALYST };

  test("is governed as HTTP/1.1 is", async () => {
    const before = stack.witnessed().length;
    assert.equal(answered(await sendHttp2(stack.port, HEAD, ALLOWED_BODY)).status, 200);
    assert.equal(stack.witnessed().length, before + 1);
    await watch.refused("model_not_permitted", () => sendHttp2(stack.port, HEAD, DENIED_BODY).then(answered));
    const { authorization: _, ...nobody } = HEAD;
    await watch.refused("identity_required", () =>
      sendHttp2(stack.port, nobody, ALLOWED_BODY).then(answered),
    );
    await watch.refused("body_invalid", () => sendHttp2(stack.port, HEAD, "").then(answered));
    const large = JSON.stringify(chat("sim-small", "x".repeat(5_000_000)));
    await watch.refused("body_too_large", () => sendHttp2(stack.port, HEAD, large).then(answered));
  });

  test("with a path or header that HTTP/1.1 could not carry reaches no model", async () => {
    const paths = [
      `${CHAT_PATH} HTTP/1.1`,
      "v1/chat/completions",
      `http://localhost${CHAT_PATH}`,
      "*",
      "\\v1/chat/completions",
    ];
    const changes = [
      ...paths.map((path) => ({ ":path": path })),
      { ":path": `${CHAT_PATH}#x` },
      { ":path": `${CHAT_PATH}/` },
      { ":method": "post" },
      { ":method": "POST / HTTP/1.1" },
      { "content-length": "5" },
      { "content-length": String(ALLOWED_BODY.length + 1) },
    ];
    // All at once, because Envoy takes a second to close each connection.
    await watch.unreached(() =>
      Promise.all(
        changes.map(async (change) => {
          const answer = await sendHttp2(stack.port, { ...HEAD, ...change }, ALLOWED_BODY);
          assert.ok(answer === undefined || answer.status >= 400, JSON.stringify(change));
        }),
      ),
    );
  });
});

describe("a request for all of the server", () => {
  test("is refused, for it has no path", async () => {
    const bytes = `OPTIONS * HTTP/1.1\r\nhost: a\r\n${KEY}\r\nconnection: close\r\n\r\n`;
    const answers = await watch.unreached(() => exchangeBytes(stack.port, bytes));
    for (const answer of answers) assert.ok(answer.status >= 400 && answer.status < 500);
  });
});

describe("a client that waits for 100 Continue", () => {
  const EXPECT = "expect: 100-continue";

  test("is told to go on, served or denied by its body", async () => {
    const [interim, answer] = await exchangeBytes(stack.port, rawRequest(ALLOWED_BODY, [KEY, EXPECT]));
    assert.deepEqual([interim?.status, answer?.status], [100, 200]);
    const [, denied] = await watch.unreached(() =>
      exchangeBytes(stack.port, rawRequest(DENIED_BODY, [KEY, EXPECT])),
    );
    assertRefused(denied as never, "model_not_permitted");
  });
});

/** A request that is hidden behind another one. Wherever it counts as one, it is denied. */
const HIDDEN = rawRequest(DENIED_BODY, [KEY]);

function head(...lines: readonly string[]): string {
  return [
    `POST ${CHAT_PATH} HTTP/1.1`,
    "host: a",
    KEY,
    "content-type: application/json",
    ...lines,
    "",
    "",
  ].join("\r\n");
}

const LENGTH = ALLOWED_BODY.length;
const SIZE = LENGTH.toString(16);
const CHUNKED = `${SIZE}\r\n${ALLOWED_BODY}\r\n0\r\n\r\n`;
const TE = "transfer-encoding: chunked";

/** Bytes in which two readers may see different requests. Envoy must see none. */
const TWO_READINGS: { readonly [what: string]: string } = {
  "two lengths":
    head(`content-length: ${LENGTH}`, `content-length: ${LENGTH + HIDDEN.length}`) + ALLOWED_BODY,
  "two lengths, the longer first":
    head(`content-length: ${LENGTH + HIDDEN.length}`, `content-length: ${LENGTH}`) + ALLOWED_BODY,
  "the same length twice": head(`content-length: ${LENGTH}`, `content-length: ${LENGTH}`) + ALLOWED_BODY,
  "a list of lengths": head(`content-length: ${LENGTH}, ${LENGTH}`) + ALLOWED_BODY,
  "a length with a sign": head(`content-length: +${LENGTH}`) + ALLOWED_BODY,
  "a negative length": head("content-length: -1") + ALLOWED_BODY,
  "a length in hexadecimal": head(`content-length: 0x${SIZE}`) + ALLOWED_BODY,
  "a length with a blank in it": head(`content-length: ${LENGTH} 1`) + ALLOWED_BODY,
  "a length beyond all numbers": head("content-length: 99999999999999999999999") + ALLOWED_BODY,
  "an empty length": head("content-length: ") + ALLOWED_BODY,
  "chunks and a length": head(TE, `content-length: ${LENGTH}`) + CHUNKED,
  "a length and chunks": head(`content-length: ${CHUNKED.length + HIDDEN.length}`, TE) + CHUNKED,
  "a length of nothing and chunks": head("content-length: 0", TE) + CHUNKED,
  "chunks twice": head("transfer-encoding: chunked, chunked") + CHUNKED,
  "chunks and something else": head(TE, "transfer-encoding: identity") + CHUNKED,
  "gzip in chunks": head("transfer-encoding: gzip, chunked") + CHUNKED,
  "another transfer coding": head("transfer-encoding: xchunked", `content-length: ${LENGTH}`) + ALLOWED_BODY,
  "no transfer coding and a length":
    head("transfer-encoding: identity", `content-length: ${LENGTH}`) + ALLOWED_BODY,
  "a blank before the colon": head("transfer-encoding : chunked", `content-length: ${LENGTH}`) + ALLOWED_BODY,
  "a folded transfer coding":
    head("transfer-encoding:\r\n chunked", `content-length: ${LENGTH}`) + ALLOWED_BODY,
  "a transfer coding behind a control character":
    head("transfer-encoding:\x0bchunked", `content-length: ${LENGTH}`) + ALLOWED_BODY,
  "a header behind a bare line feed": head(`x: a\n${TE}`, `content-length: ${LENGTH}`) + ALLOWED_BODY,
  "a NUL in a header": head("x: a\0b", `content-length: ${LENGTH}`) + ALLOWED_BODY,
  "a header without a name": head(": x", `content-length: ${LENGTH}`) + ALLOWED_BODY,
  "a header with a blank in its name": head("x y: z", `content-length: ${LENGTH}`) + ALLOWED_BODY,
  "a header without a colon": head("x", `content-length: ${LENGTH}`) + ALLOWED_BODY,
  "a chunk whose size is negative": `${head(TE)}-${SIZE}\r\n${ALLOWED_BODY}\r\n0\r\n\r\n`,
  "a chunk whose size has a prefix": `${head(TE)}0x${SIZE}\r\n${ALLOWED_BODY}\r\n0\r\n\r\n`,
  "a chunk whose size overflows": `${head(TE)}10000000000000000${SIZE}\r\n${ALLOWED_BODY}\r\n0\r\n\r\n`,
  "a chunk extension that a line feed ends": `${head(TE)}${SIZE};\n${ALLOWED_BODY}\r\n0\r\n\r\n`,
  "a chunk without its line ending": `${head(TE)}${SIZE}\r\n${ALLOWED_BODY}xx0\r\n\r\n`,
};

/** Bytes in which everybody should see two requests, the second of them denied. */
const ONE_READING: { readonly [what: string]: string } = {
  "one request behind another": head(`content-length: ${LENGTH}`) + ALLOWED_BODY,
  "chunks in capitals": head("Transfer-Encoding: CHUNKED") + CHUNKED,
  "a chunk extension": `${head(TE)}${SIZE};a="b"\r\n${ALLOWED_BODY}\r\n0\r\n\r\n`,
  "trailers that claim what headers may not": `${head(TE)}${SIZE}\r\n${ALLOWED_BODY}\r\n0\r\nx-regent-target: sim-eu\r\nauthorization: Bearer ${KEYS.acmeAdmin}\r\ncontent-length: 5\r\n\r\n`,
  "a bare carriage return in a header": head(`x: a\r${TE}`, `content-length: ${LENGTH}`) + ALLOWED_BODY,
  "line feeds alone": head(`content-length: ${LENGTH}`).replaceAll("\r\n", "\n") + ALLOWED_BODY,
  "a line that goes on": head(" x: z", `content-length: ${LENGTH}`) + ALLOWED_BODY,
};

describe("a request hidden behind another one", () => {
  test("where two readers may see different requests, reaches no model, nor does the other one", async () => {
    // All at once, because Envoy takes a second to close each connection.
    await watch.unreached(() =>
      Promise.all(
        Object.entries(TWO_READINGS).map(async ([what, bytes]) => {
          const answers = await exchangeBytes(stack.port, bytes + HIDDEN);
          for (const answer of answers) assertRefused(answer, "request_malformed");
          assert.ok(answers.length <= 1, what);
        }),
      ),
    );
  });

  for (const [what, bytes] of Object.entries(ONE_READING))
    test(`is governed as the second one: ${what}`, async () => {
      const before = stack.witnessed().length;
      const [first, second, ...more] = await exchangeBytes(stack.port, bytes + HIDDEN);
      assert.deepEqual([first?.status, more.length], [200, 0]);
      assertRefused(second as never, "model_not_permitted");
      const [seen, ...others] = stack.witnessed().slice(before);
      assert.deepEqual([seen?.body, others.length], [ALLOWED_BODY, 0]);
      assert.ok(!seen?.headers.some(([, value]) => value.includes("\r")));
    });

  test("in the body of a GET is that GET's body", async () => {
    const get = `GET /v1/models HTTP/1.1\r\nhost: a\r\n${KEY}\r\nconnection: close\r\ncontent-length: ${HIDDEN.length}\r\n\r\n`;
    const answer = await watch.unreached(() => exchangeOne(stack.port, get + HIDDEN));
    assert.equal(answer.status, 200);
  });
});

describe("a client that leaves before its request is whole", () => {
  test("reaches no model, neither with part of the length nor with part of the chunks", async () => {
    for (const part of [
      head(`content-length: ${LENGTH + 1}`) + ALLOWED_BODY,
      `${head(TE)}${SIZE}\r\n${ALLOWED_BODY}\r\n`,
    ])
      await watch.unreached(async () => {
        const records = (await stack.records()).length;
        const socket = connect(stack.port, "127.0.0.1");
        socket.end(part);
        socket.resume();
        await new Promise((resolve) => socket.once("close", resolve));
        // The next request shows that Envoy is past it.
        await post(stack.port, "null");
        await eventually("the next record", async () =>
          (await stack.records()).length > records ? true : undefined,
        );
      });
  });
});

test("no model was ever asked for what the caller may not use", () => {
  assert.ok(stack.witnessed().length > 10);
  assert.deepEqual(
    stack.witnessed().filter(({ body }) => body.includes(FORBIDDEN_MODEL)),
    [],
  );
});

test("everything that reached a model had its allow, and every refusal its record", () => watch.settle());
