import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, deny, EXCHANGE, PERMIT, pass, plan } from "../../../test/envoy/support/fake-governor.ts";
import { RegentError } from "../../exchange/errors.ts";
import { headersFrom } from "../../exchange/headers.ts";
import type { ResponseBodyMode } from "../../pipeline/governor.ts";
import { BodySendMode } from "../codec.ts";
import type { Answered, Effect, ProcessEvent } from "./events.ts";
import { reduce } from "./machine.ts";
import type { AnnouncedModes } from "./modes.ts";
import { INITIAL, openPhase, type State } from "./state.ts";

const MODES: AnnouncedModes = {
  requestBody: BodySendMode.BUFFERED,
  responseBody: BodySendMode.STREAMED,
  bodyUnasked: false,
};

const HELD: ProcessEvent[] = [
  opened(),
  { event: "requestHeaders", endOfStream: false },
  answered({ step: "requestHead", answer: { kind: "need_body" }, endOfStream: false }),
];
const PERMITTED: ProcessEvent[] = [
  ...HELD,
  requestBody("hello"),
  answered({ step: "requestBody", answer: pass() }),
];
const WHOLE: ProcessEvent[] = [...PERMITTED, responseHeaders(200), responseHeadAnswer("buffered")];
const STREAMING: ProcessEvent[] = [...PERMITTED, responseHeaders(200), responseHeadAnswer("stream")];
const PASSING: ProcessEvent[] = [...PERMITTED, responseHeaders(200), responseHeadAnswer("chunks")];
const UNREAD: ProcessEvent[] = [...PERMITTED, responseHeaders(200), responseHeadAnswer("none")];

function opened(modes: AnnouncedModes | undefined = MODES, observed = false): ProcessEvent {
  return { event: "opened", exchange: EXCHANGE, modes, observed, unreadable: undefined };
}
function answered(given: Answered): ProcessEvent {
  return { event: "answered", answered: given };
}
function requestBody(text: string, endOfStream = true): ProcessEvent {
  return { event: "requestBody", body: Buffer.from(text), endOfStream };
}
function responseHeaders(status: number, endOfStream = false): ProcessEvent {
  return { event: "responseHeaders", head: { status, headers: new Map() }, endOfStream, origin: undefined };
}
function responseHeadAnswer(body: ResponseBodyMode): ProcessEvent {
  return answered({ step: "responseHead", answer: { kind: "pass", plan: plan(), body }, endOfStream: false });
}
function responseBody(text: string, endOfStream: boolean): ProcessEvent {
  return { event: "responseBody", body: Buffer.from(text), endOfStream };
}
function chunkAnswer(text: string, end: boolean, endOfStream = false): ProcessEvent {
  return answered({ step: "responseChunk", answer: { bytes: Buffer.from(text), end }, endOfStream });
}

/** The state after some events, and the effects of the last one. */
function after(...events: ProcessEvent[]): { state: State; effects: readonly Effect[] } {
  let transition: ReturnType<typeof reduce> = { state: INITIAL, effects: [] };
  for (const event of events) transition = reduce(transition.state, event);
  return transition;
}

/** One word an effect: what was sent, called, and how it ended. */
function words(effects: readonly Effect[]): string[] {
  return effects.map(word);
}

function word(effect: Effect): string {
  switch (effect.effect) {
    case "begin":
      return "begin";
    case "send":
      return `send ${effect.reply.reply}`;
    case "step":
      return effect.step.step === "refuse" ? `refuse ${effect.step.error.code}` : `call ${effect.step.step}`;
    case "wait":
      return `wait ${effect.ms}`;
    case "end":
      return `end ${effect.how}`;
    case "finish":
      return effect.fault === undefined ? "finish" : `break ${effect.fault.code}`;
  }
}

