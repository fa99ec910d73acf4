/**
 * Regent's side of ext_proc behind a real Envoy, with a governor that follows a script. The oracle of every test is the
 * witness: what Regent did not permit, the upstream has not seen.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { createProcessHandler } from "../../src/envoy/process/process.ts";
import type { JsonObject } from "../../src/exchange/json.ts";
import { type Received, send, sendTrailers } from "./support/client.ts";
import { cluster, gateway, typed } from "./support/config.ts";
import { type RunningEnvoy, startEnvoy } from "./support/envoy.ts";
import {
  type Account,
  answer,
  deny,
  type FakeGovernor,
  fakeGovernor,
  pass,
  plan,
  type Script,
} from "./support/fake-governor.ts";
import { type RunningProcessor, startProcessor } from "./support/processor.ts";
import { type Answer, answerOk, startWitness, type Witness } from "./support/witness.ts";

/** Bytes of request body that the buffer filter of this gateway lets through. */
const BODY_BYTES_MAX = 64 * 1024;

/** Governs all: the whole request, and the answer by its content type. */
const GOVERNED: Script = {
  requestHead: (_, endOfStream) => (endOfStream ? pass() : { kind: "need_body" }),
  responseHead(head) {
    const type = head.headers.get("content-type")?.[0];
    const body = type === "text/event-stream" ? "stream" : type === "application/json" ? "buffered" : "none";
    return { kind: "pass", plan: plan(), body };
  },
};

const events: Answer = (_request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write("data: 1\n\n");
  setTimeout(() => response.end("data: 2\n\n"), 20);
};

