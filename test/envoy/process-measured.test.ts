/**
 * What Envoy 1.40 does when a processor misbehaves: the facts that `src/envoy/process` is built on. They are here so
 * that another version of Envoy that behaves otherwise is noticed. Nothing of Regent runs in this file.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { Init, ProcessingRequest, ProcessingResponse } from "../../src/envoy/codec.ts";
import type { JsonObject } from "../../src/exchange/json.ts";
import { type Received, send, sendTrailers } from "./support/client.ts";
import { gateway, PROCESSING_MODE } from "./support/config.ts";
import { type RunningEnvoy, startEnvoy } from "./support/envoy.ts";
import { type ProcessHandler, type RunningProcessor, scripted, startProcessor } from "./support/processor.ts";
import { type Answer, answerOk, startWitness, type Witness } from "./support/witness.ts";

type Call = Parameters<ProcessHandler>[0];
type Kind = NonNullable<ProcessingRequest["request"]>;
type Script = Partial<Record<Kind, (call: Call, message: ProcessingRequest) => void>>;

const reply = (message: Init<ProcessingResponse>) => (call: Call) => void call.write(message);
const text = (body: string) => Buffer.from(body);
const NO_OVERRIDE: JsonObject = { allow_mode_override: false, allowed_override_modes: [] };

/** An Envoy that is configured in one way, and a processor that plays a script. */
function gatewayWith(extProc: JsonObject, body: (send: SendScripted, told: Told) => void): void {
  const { processing_mode: modes = PROCESSING_MODE, ...rest } = extProc;
  describe(JSON.stringify({ ...differences(modes as JsonObject), ...rest }), () => {
    const told: Told = {
      script: {},
      answer: answerOk,
      kinds: [],
      witness: () => witness,
      port: () => envoy.port("gateway"),
    };
    let processor: RunningProcessor;
    let witness: Witness;
    let envoy: RunningEnvoy;
    before(async () => {
      processor = await startProcessor(
        scripted((message, call) => {
          const kind = message.request;
          if (kind === undefined) return;
          told.kinds.push(kind);
          const play = told.script[kind];
          if (play === undefined) call.write({ [kind]: {} });
          else play(call, message);
        }),
      );
      witness = await startWitness((...given) => told.answer(...given));
      envoy = await startEnvoy(
        gateway({ processorPort: processor.port, upstreamPort: witness.port, extProc }),
      );
    });
    after(async () => {
      await envoy.stop();
      processor.stop();
      await witness.stop();
    });
    beforeEach(() => {
      told.answer = answerOk;
      told.kinds.length = 0;
    });
    body(async (given, request = {}) => {
      told.script = given;
      const count = witness.seen.length;
      const received = await send(envoy.port("gateway"), request);
      return { ...received, reached: witness.seen.length - count };
    }, told);
  });
}

/** What is configured otherwise than Regent wants it. */
function differences(modes: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(modes).filter(([name, value]) => PROCESSING_MODE[name] !== value));
}

type SendScripted = (
  script: Script,
  request?: Parameters<typeof send>[1],
) => Promise<Received & { readonly reached: number }>;
type Told = { script: Script; answer: Answer; readonly kinds: Kind[]; witness(): Witness; port(): number };

