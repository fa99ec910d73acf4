/**
 * How answers come and go in Envoy's body modes, measured with Envoy 1.40.
 *
 * FULL_DUPLEX_STREAMED (the usual one for streams) ends an answer early and cleanly, with an error event. STREAMED, where
 * an operator has asked for it, has the lesser promise: what left cannot be taken back, and an early end breaks the
 * client's transfer behind the error event.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, type TestContext, test } from "node:test";
import { createProcessHandler } from "../../../src/envoy/process/process.ts";
import type { JsonObject } from "../../../src/exchange/json.ts";
import type { ChunkAnswer } from "../../../src/pipeline/governor.ts";
import { send } from "../support/client.ts";
import { http2Cluster, PROCESSING_MODE, typed } from "../support/config.ts";
import { fakeGovernor, pass, plan, type Script } from "../support/fake-governor.ts";
import { startGoverned } from "../support/gateway.ts";
import { startProcessor } from "../support/processor.ts";
import type { Answer } from "../support/witness.ts";

const event = (index: number) => `data: ${index}\n\n`;
const ERROR_EVENT = 'data: {"error":{"code":"stopped"}}\n\n';
const EVENTS = Array.from({ length: 5 }, (_, index) => event(index));

/** Sends each event when the one before has reached the client, so that each comes alone; ends after the last. */
function paced(): { readonly answer: Answer; next(): void; readonly open: Promise<ServerResponse> } {
  let at = 0;
  let response: ServerResponse | undefined;
  const { promise, resolve } = Promise.withResolvers<ServerResponse>();
  const next = () => {
    const one = EVENTS[at++];
    if (one === undefined) response?.end();
    else response?.write(one);
  };
  return {
    answer: (_request, given) => {
      response = given;
      given.writeHead(200, { "content-type": "text/event-stream" });
      resolve(given);
      next();
    },
    next,
    open: promise,
  };
}

const reads = (body: "stream" | "chunks" | "buffered", more: Script = {}): Script => ({
  requestHead: () => pass(),
  responseHead: () => ({ kind: "pass", plan: plan(), body }),
  ...more,
});

/** No override is allowed: what is configured is what there is. */
const STREAMED: JsonObject = {
  allow_mode_override: false,
  allowed_override_modes: [],
  processing_mode: { ...PROCESSING_MODE, response_trailer_mode: "SEND" },
};

describe("STREAMED, where an operator has asked for it", () => {
  test("passes every piece on when it comes, changed where it is to be", async (t) => {
    const upstream = paced();
    const script = reads("chunks", {
      responseChunk: (chunk) => ({ bytes: Buffer.from(chunk.toString().replace("3", "three")), end: false }),
    });
    const { port, governor } = await startGoverned(t, script, { extProc: STREAMED, answer: upstream.answer });
    const received = await send(port, {
      onPiece: () => {
        upstream.next();
        return false;
      },
    });
    assert.deepEqual([received.body, received.end], [EVENTS.join("").replace("3", "three"), "clean"]);
    assert.deepEqual((await governor.nextEnd()).ends, ["complete"]);
  });

  test("holds pieces back and gives them later, whatever their lengths were", async (t) => {
    const held: Buffer[] = [];
    const script = reads("chunks", {
      responseChunk: async (chunk, endOfStream) => {
        held.push(chunk);
        return endOfStream
          ? { bytes: Buffer.concat(held.splice(0)), end: true }
          : { bytes: Buffer.alloc(0), end: false };
      },
    });
    const answer: Answer = (_request, response) => {
      response.writeHead(200, {
        "content-type": "text/event-stream",
        "content-length": EVENTS.join("").length,
      });
      for (const one of EVENTS) response.write(one);
      response.end();
    };
    const { port, governor } = await startGoverned(t, script, { extProc: STREAMED, answer });
    const received = await send(port, {});
    assert.deepEqual([received.body, received.end], [EVENTS.join(""), "clean"]);
    assert.equal(received.headers["content-length"], undefined);
    assert.deepEqual((await governor.nextEnd()).ends, ["complete"]);
  });

  test("breaks the client's transfer behind the error event of an early end, and closes the upstream", async (t) => {
    const upstream = paced();
    let pieces = 0;
    const script = reads("chunks", {
      responseChunk: (chunk): ChunkAnswer =>
        ++pieces < 3 ? { bytes: chunk, end: false } : { bytes: Buffer.from(ERROR_EVENT), end: true },
    });
    const { port, governor, broken } = await startGoverned(t, script, {
      extProc: STREAMED,
      answer: upstream.answer,
      manager: { delayed_close_timeout: "0.1s" },
    });
    const closed = upstream.open.then((response) => once(response, "close"));
    const received = await send(port, {
      onPiece: () => {
        upstream.next();
        return false;
      },
    });
    assert.equal(received.end, "broken");
    assert.ok(`${event(0)}${event(1)}${ERROR_EVENT}`.startsWith(received.body), received.body);
    assert.ok(!received.body.includes(event(2)));
    await closed;
    assert.deepEqual((await governor.nextEnd()).ends, ["complete"]);
    assert.deepEqual(broken, ["the answer ends early"]);
  });

  for (const [name, configured] of [
    ["BUFFERED", { ...STREAMED, processing_mode: { ...PROCESSING_MODE, response_body_mode: "BUFFERED" } }],
    ["NONE", { ...STREAMED, processing_mode: { ...PROCESSING_MODE, response_body_mode: "NONE" } }],
  ] as const)
    test(`is refused with config_mismatch where Envoy has ${name}`, async (t) => {
      const { port, governor } = await startGoverned(t, reads("chunks"), {
        extProc: configured,
        answer: paced().answer,
      });
      const received = await send(port, {});
      assert.equal(received.status, 500);
      assert.match(received.body, /config_mismatch/);
      assert.deepEqual((await governor.nextEnd()).ends, ["refused"]);
    });
});