describe("a governed gateway", () => {
  let script: Script = {};
  let upstream: Answer = answerOk;
  let governor: FakeGovernor;
  let processor: RunningProcessor;
  let witness: Witness;
  let routed: Witness;
  let envoy: RunningEnvoy;
  const broken: string[] = [];

  before(async () => {
    governor = fakeGovernor({
      requestHead: (...given) => script.requestHead?.(...given) ?? pass(),
      requestBody: (...given) => script.requestBody?.(...given) ?? pass(),
      responseHead: (...given) =>
        script.responseHead?.(...given) ?? { kind: "pass", plan: plan(), body: "none" },
      responseBody: (...given) => script.responseBody?.(...given) ?? { kind: "pass", plan: plan() },
      responseChunk: (...given) => script.responseChunk?.(...given) ?? { bytes: given[0], end: false },
      refuse: (error) => script.refuse?.(error) ?? answer(error.status, { code: error.code }),
    });
    const onBroken = (_: unknown, fault: { details: string }) => broken.push(fault.details);
    processor = await startProcessor(createProcessHandler(governor, { nowMs: Date.now, onBroken }));
    witness = await startWitness((...given) => upstream(...given));
    routed = await startWitness();
    envoy = await startEnvoy(
      gateway({
        processorPort: processor.port,
        upstreamPort: witness.port,
        before: [buffer],
        clusters: [cluster("routed", routed.port)],
        manager: { ...routes, http_protocol_options: { enable_trailers: true } },
        extProc: { metadata_options: { receiving_namespaces: { untyped: ["regent"] } } },
      }),
    );
  });
  after(async () => {
    await envoy.stop();
    processor.stop();
    await witness.stop();
    await routed.stop();
  });
  beforeEach(() => {
    script = GOVERNED;
    upstream = answerOk;
    broken.length = 0;
  });

  const buffer: JsonObject = {
    name: "envoy.filters.http.buffer",
    typed_config: typed("envoy.extensions.filters.http.buffer.v3.Buffer", {
      max_request_bytes: BODY_BYTES_MAX,
    }),
  };
  const target = { name: "x-regent-target", string_match: { exact: "routed" } };
  const routes: JsonObject = {
    route_config: {
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          response_headers_to_add: [
            {
              header: { key: "x-tenant", value: "%DYNAMIC_METADATA(regent:tenant)%" },
              keep_empty_value: false,
            },
          ],
          routes: [
            { match: { prefix: "/", headers: [target] }, route: { cluster: "routed" } },
            { match: { prefix: "/" }, route: { cluster: "upstream", timeout: "0s" } },
          ],
        },
      ],
    },
  };

  /** Sends, waits for the account to be closed, and gives what the upstream saw meanwhile. */
  async function exchange(given: Parameters<typeof send>[1]): Promise<{
    received: Received;
    account: Account;
    seen: Witness["seen"];
  }> {
    const count = witness.seen.length;
    const received = await send(envoy.port("gateway"), given);
    return { received, account: await governor.nextEnd(), seen: witness.seen.slice(count) };
  }

  test("lets through what is permitted, once, and keeps one record of it", async () => {
    const { received, account, seen } = await exchange({ body: "hello" });
    assert.equal(received.status, 200);
    assert.equal(received.body, '{"answer":"from the upstream"}');
    assert.deepEqual(
      seen.map(({ body }) => String(body)),
      ["hello"],
    );
    assert.deepEqual(account.calls, ["requestHead", "requestBody", "responseHead", "responseBody"]);
    assert.deepEqual(account.ends, ["complete"]);
  });

  test("denies at the head, the body, the head of the answer and its body, each with Regent's own words", async () => {
    const denials: readonly [Script, number][] = [
      [{ requestHead: () => deny(401, "who") }, 0],
      [{ ...GOVERNED, requestBody: () => deny(400, "what") }, 0],
      [{ ...GOVERNED, responseHead: () => deny(502, "head") }, 1],
      [{ ...GOVERNED, responseBody: () => deny(500, "body") }, 1],
    ];
    for (const [denial, reached] of denials) {
      script = denial;
      const { received, account, seen } = await exchange({ body: "hello" });
      assert.match(received.body, /^\{"error":\{"code":"(who|what|head|body)"\}\}$/);
      assert.equal(received.end, "clean");
      assert.equal(received.headers["content-type"], "application/json");
      assert.equal(seen.length, reached);
      assert.deepEqual(account.ends, ["refused"]);
    }
  });

  test("replaces a request body of any framing by one with its own length", async () => {
    for (const [next, chunked] of [
      ["another body", false],
      ["another body", true],
      ["", false],
    ] as const) {
      script = { ...GOVERNED, requestBody: () => pass(plan({}, { body: Buffer.from(next) })) };
      const { seen } = await exchange({ body: "hello", chunked });
      assert.equal(String(seen[0]?.body), next);
      assert.equal(seen[0]?.headers["content-length"], String(next.length));
      assert.equal(seen[0]?.headers["transfer-encoding"], undefined);
    }
  });

  test("replaces an answer by one with its own length", async () => {
    const changed = plan({ "x-changed": "yes" }, { body: Buffer.from("{}") });
    script = { ...GOVERNED, responseBody: () => ({ kind: "pass", plan: changed }) };
    const { received } = await exchange({});
    assert.equal(received.body, "{}");
    assert.equal(received.headers["content-length"], "2");
    assert.equal(received.headers["x-changed"], "yes");
  });

  test("leaves the length of an answer that is not read as it was", async () => {
    upstream = (_request, response) => response.end("plain text");
    const { received } = await exchange({});
    assert.equal(received.body, "plain text");
    assert.equal(received.headers["content-length"], "10");
  });

  test("A.15: sets one value in the place of all that the client sent, and removes what it is told to", async () => {
    script = { requestHead: () => pass(plan({ "x-regent-tenant": "real" }, { remove: ["x-forged"] })) };
    const headers = { "x-regent-tenant": ["spoof", "spoof too"], "x-forged": ["a", "b"] };
    const { seen } = await exchange({ headers });
    assert.equal(seen[0]?.headers["x-regent-tenant"], "real");
    assert.equal(seen[0]?.headers["x-forged"], undefined);
  });

  test("chooses the route anew when a header it goes by has changed", async () => {
    script = { requestHead: () => pass(plan({ "x-regent-target": "routed" }, { clearRouteCache: true })) };
    const { seen } = await exchange({});
    assert.equal(seen.length, 0);
    assert.equal(routed.seen.length, 1);
  });

  test("leaves metadata under the namespace regent for what comes after", async () => {
    script = { requestHead: () => pass(plan({}, { metadata: { tenant: "acme" } })) };
    const { received } = await exchange({});
    assert.equal(received.headers["x-tenant"], "acme");
  });

  test("A.17: carries header bytes that are not UTF-8 as they are", async () => {
    const { seen, account } = await exchange({ headers: { "x-bytes": "\xff" } });
    assert.equal(seen[0]?.headers["x-bytes"], "\xff");
    assert.deepEqual(account.exchange.request.headers.get("x-bytes"), ["\\xff"]);
  });

  test("passes a stream piece by piece, without the length that the upstream announced", async () => {
    upstream = (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream", "content-length": "18" });
      response.write("data: 1\n\n");
      setTimeout(() => response.end("data: 2\n\n"), 20);
    };
    const pieces: string[] = [];
    const { received, account } = await exchange({ onPiece: (text) => pieces.push(text) < 0 });
    assert.equal(received.body, "data: 1\n\ndata: 2\n\n");
    assert.equal(received.headers["content-length"], undefined);
    assert.ok(pieces.length > 1, "it came in one piece");
    assert.deepEqual(account.ends, ["complete"]);
  });

  test("rewrites a stream in pieces of other sizes, holding some back", async () => {
    upstream = events;
    let held = "";
    script = {
      ...GOVERNED,
      responseChunk(chunk, endOfStream) {
        held += String(chunk).toUpperCase();
        const bytes = Buffer.from(endOfStream ? held : "");
        return { bytes, end: false };
      },
    };
    const { received } = await exchange({});
    assert.equal(received.body, "DATA: 1\n\nDATA: 2\n\n");
    assert.equal(received.end, "clean");
  });

  test("ends a stream early and cleanly after Regent's own last event, and the upstream stops", async () => {
    const stopped = Promise.withResolvers<void>();
    upstream = (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: secret\n\n");
      const timer = setInterval(() => response.write("data: more\n\n"), 5);
      response.on("close", () => {
        clearInterval(timer);
        stopped.resolve();
      });
    };
    script = { ...GOVERNED, responseChunk: () => ({ bytes: Buffer.from("data: stop\n\n"), end: true }) };
    const { received, account } = await exchange({});
    assert.deepEqual([received.body, received.end], ["data: stop\n\n", "clean"]);
    assert.deepEqual(account.ends, ["complete"]);
    await stopped.promise;
  });

  test("A.4: loses nothing of an answer that was there before its head was judged", async () => {
    upstream = (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end("data: all at once\n\n");
    };
    script = {
      ...GOVERNED,
      async responseHead() {
        await new Promise((resolve) => setTimeout(resolve, 50));
        return { kind: "pass", plan: plan(), body: "stream" };
      },
      responseChunk: (chunk, endOfStream) => ({
        bytes: Buffer.concat([chunk, Buffer.from(endOfStream ? "data: last\n\n" : "")]),
        end: false,
      }),
    };
    const { received } = await exchange({});
    assert.deepEqual([received.body, received.end], ["data: all at once\n\ndata: last\n\n", "clean"]);
  });

  test("A.6, A.66: answers without a body, and those of HEAD, are complete with their head", async () => {
    for (const [method, status] of [
      ["GET", 204],
      ["GET", 304],
      ["HEAD", 200],
    ] as const) {
      upstream = (_request, response) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end();
      };
      const { received, account } = await exchange({ method });
      assert.equal(received.status, status);
      assert.deepEqual([account.calls, account.ends], [["requestHead", "responseHead"], ["complete"]]);
    }
  });

  test("A.6: trailers of an answer follow its last piece", async () => {
    upstream = (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream", trailer: "x-sum" });
      response.write("data: 1\n\n");
      response.addTrailers({ "x-sum": "1" });
      response.end();
    };
    script = {
      ...GOVERNED,
      responseChunk: (chunk, endOfStream) => ({
        bytes: Buffer.concat([chunk, Buffer.from(endOfStream ? "data: last\n\n" : "")]),
        end: false,
      }),
    };
    const { received, account } = await exchange({ headers: { te: "trailers" } });
    assert.deepEqual([received.body, received.end], ["data: 1\n\ndata: last\n\n", "clean"]);
    assert.deepEqual(account.ends, ["complete"]);
  });

  test("A.1: a 413 of Envoy's buffer passes untouched with one record, and nothing reaches the upstream", async () => {
    for (const chunked of [false, true]) {
      const { received, account, seen } = await exchange({ body: "x".repeat(BODY_BYTES_MAX + 1), chunked });
      assert.equal(received.status, 413);
      assert.deepEqual([account.calls, account.ends], [[], ["local_reply"]]);
      assert.equal(seen.length, 0);
    }
  });

  test("an empty body is a body: it is judged", async () => {
    script = { ...GOVERNED, requestBody: (body) => (body.length === 0 ? deny(400, "empty") : pass()) };
    const { received, seen } = await exchange({
      method: "POST",
      chunked: true,
      headers: { "transfer-encoding": "chunked" },
    });
    assert.equal(received.status, 400);
    assert.equal(seen.length, 0);
  });

  test("A.6: HTTP/2 trailers in the place of a body do not slip past the decision", async () => {
    const count = witness.seen.length;
    assert.equal(await sendTrailers(envoy.port("gateway"), "/v1/x", undefined), 400);
    assert.deepEqual((await governor.nextEnd()).ends, ["refused"]);
    assert.equal(witness.seen.length, count);
    assert.equal(await sendTrailers(envoy.port("gateway"), "/v1/x", "hello"), 200);
    assert.deepEqual((await governor.nextEnd()).ends, ["complete"]);
    assert.equal(String(witness.seen.at(-1)?.body), "hello");
  });

  test("A.12, A.13: what Envoy would refuse or carry on blindly becomes a denial", async () => {
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x-${i}`, "v"]));
    for (const changes of [
      plan(many),
      plan({ "x-big": "x".repeat(61 * 1024) }),
      plan({ "x-split": "a\r\nx-injected: b" }),
      plan({ "transfer-encoding": "gzip" }),
      plan({ host: "elsewhere" }),
      plan({ ":path": "/elsewhere" }),
      plan({ "x-envoy-retry-on": "5xx" }),
      plan({ "content-length": "3" }),
      plan({}, { remove: ["host"] }),
    ]) {
      script = { requestHead: () => pass(changes) };
      const { received, account, seen } = await exchange({});
      assert.equal(received.body, '{"code":"obligation_unsupported"}');
      assert.deepEqual(account.ends, ["refused"]);
      assert.equal(seen.length, 0);
    }
  });

  test("A.12: takes as many headers as Envoy does, and no more", async () => {
    const set = (count: number) =>
      plan(Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, "v"])));
    let passed = 0;
    for (let count = 85; count <= 100; count++) {
      script = { requestHead: () => pass(set(count)) };
      const { received, account, seen } = await exchange({});
      if (account.ends[0] === "refused") assert.equal(received.body, '{"code":"obligation_unsupported"}');
      else passed += seen.length;
      assert.ok(received.status !== 500 || account.ends[0] === "refused", "Envoy saw what it does not take");
    }
    assert.ok(passed > 0);
  });

  test("A.14: an own answer with an impossible status becomes a denial, never a 200", async () => {
    script = { requestHead: () => deny(100, "continue") };
    const { received, seen } = await exchange({});
    assert.equal(received.body, '{"code":"policy_output_invalid"}');
    assert.equal(seen.length, 0);
  });

  test("A.19: a request with Expect: 100-continue is judged as any other", async () => {
    script = { ...GOVERNED, requestBody: () => deny(400, "no") };
    const { received, seen } = await exchange({ body: "hello", headers: { expect: "100-continue" } });
    assert.equal(received.status, 400);
    assert.equal(seen.length, 0);
  });

  test("A.22: a client that goes away while its request is held leaves one aborted record", async () => {
    const asked = Promise.withResolvers<void>();
    const decided = Promise.withResolvers<ReturnType<typeof pass>>();
    script = {
      ...GOVERNED,
      requestBody() {
        asked.resolve();
        return decided.promise;
      },
    };
    const count = witness.seen.length;
    const controller = new AbortController();
    const url = `http://127.0.0.1:${envoy.port("gateway")}/`;
    const answered = fetch(url, { method: "POST", body: "x", signal: controller.signal });
    await asked.promise;
    controller.abort();
    await assert.rejects(answered);
    decided.resolve(pass());
    assert.deepEqual((await governor.nextEnd()).ends, ["aborted"]);
    assert.equal(witness.seen.length, count);
  });

  test("A.22: a client that goes away in the middle of a stream leaves one aborted record", async () => {
    upstream = (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
    };
    const { received, account } = await exchange({ onPiece: () => true });
    assert.equal(received.body, "data: 1\n\n");
    assert.deepEqual(account.ends, ["aborted"]);
  });

  test("an upstream that cannot be reached is governed like any answer", async () => {
    upstream = (request) => void request.socket.destroy();
    const { received, account } = await exchange({});
    assert.equal(received.status, 503);
    assert.deepEqual([account.calls, account.ends], [["requestHead", "responseHead"], ["complete"]]);
  });

  test("a throw costs the request a 500 and the next one nothing", async () => {
    script = { requestHead: () => Promise.reject(new Error("boom")) };
    const first = await exchange({});
    assert.equal(first.received.status, 500);
    assert.deepEqual([first.seen.length, first.account.ends], [0, ["failed"]]);
    script = GOVERNED;
    assert.equal((await exchange({})).received.status, 200);
  });

  test("a decision that comes after Envoy's message_timeout lets nothing pass", async () => {
    const decided = Promise.withResolvers<ReturnType<typeof pass>>();
    script = { requestHead: () => decided.promise };
    const count = witness.seen.length;
    const received = await send(envoy.port("gateway"), {});
    assert.equal(received.status, 504);
    decided.resolve(pass());
    assert.deepEqual((await governor.nextEnd()).ends, ["aborted"]);
    assert.equal(witness.seen.length, count);
  });

  test("every account so far was ended once", () => {
    assert.deepEqual(
      governor.accounts.filter(({ ends }) => ends.length !== 1),
      [],
    );
  });
});