test("goes through both directions of an exchange, one reply for each message", () => {
  assert.deepEqual(words(after(opened()).effects), ["begin"]);
  assert.deepEqual(words(after(...HELD.slice(0, 2)).effects), ["call requestHead"]);
  assert.deepEqual(words(after(...HELD).effects), ["send hold"]);
  assert.deepEqual(words(after(...HELD, requestBody("hello")).effects), ["call requestBody"]);
  assert.deepEqual(words(after(...PERMITTED).effects), ["send request_body"]);
  assert.deepEqual(words(after(...PERMITTED, responseHeaders(200)).effects), ["call responseHead"]);
  assert.deepEqual(words(after(...WHOLE).effects), ["send response_head"]);
  assert.deepEqual(words(after(...WHOLE, responseBody("{}", true)).effects), ["call responseBody"]);
  const done = after(
    ...WHOLE,
    responseBody("{}", true),
    answered({ step: "responseBody", answer: { kind: "pass", plan: plan() } }),
  );
  assert.deepEqual(words(done.effects), ["send response_body", "end complete"]);
  assert.equal(openPhase(done.state), undefined);
});

test("refuses at the head, at the body and at the answer, and then says nothing more", () => {
  const atHead = [
    ...HELD.slice(0, 2),
    answered({ step: "requestHead", answer: deny(403, "x"), endOfStream: false }),
  ];
  const atBody = [...HELD, requestBody("x"), answered({ step: "requestBody", answer: deny(400, "x") })];
  const atAnswer = [
    ...PERMITTED,
    responseHeaders(200),
    answered({ step: "responseHead", answer: deny(502, "x"), endOfStream: false }),
  ];
  const atAnswerBody = [
    ...WHOLE,
    responseBody("x", true),
    answered({ step: "responseBody", answer: deny(502, "x") }),
  ];
  for (const events of [atHead, atBody, atAnswer, atAnswerBody]) {
    const { state, effects } = after(...events);
    assert.deepEqual(words(effects), ["send own", "end refused"]);
    for (const late of [requestBody("late"), responseHeaders(200), responseBody("late", true)])
      assert.deepEqual(reduce(state, late).effects, []);
    assert.deepEqual(words(reduce(state, { event: "closed" }).effects), ["finish"]);
  }
});

test("A.1: passes Envoy's own answer untouched when it is the first message, with one local_reply record", () => {
  const { state, effects } = after(opened(), responseHeaders(413));
  assert.deepEqual(words(effects), ["send local_head", "end local_reply"]);
  assert.deepEqual(words(reduce(state, responseBody("too large", true)).effects), ["send response_rest"]);
  assert.deepEqual(words(reduce(state, { event: "closed" }).effects), ["finish"]);
});

test("A.1: passes Envoy's own answer untouched when the request was still held", () => {
  const { state, effects } = after(...HELD, responseHeaders(413));
  assert.deepEqual(words(effects), ["send local_head", "end local_reply"]);
  assert.equal(openPhase(state), undefined);
});

test("refuses an answer below 400 to a request that was never decided: an upstream was reached", () => {
  assert.deepEqual(words(after(...HELD, responseHeaders(200)).effects), ["refuse config_mismatch"]);
});

test("A.2: answers a repeated end of stream once, in both directions", () => {
  assert.deepEqual(after(...PERMITTED, requestBody("", true)).effects, []);
  const { effects } = after(
    ...STREAMING,
    responseBody("x", true),
    chunkAnswer("x", false, true),
    responseBody("", true),
  );
  assert.deepEqual(effects, []);
});

test("A.3: keeps the two directions apart when the answer comes before the request has ended", () => {
  const head = answered({ step: "requestHead", answer: pass(), endOfStream: false });
  const early = [...HELD.slice(0, 2), head, responseHeaders(200), responseHeadAnswer("stream")];
  assert.deepEqual(words(after(...early).effects), ["send response_head"]);
  assert.deepEqual(words(after(...early, requestBody("x", false)).effects), ["send request_rest"]);
  assert.deepEqual(words(after(...early, requestBody("x", false), responseBody("y", false)).effects), [
    "call responseChunk",
  ]);
});