/** A second ext_proc filter with a governor of its own, in front of the first on the way in, behind it on the way out. */
async function chained(t: TestContext, outer: Script) {
  const governor = fakeGovernor(outer);
  const processor = await startProcessor(
    createProcessHandler(governor, { nowMs: Date.now, onBroken: () => {} }),
  );
  t.after(() => processor.stop());
  const mode = (response_body_mode: string, response_trailer_mode = "SKIP") => ({
    ...PROCESSING_MODE,
    response_body_mode,
    response_trailer_mode,
  });
  const filter = {
    name: "second",
    typed_config: typed("envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor", {
      grpc_service: { envoy_grpc: { cluster_name: "second" } },
      message_timeout: "5s",
      allow_mode_override: true,
      allowed_override_modes: [mode("NONE"), mode("BUFFERED"), mode("FULL_DUPLEX_STREAMED", "SEND")],
      processing_mode: mode("STREAMED"),
    }),
  };
  return { governor, options: { before: [filter], clusters: [http2Cluster("second", processor.port)] } };
}

describe("two ext_proc filters, one behind the other", () => {
  const REQUEST = "q".repeat(100_000);
  const long = Array.from({ length: 400 }, (_, index) => `data: ${index} ${"x".repeat(500)}\n\n`);
  const streamed: Answer = (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const one of long) response.write(one);
    response.end();
  };
  const whole: Answer = (_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ text: "y".repeat(100_000) }));
  };
  /** Reads the request whole, as Regent does, and changes it, so that its length differs at every filter. */
  const governed = (body: "stream" | "buffered" | "none", mark: string): Script => ({
    requestHead: (_, endOfStream) => (endOfStream ? pass() : { kind: "need_body" }),
    requestBody: (bytes) => pass(plan({}, { body: Buffer.concat([bytes, Buffer.from(mark)]) })),
    responseHead: () => ({ kind: "pass", plan: plan(), body }),
    responseBody: (bytes) => ({
      kind: "pass",
      plan: plan({}, { body: Buffer.concat([bytes, Buffer.from(mark)]) }),
    }),
    responseChunk: (chunk, endOfStream) => ({
      bytes: endOfStream ? Buffer.concat([chunk, Buffer.from(`data: ${mark}\n\n`)]) : chunk,
      end: false,
    }),
  });

  for (const [outer, inner] of [
    ["stream", "stream"],
    ["buffered", "stream"],
    ["none", "stream"],
    ["stream", "none"],
  ] as const)
    test(`${outer} behind ${inner}: a stream and its request come whole, with what each adds`, async (t) => {
      const second = await chained(t, governed(outer, "outer"));
      const { port, witness, governor } = await startGoverned(t, governed(inner, "inner"), {
        ...second.options,
        answer: streamed,
        gatewayListener: { per_connection_buffer_limit_bytes: 4 * 1024 * 1024 },
      });
      for (let round = 0; round < 5; round++) {
        const received = await send(port, { body: REQUEST });
        assert.equal(received.end, "clean");
        const added = [
          inner === "stream" ? "data: inner\n\n" : "",
          outer === "stream" ? "data: outer\n\n" : "",
        ].join("");
        const expected = long.join("") + added + (outer === "buffered" ? "outer" : "");
        assert.ok(received.body === expected, `${received.body.length} of ${expected.length} bytes`);
        assert.equal(witness.seen[round]?.body?.toString(), `${REQUEST}outerinner`);
        for (const one of [governor, second.governor])
          assert.deepEqual((await one.nextEnd()).ends, ["complete"]);
      }
    });

  test("a whole answer is changed by both, one after the other", async (t) => {
    const second = await chained(t, governed("buffered", "outer"));
    const { port } = await startGoverned(t, governed("buffered", "inner"), {
      ...second.options,
      answer: whole,
    });
    const received = await send(port, { body: REQUEST });
    assert.equal(received.body, `${JSON.stringify({ text: "y".repeat(100_000) })}innerouter`);
  });

  test("an early end of the inner one is a clean end to the outer one and to the client", async (t) => {
    const second = await chained(t, governed("stream", "outer"));
    const script: Script = {
      ...governed("stream", "inner"),
      responseChunk: () => ({ bytes: Buffer.from(ERROR_EVENT), end: true }),
    };
    const upstream = paced();
    const { port, governor } = await startGoverned(t, script, { ...second.options, answer: upstream.answer });
    const received = await send(port, {});
    assert.deepEqual([received.body, received.end], [`${ERROR_EVENT}data: outer\n\n`, "clean"]);
    for (const one of [governor, second.governor]) assert.deepEqual((await one.nextEnd()).ends, ["complete"]);
  });

  test("an early end of the outer one is clean for the client, and ends the inner one and the upstream", async (t) => {
    const second = await chained(t, {
      ...governed("stream", "outer"),
      responseChunk: () => ({ bytes: Buffer.from(ERROR_EVENT), end: true }),
    });
    const upstream = paced();
    const closed = upstream.open.then((response) => once(response, "close"));
    const { port, governor } = await startGoverned(t, governed("stream", "inner"), {
      ...second.options,
      answer: upstream.answer,
    });
    const received = await send(port, {});
    assert.deepEqual([received.body, received.end], [ERROR_EVENT, "clean"]);
    await closed;
    assert.deepEqual((await second.governor.nextEnd()).ends, ["complete"]);
    assert.equal((await governor.nextEnd()).ends.length, 1);
  });
});
