import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { Witnessed } from "../../../tools/sample-model/witness.ts";
import { ALLOWED_BODY, chat, DENIED_BODY, post } from "../governed/ask.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";
import { Watch } from "../governed/watch.ts";
import type { Received, Sent } from "../support/client.ts";
import { INVALID_BODIES, MESSAGES } from "./invalid-bodies.ts";

/** A value that is masked in prompts; the domain is reserved. */
const EMAIL = "jane.roe@example.com";
const EMAIL_CHAT = JSON.stringify(chat("sim-small", `Write to ${EMAIL}.`));
/** What the gateway takes, bytes. */
const BODY_BYTES_MAX = 4 * 1024 ** 2;
/** A body that is too large is refused in this time. */
const TOO_LARGE_MS_MAX = 2_000;

let stack: Governed;
let watch: Watch;
before(async () => {
  stack = await startGoverned();
  watch = new Watch(stack);
});
after(() => stack?.stop());

/** Sends what must be served, and gives what the model saw of it. */
async function served(body: string | Buffer, more: Sent = {}): Promise<Witnessed> {
  const answer = await post(stack.port, body, more);
  // The sample model cannot read gzip and says so: what counts is that it came there.
  assert.ok(answer.status === 200 || answer.body.includes("This is no chat request."), answer.body);
  const id = answer.headers["x-regent-decision-id"];
  const seen = stack.witnessed().filter(({ decisionId }) => decisionId === id);
  assert.equal(seen.length, 1, "reached one model once");
  return seen[0] as Witnessed;
}

function headerOfSeen({ headers }: Witnessed, name: string): string | undefined {
  return headers.find(([found]) => found === name)?.[1];
}