test("A.4: passes chunks in the order they came, each after its own answer", () => {
  let { state } = after(...STREAMING);
  const sent: string[] = [];
  for (const text of ["a", "b", "c"]) {
    state = reduce(state, responseBody(text, false)).state;
    const { state: next, effects } = reduce(state, chunkAnswer(text, false));
    for (const effect of effects)
      if (effect.effect === "send" && effect.reply.reply === "chunk")
        sent.push(effect.reply.bytes.toString());
    state = next;
  }
  assert.deepEqual(sent, ["a", "b", "c"]);
});

test("A.5: an empty last chunk ends the stream, once", () => {
  const { state, effects } = after(...STREAMING, responseBody("", true), chunkAnswer("", false, true));
  assert.deepEqual(words(effects), ["send chunk", "end complete"]);
  assert.ok(
    effects[0]?.effect === "send" && effects[0].reply.reply === "chunk" && effects[0].reply.endOfStream,
  );
  assert.deepEqual(words(reduce(state, { event: "closed" }).effects), ["finish"]);
});

test("answers a chunk that Governance holds back with no byte: Envoy may hold trailers until then", () => {
  const { effects } = after(...STREAMING, responseBody("x", false), chunkAnswer("", false));
  assert.deepEqual(effects, [
    { effect: "send", reply: { reply: "chunk", bytes: Buffer.alloc(0), endOfStream: false } },
  ]);
});

test("ends a stream early after Regent's own last event and drops what the upstream still sends", () => {
  const { state, effects } = after(
    ...STREAMING,
    responseBody("x", false),
    chunkAnswer("data: error\n\n", true),
  );
  assert.deepEqual(words(effects), ["send chunk", "end complete"]);
  assert.ok(
    effects[0]?.effect === "send" && effects[0].reply.reply === "chunk" && effects[0].reply.endOfStream,
  );
  assert.deepEqual(reduce(state, responseBody("secret", false)).effects, []);
  assert.deepEqual(reduce(state, { event: "responseTrailers", trailers: new Map() }).effects, []);
});

test("gives each piece of a STREAMED answer one reply, though it has nothing to say", () => {
  for (const text of ["x", ""])
    assert.deepEqual(words(after(...PASSING, responseBody("x", false), chunkAnswer(text, false)).effects), [
      "send passed_chunk",
    ]);
  const { state, effects } = after(...PASSING, responseBody("x", true), chunkAnswer("rest", true, true));
  assert.deepEqual(words(effects), ["send passed_chunk", "end complete"]);
  assert.equal(openPhase(state), undefined);
  // Said twice, it is answered once (envoy #46237).
  assert.deepEqual(reduce(state, responseBody("", true)).effects, []);
});

test("breaks off a STREAMED answer that ends early, behind its last event", () => {
  const { state, effects } = after(
    ...PASSING,
    responseBody("x", false),
    chunkAnswer("data: error\n\n", true),
  );
  assert.deepEqual(words(effects), ["send passed_chunk", "break 1", "end complete"]);
  assert.equal(state.finished, true);
});

test("breaks off a STREAMED answer whose trailers come while something of it is held back", () => {
  const trailers = [...PASSING, { event: "responseTrailers", trailers: new Map() } as const];
  assert.deepEqual(words(after(...trailers, chunkAnswer("", true, true)).effects), [
    "send response_rest",
    "end complete",
  ]);
  assert.deepEqual(words(after(...trailers, chunkAnswer("held", true, true)).effects), [
    "break 1",
    "end failed",
  ]);
});

test("breaks off a STREAMED answer when the deadline is near, and calls one aborted that was cut", () => {
  assert.deepEqual(words(after(...PASSING, { event: "deadline" }).effects), ["break 4", "end failed"]);
  assert.deepEqual(words(after(...PASSING, { event: "closed" }).effects), ["finish", "end aborted"]);
});