gatewayWith({}, (play, told) => {
  test("a clean end before the head is answered lets the request through: it is an allow", async () => {
    const { status, reached } = await play({ requestHeaders: (call) => call.end() });
    assert.deepEqual([status, reached], [200, 1]);
  });

  test("a clean end before the body is answered lets the request through as well", async () => {
    const { status, reached } = await play({ requestBody: (call) => call.end() }, { body: "hello" });
    assert.deepEqual([status, reached], [200, 1]);
  });

  test("an error status is a 500 at once, and nothing reaches the upstream", async () => {
    const { status, reached } = await play({
      requestHeaders: (call) => void call.emit("error", { code: 13, details: "x" } as unknown as Error),
    });
    assert.deepEqual([status, reached], [500, 0]);
  });

  test("destroying the call says nothing: Envoy waits for its message_timeout and answers 504", async () => {
    const { status, reached } = await play({ requestHeaders: (call) => void call.destroy() });
    assert.deepEqual([status, reached], [504, 0]);
  });

  test("no reply is a 504 after message_timeout", async () => {
    const { status, reached } = await play({ requestHeaders: () => {} });
    assert.deepEqual([status, reached], [504, 0]);
  });

  for (const [name, wrong] of [
    ["a reply to another phase", { responseHeaders: {} }],
    ["an empty reply", {}],
  ] as const)
    test(`${name} is a 500, and nothing reaches the upstream`, async () => {
      const { status, reached } = await play({ requestHeaders: reply(wrong) });
      assert.deepEqual([status, reached], [500, 0]);
    });

  test("a second reply to one message is a 500", async () => {
    const twice = (call: Call) => {
      call.write({ requestHeaders: {} });
      call.write({ requestHeaders: {} });
    };
    const { status, reached } = await play({ requestHeaders: twice }, { body: "hello" });
    assert.deepEqual([status, reached], [500, 0]);
  });

  test("an immediate response with status 100 is an empty 200", async () => {
    const { status, body, reached } = await play({
      requestHeaders: reply({ immediateResponse: { status: { code: 100 }, body: text("denied") } }),
    });
    assert.deepEqual([status, reached], [200, 0]);
    assert.equal(body, "denied".slice(0, body.length));
  });

  test("`value` in the place of `raw_value` sets an empty header", async () => {
    await play({
      requestHeaders: reply({
        requestHeaders: {
          response: { headerMutation: { setHeaders: [{ header: { key: "x-a", value: "b" } }] } },
        },
      }),
    });
    assert.equal(told.witness().seen.at(-1)?.headers["x-a"], "");
  });

  test("`append: true` leaves the client's value beside the new one, `append_action` alone changes nothing", async () => {
    const set = (more: object) =>
      reply({
        requestHeaders: {
          response: {
            headerMutation: { setHeaders: [{ header: { key: "x-a", rawValue: text("real") }, ...more }] },
          },
        },
      });
    const request = { headers: { "x-a": "spoof" } };
    await play({ requestHeaders: set({ append: { value: true } }) }, request);
    assert.match(String(told.witness().seen.at(-1)?.headers["x-a"]), /spoof, ?real/);
    for (const appendAction of [0, 1, 2, 3]) {
      await play({ requestHeaders: set({ appendAction }) }, request);
      assert.equal(told.witness().seen.at(-1)?.headers["x-a"], "real");
    }
  });

  test("a body replaced under its old length is a 500, with its new length it passes", async () => {
    const replace = (length?: string) =>
      reply({
        requestBody: {
          response: {
            bodyMutation: { body: text("new") },
            ...(length === undefined
              ? {}
              : {
                  headerMutation: {
                    setHeaders: [
                      { header: { key: "content-length", rawValue: text(length) }, append: { value: false } },
                    ],
                  },
                }),
          },
        },
      });
    const kept = await play({ requestBody: replace() }, { body: "hello" });
    assert.deepEqual([kept.status, kept.reached], [500, 0]);
    const set = await play({ requestBody: replace("3") }, { body: "hello" });
    assert.deepEqual([set.status, set.reached], [200, 1]);
    assert.equal(String(told.witness().seen.at(-1)?.body), "new");
  });

  test("`transfer-encoding` set by a mutation is carried to the upstream as it stands", async () => {
    const header = { key: "transfer-encoding", rawValue: text("gzip") };
    const headerMutation = { setHeaders: [{ header }] };
    await play({ requestHeaders: reply({ requestHeaders: { response: { headerMutation } } }) });
    assert.equal(told.witness().seen.at(-1)?.headers["transfer-encoding"], "gzip");
  });
});

/** Ways of an Envoy that ignores overrides of the mode. */
const OVERRIDE_TO_STREAM = reply({
  responseHeaders: {},
  modeOverride: {
    requestHeaderMode: 1,
    responseHeaderMode: 1,
    requestBodyMode: 2,
    requestTrailerMode: 1,
    responseBodyMode: 4,
    responseTrailerMode: 1,
  },
});
const CHANGED = reply({
  responseBody: {
    response: { bodyMutation: { streamedResponse: { body: text("changed"), endOfStream: true } } },
  },
});
const ignoring = (mode: string): JsonObject => ({
  ...NO_OVERRIDE,
  processing_mode: { ...PROCESSING_MODE, response_body_mode: mode },
});

gatewayWith(ignoring("NONE"), (play, told) => {
  test("an override that is not allowed is ignored without a word: the answer passes unseen", async () => {
    const { body } = await play({ responseHeaders: OVERRIDE_TO_STREAM });
    assert.equal(body, '{"answer":"from the upstream"}');
    assert.deepEqual(told.kinds, ["requestHeaders", "responseHeaders"]);
  });
});

for (const mode of ["BUFFERED", "STREAMED"])
  gatewayWith(ignoring(mode), (play, told) => {
    test("a streamed reply to a body that Envoy holds whole is dropped, and the original passes", async () => {
      told.answer = (_request, response) => {
        response.writeHead(200, { "content-type": "text/event-stream", "transfer-encoding": "chunked" });
        response.end("data: original\n\n");
      };
      const { body } = await play({ responseHeaders: OVERRIDE_TO_STREAM, responseBody: CHANGED });
      assert.equal(body, "data: original\n\n");
    });
  });

gatewayWith({ processing_mode: { ...PROCESSING_MODE, response_body_mode: "BUFFERED" } }, (play, told) => {
  test("an allowed override to FULL_DUPLEX_STREAMED takes replies of any size, and an end before the upstream's", async () => {
    told.answer = (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
    };
    const { body, end } = await play({ responseHeaders: OVERRIDE_TO_STREAM, responseBody: CHANGED });
    assert.deepEqual([body, end], ["changed", "clean"]);
  });
});

for (const [mode, reached] of [
  ["SKIP", 1],
  ["SEND", 0],
] as const)
  gatewayWith({ processing_mode: { ...PROCESSING_MODE, request_trailer_mode: mode } }, (_, told) => {
    test(`HTTP/2 trailers in the place of a held body with request_trailer_mode ${mode}: ${reached} reach the upstream`, async () => {
      const count = told.witness().seen.length;
      told.script = { requestTrailers: reply({ immediateResponse: { status: { code: 403 } } }) };
      assert.equal(await sendTrailers(told.port(), "/v1/x", undefined), reached === 1 ? 200 : 403);
      assert.equal(told.witness().seen.length - count, reached);
      assert.ok(!told.kinds.includes("requestBody"));
    });
  });
