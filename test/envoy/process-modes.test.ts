/**
 * Regent behind Envoys that are configured otherwise than it needs, and Regents that are not there: whatever is wrong,
 * nothing ungoverned passes.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createProcessHandler } from "../../src/envoy/process/process.ts";
import type { JsonObject } from "../../src/exchange/json.ts";
import { send } from "./support/client.ts";
import { PROCESSING_MODE, typed } from "./support/config.ts";
import { deny, fakeGovernor, pass, plan, type Script } from "./support/fake-governor.ts";
import { startGateway, startGoverned } from "./support/gateway.ts";
import type { Answer } from "./support/witness.ts";

const SECRET = "data: from the upstream\n\n";

/** A short event stream, all at once: it may come in one message, as a buffered body does. */
const short: Answer = (_request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.end(SECRET);
};
/** One that lasts. */
const long: Answer = (_request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(SECRET);
  setTimeout(() => response.end(SECRET), 50);
};

/** Reads every answer in one way and changes each byte of it, so that what passes unread can be told. */
function reads(body: "buffered" | "stream"): Script {
  const changed = Buffer.from("governed");
  return {
    requestHead: (_, endOfStream) => (endOfStream ? pass() : { kind: "need_body" }),
    responseHead: () => ({ kind: "pass", plan: plan(), body }),
    responseBody: () => ({ kind: "pass", plan: plan({}, { body: changed }) }),
    responseChunk: () => ({ bytes: changed, end: false }),
  };
}

const mode = (changes: JsonObject): JsonObject => ({ processing_mode: { ...PROCESSING_MODE, ...changes } });

const UNGOVERNABLE: readonly (readonly [string, JsonObject])[] = [
  ["A.9: request_body_mode STREAMED", mode({ request_body_mode: "STREAMED" })],
  ["A.11: request_body_mode BUFFERED_PARTIAL", mode({ request_body_mode: "BUFFERED_PARTIAL" })],
  [
    "A.9: request_body_mode FULL_DUPLEX_STREAMED",
    mode({ request_body_mode: "FULL_DUPLEX_STREAMED", request_trailer_mode: "SEND" }),
  ],
  ["A.10: request_body_mode NONE", mode({ request_body_mode: "NONE" })],
  [
    "A.9: response_body_mode FULL_DUPLEX_STREAMED",
    mode({ response_body_mode: "FULL_DUPLEX_STREAMED", response_trailer_mode: "SEND" }),
  ],
  ["A.11: response_body_mode BUFFERED_PARTIAL", mode({ response_body_mode: "BUFFERED_PARTIAL" })],
];

for (const [name, extProc] of UNGOVERNABLE)
  test(`${name} is refused with config_mismatch before anything reaches the upstream`, async (t) => {
    const { port, witness, governor } = await startGoverned(t, reads("stream"), { extProc });
    const received = await send(port, { body: "hello" });
    assert.equal(received.status, 500);
    assert.match(received.body, /config_mismatch/);
    const account = await governor.nextEnd();
    assert.deepEqual(account.ends, ["refused"]);
    assert.equal(witness.seen.length, 0);
  });

for (const configured of ["NONE", "BUFFERED", "STREAMED"])
  for (const asked of ["buffered", "stream"] as const)
    for (const [name, answer] of [
      ["short", short],
      ["long", long],
    ] as const)
      test(`A.21: ${configured} with overrides not allowed: no byte of a ${name} answer to be read as ${asked} passes unread`, async (t) => {
        const extProc = {
          ...mode({ response_body_mode: configured }),
          allow_mode_override: false,
          allowed_override_modes: [],
        };
        const { port, governor } = await startGoverned(t, reads(asked), { extProc, answer });
        const received = await send(port, {});
        assert.ok(!received.body.includes(SECRET.trim()), received.body);
        // Only a whole body that was asked for whole is read all the same.
        if (received.status === 200 && received.end === "clean") assert.equal(received.body, "governed");
        const account = await governor.nextEnd();
        assert.equal(account.ends.length, 1);
      });

test("an answer that is not read passes whole although overrides are not allowed", async (t) => {
  const extProc = { allow_mode_override: false, allowed_override_modes: [] };
  const { port, governor } = await startGoverned(t, {}, { extProc, answer: long });
  const received = await send(port, {});
  assert.deepEqual([received.body, received.end], [SECRET + SECRET, "clean"]);
  assert.deepEqual((await governor.nextEnd()).ends, ["complete"]);
});