test("refuses to pass answers as they come where Envoy is not configured for it", () => {
  for (const responseBody of [BodySendMode.BUFFERED, BodySendMode.NONE]) {
    const events = PASSING.map((event) =>
      event.event === "opened" ? opened({ ...MODES, responseBody }) : event,
    );
    assert.deepEqual(words(after(...events).effects), ["refuse config_mismatch"]);
  }
});

test("A.6: the trailers of an answer end its stream: what was held back goes first, without an end of its own", () => {
  const trailers = [...STREAMING, { event: "responseTrailers", trailers: new Map() } as const];
  assert.deepEqual(words(after(...trailers).effects), ["call responseChunk"]);
  const { effects } = after(...trailers, chunkAnswer("rest", false, true));
  assert.deepEqual(words(effects), ["send chunk", "send response_rest", "end complete"]);
  assert.ok(
    effects[0]?.effect === "send" && effects[0].reply.reply === "chunk" && !effects[0].reply.endOfStream,
  );
  assert.deepEqual(words(after(...trailers, chunkAnswer("", true, true)).effects), [
    "send response_rest",
    "end complete",
  ]);
});

test("A.6: trailers of a request that was permitted pass, and a record without them is complete", () => {
  assert.deepEqual(words(after(...PERMITTED, { event: "requestTrailers" }).effects), ["send request_rest"]);
  assert.deepEqual(words(after(...UNREAD, { event: "closed" }).effects), ["finish", "end complete"]);
});

test("A.6: refuses trailers where the body that decides should be", () => {
  assert.deepEqual(words(after(...HELD, { event: "requestTrailers" }).effects), ["refuse body_invalid"]);
});

test("A.7: a message that is not known breaks the stream", () => {
  const fault = { code: 12, details: "unknown" };
  assert.deepEqual(words(after(...PERMITTED, { event: "broken", fault }).effects), [
    "break 12",
    "end failed",
  ]);
});

test("A.8: says nothing in observability mode and keeps one record that says so", () => {
  const first = after(opened(undefined, true));
  assert.deepEqual(words(first.effects), ["begin", "end observed"]);
  const messages: ProcessEvent[] = [
    { event: "requestHeaders", endOfStream: false },
    requestBody("x", false),
    responseHeaders(200),
    responseBody("x", true),
  ];
  let { state } = first;
  for (const message of messages) {
    const next = reduce(state, message);
    assert.deepEqual(next.effects, []);
    state = next.state;
  }
  assert.deepEqual(words(reduce(state, { event: "closed" }).effects), ["finish"]);
});

test("A.9, A.11: refuses modes that cannot be governed at the first message, before anything is asked", () => {
  const { NONE, STREAMED, BUFFERED_PARTIAL, FULL_DUPLEX_STREAMED, GRPC } = BodySendMode;
  const ungovernable: (AnnouncedModes | undefined)[] = [
    undefined,
    { ...MODES, requestBody: STREAMED },
    { ...MODES, requestBody: BUFFERED_PARTIAL },
    { ...MODES, requestBody: GRPC },
    { ...MODES, requestBody: 99 },
    { ...MODES, responseBody: BUFFERED_PARTIAL },
    { ...MODES, responseBody: FULL_DUPLEX_STREAMED },
    { ...MODES, responseBody: GRPC },
    { ...MODES, bodyUnasked: true },
  ];
  for (const modes of ungovernable) {
    const { effects } = after(
      { event: "opened", exchange: EXCHANGE, modes, observed: false, unreadable: undefined },
      { event: "requestHeaders", endOfStream: true },
    );
    assert.deepEqual(words(effects), ["refuse config_mismatch"], JSON.stringify(modes));
  }
  const bodiless = after(opened({ ...MODES, requestBody: NONE }), {
    event: "requestHeaders",
    endOfStream: true,
  });
  assert.deepEqual(words(bodiless.effects), ["call requestHead"]);
});

test("A.10: refuses a body rule where Envoy does not send the body", () => {
  const { effects } = after(
    opened({ ...MODES, requestBody: BodySendMode.NONE }),
    { event: "requestHeaders", endOfStream: false },
    answered({ step: "requestHead", answer: { kind: "need_body" }, endOfStream: false }),
  );
  assert.deepEqual(words(effects), ["refuse config_mismatch"]);
});

