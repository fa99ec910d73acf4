/** A stream of requests (FULL_DUPLEX_STREAMED) as the reducer sees it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answer, deny, EXCHANGE, PERMIT, plan } from "../../../test/envoy/support/fake-governor.ts";
import type { RequestChunkAnswer, RequestRefusal, ResponseBodyMode } from "../../pipeline/governor.ts";
import { BodySendMode } from "../codec.ts";
import type { Answered, Effect, ProcessEvent } from "./events.ts";
import { reduce } from "./machine.ts";
import type { AnnouncedModes } from "./modes.ts";
import type { Reply } from "./reply.ts";
import { REFUSAL_MS_MAX, REQUEST_MS_MAX, SILENCE_MS_MAX } from "./request-stream.ts";
import { INITIAL, openPhase, type State } from "./state.ts";

const MODES: AnnouncedModes = {
  requestBody: BodySendMode.FULL_DUPLEX_STREAMED,
  responseBody: BodySendMode.STREAMED,
  bodyUnasked: false,
};
const REFUSAL: RequestRefusal = {
  answer: answer(403, {}),
  last: Buffer.from("refused"),
  trailers: [["grpc-status", "7"]],
};

const answered = (given: Answered): ProcessEvent => ({ event: "answered", answered: given });
const opened = (modes: AnnouncedModes = MODES): ProcessEvent => ({
  event: "opened",
  exchange: EXCHANGE,
  modes,
  observed: false,
  unreadable: undefined,
});
const piece = (text: string, endOfStream = false): ProcessEvent => ({
  event: "requestBody",
  body: Buffer.from(text),
  endOfStream,
});
const judged = (
  texts: readonly string[],
  more: Partial<RequestChunkAnswer> = {},
  endOfStream = false,
): ProcessEvent =>
  answered({
    step: "requestChunk",
    endOfStream,
    answer: {
      requests: texts.map((text) => ({ permit: PERMIT, bytes: Buffer.from(text) })),
      isPartial: false,
      ...more,
    },
  });
const head = (body: ResponseBodyMode, endOfStream = false): ProcessEvent[] => [
  { event: "responseHeaders", head: { status: 200, headers: new Map() }, endOfStream, origin: undefined },
  answered({ step: "responseHead", answer: { kind: "pass", plan: plan(), body }, endOfStream }),
];
const said = (text: string, endOfStream = false): ProcessEvent[] => [
  { event: "responseBody", body: Buffer.from(text), endOfStream },
  answered({ step: "responseChunk", answer: { bytes: Buffer.from(text), end: false }, endOfStream }),
];
const trailers = (): ProcessEvent[] => [
  { event: "responseTrailers", trailers: new Map() },
  answered({ step: "responseChunk", answer: { bytes: Buffer.alloc(0), end: true }, endOfStream: true }),
];
const refusedNow = answered({ step: "refuseRequest", answer: REFUSAL });

const GATHERING: ProcessEvent[] = [
  opened(),
  { event: "requestHeaders", endOfStream: false },
  answered({ step: "requestHead", answer: { kind: "need_body", streams: true }, endOfStream: false }),
];
const FLOWING: ProcessEvent[] = [...GATHERING, piece("a"), judged(["a"], { head: plan({ a: "b" }) })];
const ANSWERING: ProcessEvent[] = [...FLOWING, ...head("stream"), ...said("A")];
const REFUSED: ProcessEvent[] = [...ANSWERING, piece("b"), judged([], { refusal: REFUSAL })];

function after(...events: ProcessEvent[]): { state: State; effects: readonly Effect[] } {
  let transition: ReturnType<typeof reduce> = { state: INITIAL, effects: [] };
  for (const event of events) transition = reduce(transition.state, event);
  return transition;
}

const words = (...events: ProcessEvent[]) => after(...events).effects.map(word);

function word(effect: Effect): string {
  switch (effect.effect) {
    case "send":
      return wordOf(effect.reply);
    case "step":
      return effect.step.step === "refuse" || effect.step.step === "refuseRequest"
        ? `${effect.step.step} ${effect.step.error.code}`
        : `call ${effect.step.step}`;
    case "wait":
      return `wait ${effect.ms}`;
    case "end":
      return `end ${effect.how}${effect.status === undefined ? "" : ` ${effect.status}`}`;
    case "finish":
      return effect.fault === undefined ? "finish" : `break ${effect.fault.code}`;
    case "begin":
      return "begin";
  }
}

function wordOf(reply: Reply): string {
  if (reply.reply === "request_chunk" || reply.reply === "chunk")
    return `${reply.reply} ${reply.bytes}${reply.endOfStream ? " end" : ""}`;
  return reply.reply === "response_trailers" ? `trailers ${reply.set}` : reply.reply;
}

describe("a stream of requests", () => {
  test("leaves one by one, the head with the first, while answers come back", () => {
    assert.deepEqual(words(...GATHERING), [`wait ${SILENCE_MS_MAX}`]);
    assert.deepEqual(words(...GATHERING, piece("a")), ["call requestChunk"]);
    assert.deepEqual(words(...FLOWING), ["request_head", "request_chunk a", `wait ${SILENCE_MS_MAX}`]);
    assert.deepEqual(words(...ANSWERING), ["chunk A", `wait ${SILENCE_MS_MAX}`]);
    const two = [...ANSWERING, piece("bc"), judged(["b", "c"])];
    assert.deepEqual(words(...two), ["request_chunk b", "request_chunk c", `wait ${SILENCE_MS_MAX}`]);
    const done = [...two, piece("", true), judged([], {}, true)];
    assert.deepEqual(words(...done), ["request_chunk  end", "wait undefined"]);
    assert.deepEqual(words(...done, ...said("BC")), ["chunk BC"]);
    assert.deepEqual(words(...done, ...trailers()), ["response_rest", "end complete"]);
    assert.equal(openPhase(after(...done, ...trailers()).state), undefined);
  });

  test("tells Envoy nothing before the first request was judged", () => {
    for (const event of [judged([], { isPartial: true }), judged([])])
      assert.ok(!words(...GATHERING, piece("a"), event).some((said) => /request_|hold/.test(said)));
    assert.equal(openPhase(after(...GATHERING).state), "request gathering");
    assert.equal(openPhase(after(...FLOWING).state), "request flowing");
  });

  test("is refused with its first request by an answer of Regent's own", () => {
    const denied = [...GATHERING, piece("a"), judged([], { refusal: REFUSAL })];
    assert.deepEqual(words(...denied), ["own", "end refused"]);
    const forged = [...GATHERING, piece("a"), judged(["a"], { head: plan({ "transfer-encoding": "x" }) })];
    assert.deepEqual(words(...forged), ["refuse obligation_unsupported"]);
  });

  test("does not pass without a plan for its head", () => {
    assert.deepEqual(words(...GATHERING, piece("a"), judged(["a"])), ["break 13", "end failed"]);
    assert.deepEqual(words(...GATHERING, piece("", true), judged([], {}, true)), ["break 13", "end failed"]);
  });

  test("may end after its answer, which is complete then, and what still comes goes nowhere", () => {
    const done = [...ANSWERING, ...trailers()];
    assert.deepEqual(words(...done), ["response_rest", "end complete"]);
    assert.deepEqual(words(...done, piece("b")), []);
    assert.deepEqual(words(...done, { event: "closed" }), ["finish"]);
    const bare = [...FLOWING, ...head("stream", true)];
    assert.deepEqual(words(...bare), ["response_head", "end complete"]);
  });

  test("that Envoy ends with an answer of its own before the first request is not answered twice", () => {
    const own: ProcessEvent = {
      event: "responseHeaders",
      head: { status: 408, headers: new Map() },
      endOfStream: true,
      origin: "envoy",
    };
    assert.deepEqual(words(...GATHERING, own), ["local_head", "end local_reply 408"]);
    assert.deepEqual(words(...GATHERING, own, piece("a")), []);
  });

  test("is aborted when it closes on the way", () => {
    for (const events of [GATHERING, FLOWING, ANSWERING, REFUSED])
      assert.deepEqual(words(...events, { event: "closed" }), ["finish", "end aborted"]);
  });

  test("whose end is said twice ends once", () => {
    const ended = [...ANSWERING, piece("b", true), judged(["b"], {}, true)];
    assert.deepEqual(words(...ended), ["request_chunk b", "request_chunk  end", "wait undefined"]);
    assert.deepEqual(words(...ended, piece("b", true)), []);
  });

  test("in trailers is refused", () => {
    const end: ProcessEvent = { event: "requestTrailers" };
    assert.deepEqual(words(...GATHERING, end), ["refuse body_invalid"]);
    assert.deepEqual(words(...FLOWING, end), ["refuseRequest body_invalid"]);
  });

  test("is none where bodies are whole, and a whole body is none where requests are streamed", () => {
    const whole = { ...MODES, requestBody: BodySendMode.BUFFERED };
    const needed = (streams: boolean) =>
      answered({ step: "requestHead", answer: { kind: "need_body", streams }, endOfStream: false });
    const begun: ProcessEvent = { event: "requestHeaders", endOfStream: false };
    assert.deepEqual(words(opened(whole), begun, needed(true)), ["hold"]);
    assert.deepEqual(words(opened(), begun, needed(false)), ["refuse config_mismatch"]);
    const unread = answered({
      step: "requestHead",
      answer: { kind: "pass", permit: PERMIT, plan: plan() },
      endOfStream: false,
    });
    assert.deepEqual(words(opened(), begun, unread), ["refuse config_mismatch"]);
  });
});

test("a request that passes unread while it is answered keeps doing so", () => {
  const whole = { ...MODES, requestBody: BodySendMode.BUFFERED };
  const passes = (passesOn: boolean) =>
    answered({
      step: "requestHead",
      answer: { kind: "pass", permit: PERMIT, plan: plan(), passesOn },
      endOfStream: false,
    });
  const begun: ProcessEvent = { event: "requestHeaders", endOfStream: false };
  for (const [passesOn, requests] of [
    [true, "unread"],
    [false, "whole"],
  ] as const) {
    const [effect]: readonly Effect[] = after(
      opened(whole),
      begun,
      passes(passesOn),
      ...head("none"),
    ).effects;
    assert.ok(effect?.effect === "send" && effect.reply.reply === "response_head");
    assert.equal(effect.reply.requests, requests);
  }
});

describe("a refusal behind requests that have left", () => {
  test("ends the stream to the model, and takes the place of the status behind the answers", () => {
    assert.deepEqual(words(...REFUSED), ["request_chunk  end", `wait ${REFUSAL_MS_MAX}`]);
    assert.equal(openPhase(after(...REFUSED).state), "request refused");
    assert.deepEqual(words(...REFUSED, ...said("more")), ["chunk more"]);
    assert.deepEqual(words(...REFUSED, ...trailers()), ["trailers grpc-status,7", "end complete"]);
  });

  test("comes behind those that passed in the same piece", () => {
    const both = [...ANSWERING, piece("bc"), judged(["b"], { refusal: REFUSAL })];
    assert.deepEqual(words(...both), ["request_chunk b", "request_chunk  end", `wait ${REFUSAL_MS_MAX}`]);
    const first = [...GATHERING, piece("ab"), judged(["a"], { head: plan(), refusal: REFUSAL })];
    assert.deepEqual(words(...first), [
      "request_head",
      "request_chunk a",
      "request_chunk  end",
      `wait ${REFUSAL_MS_MAX}`,
    ]);
    assert.deepEqual(words(...first, ...head("stream"), ...trailers()), [
      "trailers grpc-status,7",
      "end complete",
    ]);
  });

  test("lets nothing more of the client's pass", () => {
    assert.deepEqual(words(...REFUSED, piece("c")), []);
    assert.deepEqual(words(...REFUSED, piece("c", true)), []);
    assert.deepEqual(words(...REFUSED, { event: "requestTrailers" }), []);
  });

  test("lets nothing pass that was still being judged when it came", () => {
    const late = [...ANSWERING, piece("b"), { event: "overdue" } as const, refusedNow];
    assert.deepEqual(words(...late), ["request_chunk  end", `wait ${REFUSAL_MS_MAX}`]);
    assert.deepEqual(words(...late, judged(["b"])), []);
    assert.deepEqual(words(...late, judged(["b"], {}, true)), []);
    assert.deepEqual(words(...late, judged([], { refusal: REFUSAL })), []);
  });

  test("is the last event where no trailers follow, or the model does not end in time", () => {
    assert.deepEqual(words(...REFUSED, ...said("B", true)), ["chunk Brefused end", "end complete"]);
    assert.deepEqual(words(...REFUSED, { event: "overdue" }), ["chunk refused end", "end complete"]);
  });

  test("takes the place of an answer of which nothing has left", () => {
    const early = [...FLOWING, piece("b"), judged([], { refusal: REFUSAL })];
    assert.deepEqual(words(...early, { event: "overdue" }), ["own", "end refused 403"]);
    assert.deepEqual(words(...early, ...head("none")), ["own", "end refused 403"]);
    assert.deepEqual(words(...early, ...head("buffered")), ["own", "end refused 403"]);
    assert.deepEqual(words(...early, ...head("stream", true)), ["own", "end refused 403"]);
    const whole = [...FLOWING, ...head("buffered"), piece("b"), judged([], { refusal: REFUSAL })];
    assert.deepEqual(words(...whole), ["own", "end refused 403"]);
  });

  test("breaks off an answer to which nothing can be added", () => {
    const unread = [...FLOWING, ...head("none"), piece("b"), judged([], { refusal: REFUSAL })];
    assert.deepEqual(words(...unread), ["break 1", "end complete"]);
    const passing = [...FLOWING, ...head("chunks"), piece("b"), judged([], { refusal: REFUSAL })];
    assert.deepEqual(words(...passing), ["request_chunk  end", `wait ${REFUSAL_MS_MAX}`]);
    assert.deepEqual(words(...passing, { event: "overdue" }), ["break 1", "end complete"]);
    assert.deepEqual(words(...passing, ...trailers()), ["trailers grpc-status,7", "end complete"]);
  });

  test("gives way to a denial of the answer itself", () => {
    const early = [...FLOWING, piece("b"), judged([], { refusal: REFUSAL })];
    const denied = answered({ step: "responseHead", answer: deny(502, "x"), endOfStream: false });
    assert.deepEqual(words(...early, head("stream")[0] as ProcessEvent, denied), ["own", "end refused"]);
  });
});

describe("the time of a stream of requests", () => {
  test("is over for a request that does not become whole, however it trickles in", () => {
    const begun = [...FLOWING, piece("b"), judged([], { isPartial: true })];
    assert.deepEqual(words(...begun), [`wait ${REQUEST_MS_MAX}`]);
    assert.deepEqual(words(...begun, piece("b"), judged([], { isPartial: true })), []);
    assert.deepEqual(words(...begun, { event: "overdue" }), ["refuseRequest request_timeout"]);
    assert.deepEqual(words(...begun, { event: "overdue" }, refusedNow), [
      "request_chunk  end",
      `wait ${REFUSAL_MS_MAX}`,
    ]);
    const first = [...GATHERING, piece("a"), judged([], { isPartial: true })];
    assert.deepEqual(words(...first), [`wait ${REQUEST_MS_MAX}`]);
    assert.deepEqual(words(...first, piece("a"), judged([], { isPartial: true })), []);
    assert.deepEqual(words(...first, { event: "overdue" }), ["refuse request_timeout"]);
  });

  test("begins anew with the next request, and with what the model says while none is begun", () => {
    const next = [...FLOWING, piece("b"), judged([], { isPartial: true }), piece("bc")];
    assert.deepEqual(words(...next, judged(["b"], { isPartial: true })), [
      "request_chunk b",
      `wait ${REQUEST_MS_MAX}`,
    ]);
    assert.deepEqual(words(...next, judged(["b"])), ["request_chunk b", `wait ${SILENCE_MS_MAX}`]);
    const partial = [...ANSWERING, piece("b"), judged([], { isPartial: true })];
    assert.deepEqual(words(...partial, ...said("B")), ["chunk B"]);
  });

  test("is over when nobody says anything for too long", () => {
    assert.deepEqual(words(...GATHERING, { event: "overdue" }), ["refuse request_timeout"]);
    assert.deepEqual(words(...ANSWERING, { event: "overdue" }), ["refuseRequest request_timeout"]);
  });

  test("is of no meaning once the exchange has ended, or the client has sent all", () => {
    const ended = [...ANSWERING, piece("b", true), judged(["b"], {}, true)];
    assert.deepEqual(words(...ended, { event: "overdue" }), []);
    assert.deepEqual(words(...ANSWERING, ...trailers(), { event: "overdue" }), []);
  });
});