function sha256(bytes: string | Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("a body that is not one chat in strict JSON is refused with 400 body_invalid", () => {
  for (const [what, body] of Object.entries(INVALID_BODIES))
    test(what, async () => {
      await watch.refused("body_invalid", () => post(stack.port, body));
    });

  test("also when it comes in chunks", async () => {
    for (const what of ["empty", "null", "not UTF-8", "with the model twice, once escaped"])
      await watch.refused("body_invalid", () =>
        post(stack.port, INVALID_BODIES[what] as string, { chunked: true }),
      );
  });

  test("also when it comes in gzip", async () => {
    for (const what of ["null", "followed by another one", "with the model twice"])
      await watch.refused("body_invalid", () => postCoded(gzipSync(INVALID_BODIES[what] as string), "gzip"));
  });

  test("also under another content-type", async () => {
    for (const type of ["text/plain", "application/octet-stream", ""])
      await watch.refused("body_invalid", () =>
        post(stack.port, INVALID_BODIES["with the model twice"] as string, {
          headers: { "content-type": type },
        }),
      );
  });
});

describe("keys that JavaScript knows", () => {
  test("as names of models are not known", async () => {
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"])
      await watch.refused("unknown_model", () => post(stack.port, JSON.stringify(chat(name, "x"))));
  });

  test("as members change no other member, and go to the model as they came", async () => {
    const body = `{"model":"sim-small","__proto__":{"model":"sim-frontier","stream":true},"constructor":{"prototype":{"model":"sim-frontier"}},${MESSAGES}}`;
    const seen = await served(body);
    assert.equal(seen.body, body);
  });

  test("do not help a model that is denied", async () => {
    const body = `{"__proto__":{"model":"sim-small"},"model":"sim-frontier",${MESSAGES}}`;
    await watch.refused("model_not_permitted", () => post(stack.port, body));
  });

  test("are looked into for personal data", async () => {
    const { body } = await served(`{"model":"sim-small","__proto__":{"toString":"${EMAIL}"},${MESSAGES}}`);
    assert.equal(body, `{"model":"sim-small","__proto__":{"toString":"<EMAIL_ADDRESS>"},${MESSAGES}}`);
  });
});

describe("the size of a body", () => {
  for (const chunked of [false, true]) {
    const framed = chunked ? "in chunks" : "with content-length";

    test(`of 1 MB is served, ${framed}`, async () => {
      const body = JSON.stringify(chat("sim-small", "x".repeat(1_000_000)));
      const seen = await served(body, { chunked });
      assert.deepEqual([seen.bodyBytes, seen.bodySha256], [body.length, sha256(body)]);
    });

    test(`of exactly what is taken is served, and of one byte more is not, ${framed}`, async () => {
      const seen = await served(ALLOWED_BODY.padEnd(BODY_BYTES_MAX, " "), { chunked });
      assert.equal(seen.bodyBytes, BODY_BYTES_MAX);
      const more = ALLOWED_BODY.padEnd(BODY_BYTES_MAX + 1, " ");
      await watch.refused("body_too_large", () => post(stack.port, more, { chunked }));
    });

    for (const bytes of [5_000_000, 20_000_000])
      test(`of ${bytes / 1e6} MB is refused with 413 within two seconds, ${framed}`, async () => {
        const body = JSON.stringify(chat("sim-small", "x".repeat(bytes)));
        const started = performance.now();
        await watch.refused("body_too_large", () => post(stack.port, body, { chunked }));
        assert.ok(performance.now() - started < TOO_LARGE_MS_MAX);
      });
  }
});

function postCoded(body: string | Buffer, coding: string | readonly string[]): Promise<Received> {
  return post(stack.port, body, { headers: { "content-encoding": coding } });
}

describe("a body in gzip", () => {
  const gzip = gzipSync(ALLOWED_BODY);

  test("is read, and goes to the model as it came", async () => {
    for (const coding of ["gzip", "x-gzip", "GZIP", "gzip, identity"]) {
      const seen = await served(gzip, { headers: { "content-encoding": coding } });
      assert.deepEqual([seen.bodySha256, headerOfSeen(seen, "content-encoding")], [sha256(gzip), coding]);
    }
  });

  test("is denied for the model in it", async () => {
    await watch.refused("model_not_permitted", () => postCoded(gzipSync(DENIED_BODY), "gzip"));
  });

  test("is masked, and then goes to the model plain, with the length it has", async () => {
    const masked = EMAIL_CHAT.replace(EMAIL, "<EMAIL_ADDRESS>");
    const seen = await served(gzipSync(EMAIL_CHAT), { headers: { "content-encoding": "gzip" } });
    assert.equal(seen.body, masked);
    assert.equal(headerOfSeen(seen, "content-encoding"), undefined);
    assert.equal(headerOfSeen(seen, "content-length"), String(masked.length));
  });

  test("is refused when it would be too large decoded, whatever it is coded", async () => {
    for (const bytes of [BODY_BYTES_MAX + 1, 50_000_000]) {
      const body = JSON.stringify(chat("sim-small", "x".repeat(bytes)));
      await watch.refused("body_too_large", () => postCoded(gzipSync(body), "gzip"));
    }
    // A hundred times its coded size, far below what is taken plain.
    const bomb = gzipSync(ALLOWED_BODY.padEnd(BODY_BYTES_MAX / 2, " "));
    await watch.refused("body_too_large", () => postCoded(bomb, "gzip"));
  });

  test("is refused with 415 when it is none, is cut or damaged, or has something behind it", async () => {
    const damaged = Buffer.from(gzip);
    damaged[damaged.length - 6] = (damaged[damaged.length - 6] as number) ^ 1;
    for (const body of [
      ALLOWED_BODY,
      gzip.subarray(0, 30),
      gzip.subarray(0, -1),
      damaged,
      Buffer.concat([gzip, gzipSync(DENIED_BODY)]),
      Buffer.concat([gzip, Buffer.from("x")]),
    ])
      await watch.refused("encoding_unsupported", () => postCoded(body, "gzip"));
  });
});

describe("another content-encoding is refused with 415", () => {
  const gzip = gzipSync(ALLOWED_BODY);
  const CODED: readonly (readonly [string | readonly string[], string | Buffer])[] = [
    ["br", brotliCompressSync(ALLOWED_BODY)],
    ["deflate", deflateSync(ALLOWED_BODY)],
    ["zstd", zstdCompressSync(ALLOWED_BODY)],
    ["compress", gzip],
    ["br", ALLOWED_BODY],
    ["aws-chunked", ALLOWED_BODY],
    ["identity, br", ALLOWED_BODY],
    ["gzip, gzip", gzipSync(gzip)],
    ["gzip, gzip", gzip],
    ["gzip, br", gzip],
    [["gzip", "br"], gzip],
    [["identity", "gzip", "gzip"], gzipSync(gzip)],
    ["gzip;q=1", gzip],
    ["gzip deflate", gzip],
    ["*", ALLOWED_BODY],
  ];
  for (const [coding, body] of CODED)
    test(`${JSON.stringify(coding)} on ${typeof body === "string" ? "plain text" : "coded bytes"}`, async () => {
      await watch.refused("encoding_unsupported", () => postCoded(body, coding));
    });

  test("and identity, or none named, is none", async () => {
    for (const coding of ["identity", "", "identity, identity"])
      assert.equal(
        (await served(ALLOWED_BODY, { headers: { "content-encoding": coding } })).body,
        ALLOWED_BODY,
      );
  });
});

describe("a chat in JSON under another content-type is governed all the same", () => {
  const TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/octet-stream",
    "text/event-stream",
    "application/grpc-web",
    "application/json; charset=utf-8",
    'application/json;CHARSET="UTF-8"',
    "application/problem+json",
    "no media type at all",
    "",
  ];
  for (const type of TYPES)
    test(`as ${JSON.stringify(type)}`, async () => {
      const headers = { "content-type": type };
      await watch.refused("model_not_permitted", () => post(stack.port, DENIED_BODY, { headers }));
      assert.equal(
        (await served(EMAIL_CHAT, { headers })).body,
        EMAIL_CHAT.replace(EMAIL, "<EMAIL_ADDRESS>"),
      );
    });

  test("as application/grpc, where Envoy puts the refusal into gRPC's own words", async () => {
    const headers = { "content-type": "application/grpc" };
    const denied = await watch.unreached(() => post(stack.port, DENIED_BODY, { headers }));
    assert.deepEqual(
      [denied.headers["grpc-status"], denied.headers["x-regent-reason"]],
      ["7", "model_not_permitted"],
    );
    assert.equal((await served(EMAIL_CHAT, { headers })).body, EMAIL_CHAT.replace(EMAIL, "<EMAIL_ADDRESS>"));
  });

  test("and in another character set is refused with 415: servers that heed it read another text", async () => {
    // To a server that decodes UTF-7, as its content-type asks for, the second member names another model.
    const body = `{"model":"sim-small","x":"+ACI-,+ACI-model+ACI-:+ACI-sim-frontier",${MESSAGES}}`;
    for (const type of [
      "application/json; charset=utf-7",
      "application/json;charset=UTF-7",
      'application/json; charset="utf-7"',
      "application/json; charset = utf-7",
      "application/json; charset*=us-ascii''utf-7",
      "application/json; charset=utf-8; charset=utf-7",
      "application/json; charset=utf-16",
      "application/json; charset=shift_jis",
      "application/json; charset=",
    ])
      await watch.refused("encoding_unsupported", () =>
        post(stack.port, body, { headers: { "content-type": type } }),
      );
    const twice = { "content-type": ["application/json", "application/json; charset=utf-7"] };
    await watch.refused("encoding_unsupported", () => post(stack.port, body, { headers: twice }));
  });
});

test("everything that reached a model had its allow, and every refusal its record", () => watch.settle());