test("A.21: refuses an answer that is to be read where an ignored override would let it pass unread", () => {
  const { NONE, BUFFERED } = BodySendMode;
  for (const body of ["buffered", "stream"] as const) {
    const events = (responseBody: number) => [
      opened({ ...MODES, responseBody }),
      ...PERMITTED.slice(1),
      responseHeaders(200),
      responseHeadAnswer(body),
    ];
    assert.deepEqual(words(after(...events(NONE)).effects), ["refuse config_mismatch"]);
    assert.deepEqual(words(after(...events(BUFFERED)).effects), ["send response_head"]);
  }
});

test("A.21: breaks the stream when the first chunk shows that Envoy ignored the override to a whole body", () => {
  assert.deepEqual(words(after(...WHOLE, responseBody("a part", false)).effects), ["break 9", "end failed"]);
});

test("A.21: a promised body that never came leaves the exchange aborted, not complete", () => {
  for (const events of [WHOLE, STREAMING]) {
    const { state, effects } = after(...events, { event: "closed" });
    assert.deepEqual(words(effects), ["finish", "end aborted"]);
    assert.equal(openPhase(state), "aborted");
  }
});

test("passes on a body that Envoy sends although it was not asked for: nothing in it is read", () => {
  assert.deepEqual(words(after(...UNREAD, responseBody("x", true)).effects), ["send response_rest"]);
});

test("A.12, A.13: refuses a plan that Envoy would not take instead of sending it", () => {
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`h-${i}`, "v"]));
  const plans = [
    plan(many),
    plan({ "transfer-encoding": "gzip" }),
    plan({ a: "b\r\nc: d" }),
    plan({ ":path": "/" }),
  ];
  for (const bad of plans) {
    const body = answered({ step: "requestBody", answer: pass(bad) });
    const head = answered({ step: "requestHead", answer: pass(bad), endOfStream: true });
    assert.deepEqual(words(after(...HELD, requestBody("x"), body).effects), [
      "refuse obligation_unsupported",
    ]);
    assert.deepEqual(words(after(...HELD.slice(0, 2), head).effects), ["refuse obligation_unsupported"]);
  }
});

test("refuses a plan that changes a body where only the head is seen", () => {
  const withBody = plan({}, { body: Buffer.from("x") });
  const head = answered({ step: "requestHead", answer: pass(withBody), endOfStream: true });
  assert.deepEqual(words(after(...HELD.slice(0, 2), head).effects), ["refuse obligation_unsupported"]);
});

test("A.14: an own answer with a status that Envoy would turn into 200 becomes another refusal, then an error", () => {
  for (const status of [0, 100, 199, 600, 200.5, Number.NaN]) {
    const bad = { kind: "answer", answer: answer(status, {}) } as const;
    const head = answered({ step: "requestHead", answer: bad, endOfStream: false });
    assert.deepEqual(words(after(...HELD.slice(0, 2), head).effects), ["refuse policy_output_invalid"]);
    const refused = answered({ step: "refuse", answer: bad.answer });
    assert.deepEqual(words(after(...HELD.slice(0, 2), head, refused).effects), ["break 13", "end failed"]);
  }
});

test("A.22: a stream that is gone ends its exchange once, at every point of it", () => {
  const events = [...STREAMING, responseBody("x", false), chunkAnswer("x", false)];
  for (let count = 1; count <= events.length; count++) {
    const { state, effects } = after(...events.slice(0, count), { event: "closed" });
    assert.deepEqual(words(effects), ["finish", "end aborted"], `after ${count} events`);
    assert.deepEqual(reduce(state, { event: "closed" }).effects, []);
  }
});