test("A.8: observability mode gets no reply and leaves a record that says so", async (t) => {
  const extProc = {
    observability_mode: true,
    allow_mode_override: false,
    allowed_override_modes: [],
    processing_mode: { request_body_mode: "STREAMED", response_body_mode: "STREAMED" },
    deferred_close_timeout: "0.2s",
  };
  const { port, envoy, governor } = await startGoverned(
    t,
    { requestHead: () => deny(403, "x") },
    { extProc },
  );
  const received = await send(port, { body: "hello" });
  assert.equal(received.status, 200);
  const account = await governor.nextEnd();
  assert.deepEqual([account.calls, account.ends], [[], ["observed"]]);
  assert.equal(await envoy.stat("http.upstream.ext_proc.stream_msgs_received"), 0);
});

test("A.1: a body over the buffer of ext_proc itself gets Envoy's 413 and one local_reply record", async (t) => {
  const { port, witness, governor } = await startGoverned(t, reads("buffered"));
  const received = await send(port, { body: "x".repeat(512 * 1024) });
  assert.equal(received.status, 413);
  assert.deepEqual((await governor.nextEnd()).ends, ["local_reply"]);
  assert.equal(witness.seen.length, 0);
});

test("A.19: an upgrade that is refused at the head reaches nobody", async (t) => {
  const script: Script = {
    requestHead: ({ request }) => (request.headers.has("upgrade") ? deny(400, "upgrade_refused") : pass()),
  };
  const manager = { upgrade_configs: [{ upgrade_type: "websocket" }] };
  const { port, witness, governor } = await startGoverned(t, script, { manager });
  const received = await send(port, { headers: { connection: "upgrade", upgrade: "websocket" } });
  assert.equal(received.status, 400);
  assert.deepEqual((await governor.nextEnd()).ends, ["refused"]);
  assert.equal(witness.seen.length, 0);
});

test("A.27: a message over the gRPC limit is refused and the process goes on", async (t) => {
  const limits = { per_connection_buffer_limit_bytes: 16 * 1024 * 1024 };
  const { port, witness, governor } = await startGoverned(t, reads("buffered"), {
    gatewayListener: limits,
    processorCluster: limits,
  });
  // grpc-js takes 4 MiB unless told otherwise.
  const received = await send(port, { body: "x".repeat(5 * 1024 * 1024) });
  assert.equal(received.status, 500);
  assert.equal(witness.seen.length, 0);
  assert.deepEqual((await governor.nextEnd()).ends, ["aborted"]);
  assert.equal((await send(port, { body: "hello" })).status, 200);
});

/** Stops a processor in the middle of a request. */
async function crashed(
  t: TestContext,
  during: "requestHead" | "requestBody" | "responseBody",
): Promise<void> {
  const gateway: { stop?: () => void } = {};
  const undecided = Promise.withResolvers<never>();
  const crash = () => {
    gateway.stop?.();
    return undecided.promise;
  };
  const script: Script = { ...reads("buffered"), [during]: crash };
  const governor = fakeGovernor(script);
  const handler = createProcessHandler(governor, { nowMs: Date.now, onBroken: () => {} });
  const { port, witness, processor } = await startGateway(t, handler);
  gateway.stop = processor.stop;
  const received = await send(port, { body: "hello" });
  assert.equal(received.status, 500);
  assert.equal(witness.seen.length, during === "responseBody" ? 1 : 0);
  assert.ok(!received.body.includes("upstream"));
  undecided.reject(new Error("nobody waits"));
  assert.deepEqual((await governor.nextEnd()).ends, ["aborted"]);
}

for (const during of ["requestHead", "requestBody", "responseBody"] as const)
  test(`a processor that dies in ${during} lets nothing pass`, (t) => crashed(t, during));

test("a processor that is not there lets nothing pass", async (t) => {
  const { port, witness, processor } = await startGoverned(t, {});
  processor.stop();
  const received = await send(port, {});
  assert.equal(received.status, 500);
  assert.equal(witness.seen.length, 0);
});

test("a route may say otherwise than the filter, and it is the route that counts", async (t) => {
  const perRoute = typed("envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute", {
    overrides: { processing_mode: { ...PROCESSING_MODE, request_body_mode: "NONE" } },
  });
  const route = {
    match: { prefix: "/" },
    route: { cluster: "upstream" },
    typed_per_filter_config: { "envoy.filters.http.ext_proc": perRoute },
  };
  const manager = { route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes: [route] }] } };
  const { port, witness } = await startGoverned(t, reads("buffered"), { manager });
  const received = await send(port, { body: "hello" });
  assert.match(received.body, /config_mismatch/);
  assert.equal(witness.seen.length, 0);
});