test("A.26: refuses before the deadline what is still undecided, and forgets the answer that comes later", () => {
  const undecided = [HELD.slice(0, 2), HELD, [...HELD, requestBody("x")], PERMITTED, WHOLE];
  for (const events of undecided)
    assert.deepEqual(words(after(...events, { event: "deadline" }).effects), ["refuse policy_timeout"]);
  const { effects } = after(
    ...HELD,
    requestBody("x"),
    { event: "deadline" },
    answered({ step: "refuse", answer: answer(500, {}) }),
    answered({ step: "requestBody", answer: pass() }),
  );
  assert.deepEqual(effects, []);
});

test("A.26: breaks a stream whose head has left, and leaves alone what is decided", () => {
  assert.deepEqual(words(after(...STREAMING, { event: "deadline" }).effects), ["break 4", "end failed"]);
  assert.deepEqual(after(...UNREAD, { event: "deadline" }).effects, []);
  assert.deepEqual(after(opened(), responseHeaders(413), { event: "deadline" }).effects, []);
});

test("breaks the stream at a message that does not belong where it comes", () => {
  const headers: ProcessEvent = { event: "requestHeaders", endOfStream: true };
  const misplaced: ProcessEvent[][] = [
    [requestBody("x")],
    [{ event: "responseTrailers", trailers: new Map() }],
    [opened(), requestBody("x")],
    [opened(), responseBody("x", true)],
    [...HELD, headers],
    [...PERMITTED, requestBody("more", false)],
    [...UNREAD, responseHeaders(200)],
    [...WHOLE, { event: "responseTrailers", trailers: new Map() }],
    [opened(), responseHeaders(413), headers],
  ];
  for (const events of misplaced) {
    const { state, effects } = after(...events);
    assert.equal(words(effects)[0], "break 9", JSON.stringify(events.at(-1)));
    assert.equal(state.finished, true);
  }
});

test("breaks the stream at a message that comes while a step runs, and at a body asked for where there is none", () => {
  const whileDeciding = [HELD.slice(0, 2), [...HELD, requestBody("x")], [...PERMITTED, responseHeaders(200)]];
  for (const events of whileDeciding)
    assert.equal(words(after(...events, responseHeaders(200)).effects)[0], "break 9");
  const bodiless = answered({ step: "requestHead", answer: { kind: "need_body" }, endOfStream: true });
  assert.deepEqual(words(after(...HELD.slice(0, 2), bodiless).effects), ["break 13", "end failed"]);
});

test("refuses a request whose first message cannot be read", () => {
  const unreadable = new RegentError("config_mismatch", "hand-over");
  const { effects } = after(
    { event: "opened", exchange: EXCHANGE, modes: MODES, observed: false, unreadable },
    { event: "requestHeaders", endOfStream: true },
  );
  assert.deepEqual(words(effects), ["refuse config_mismatch"]);
});

test("gives an answer that is not read its length back, and a whole one the length it has", () => {
  const head = { status: 200, headers: headersFrom([["content-length", "12"]]) };
  const unread = after(
    ...PERMITTED,
    { event: "responseHeaders", head, endOfStream: false, origin: "upstream" },
    responseHeadAnswer("none"),
  );
  assert.ok(unread.effects[0]?.effect === "send" && unread.effects[0].reply.reply === "response_head");
  assert.equal(unread.effects[0].reply.contentLength, "12");
  const whole = after(
    ...WHOLE,
    responseBody("12345", true),
    answered({ step: "responseBody", answer: { kind: "pass", plan: plan() } }),
  );
  assert.ok(whole.effects[0]?.effect === "send" && whole.effects[0].reply.reply === "response_body");
  assert.equal(whole.effects[0].reply.contentLength, "5");
});

test("lets the rest of a request pass only with the permit of its head", () => {
  const head = answered({ step: "requestHead", answer: pass(), endOfStream: false });
  const { effects } = after(...HELD.slice(0, 2), head, requestBody("x"));
  assert.ok(effects[0]?.effect === "send" && effects[0].reply.reply === "request_rest");
  assert.equal(effects[0].reply.permit, PERMIT);
});
