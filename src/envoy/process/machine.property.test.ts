/**
 * Random conversations, legal and illegal: whatever Envoy sends, whatever Governance answers, and wherever the stream
 * breaks. A conversation is a list of moves; a move that the moment does not allow (an answer while no step runs) is
 * left out, as it cannot happen.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { answer, deny, EXCHANGE, PERMIT, pass, plan } from "../../../test/envoy/support/fake-governor.ts";
import type {
  ChunkAnswer,
  RequestHeadAnswer,
  RequestRefusal,
  ResponseHeadAnswer,
} from "../../pipeline/governor.ts";
import { BodySendMode } from "../codec.ts";
import type { Answered, Effect, Fault, MessageEvent, ProcessEvent, Step } from "./events.ts";
import { finish } from "./finish.ts";
import { reduce } from "./machine.ts";
import { INITIAL, type State } from "./state.ts";

/** Conversations a property is tried on. */
const RUNS = 20_000;
/** Moves of one conversation, at most: an exchange with a few chunks has a dozen. */
const MOVES_MAX = 24;

/** What Governance answers to whichever step runs. */
type Verdict =
  | "pass"
  | "deny"
  | "need_body"
  | "buffered"
  | "stream"
  | "chunks"
  | "end"
  | "nothing"
  | "bad_plan"
  | "bad_status";
type Move = { readonly event: ProcessEvent } | { readonly verdict: Verdict };

const bytes = fc.constantFrom("", "x", "some bytes").map((text) => Buffer.from(text));
const message: fc.Arbitrary<MessageEvent> = fc.oneof(
  fc.record({ event: fc.constant("requestHeaders" as const), endOfStream: fc.boolean() }),
  fc.record({ event: fc.constant("requestBody" as const), body: bytes, endOfStream: fc.boolean() }),
  fc.constant({ event: "requestTrailers" as const }),
  fc.record({
    event: fc.constant("responseHeaders" as const),
    head: fc.constantFrom(200, 413, 503).map((status) => ({ status, headers: new Map() })),
    endOfStream: fc.boolean(),
    origin: fc.constantFrom("upstream" as const, "envoy" as const, undefined),
  }),
  fc.record({ event: fc.constant("responseBody" as const), body: bytes, endOfStream: fc.boolean() }),
  fc.constant({ event: "responseTrailers" as const, trailers: new Map() }),
);
const fate: fc.Arbitrary<ProcessEvent> = fc.constantFrom<ProcessEvent>(
  { event: "closed" },
  { event: "deadline" },
  { event: "overdue" },
  { event: "broken", fault: { code: 12, details: "unknown" } },
);
const verdict = fc.constantFrom<Verdict>(
  "pass",
  "pass",
  "need_body",
  "need_body",
  "buffered",
  "stream",
  "stream",
  "chunks",
  "deny",
  "end",
  "nothing",
  "bad_plan",
  "bad_status",
);
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 6, arbitrary: message.map((event) => ({ event })) },
  { weight: 6, arbitrary: verdict.map((given) => ({ verdict: given })) },
  { weight: 1, arbitrary: fate.map((event) => ({ event })) },
);
/** The usual beginning, so that most conversations get somewhere. */
const usual: readonly Move[] = [
  { event: { event: "requestHeaders", endOfStream: false } },
  { verdict: "need_body" },
  { event: { event: "requestBody", body: Buffer.from("x"), endOfStream: true } },
  { verdict: "pass" },
  {
    event: {
      event: "responseHeaders",
      head: { status: 200, headers: new Map() },
      endOfStream: false,
      origin: "upstream",
    },
  },
];
const modes = fc.record({
  requestBody: fc.constantFrom(
    BodySendMode.BUFFERED,
    BodySendMode.BUFFERED,
    BodySendMode.FULL_DUPLEX_STREAMED,
    BodySendMode.NONE,
  ),
  responseBody: fc.constantFrom(BodySendMode.STREAMED, BodySendMode.STREAMED, BodySendMode.BUFFERED),
  bodyUnasked: fc.constant(false),
});
const conversation = fc.record({
  modes,
  observed: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
  moves: fc
    .tuple(fc.integer({ min: 0, max: usual.length }), fc.array(move, { maxLength: MOVES_MAX }))
    .map(([count, rest]) => [...usual.slice(0, count), ...rest]),
});

/** Everything that happened, in order. */
type Trace = {
  readonly log: (
    | { readonly got: MessageEvent }
    | { readonly did: Effect }
    | { readonly answered: Answered }
    | { readonly over: "clean" | "error" }
  )[];
  state: State;
};

function play({
  modes: announced,
  observed,
  moves,
}: typeof conversation extends fc.Arbitrary<infer T> ? T : never): Trace {
  const trace: Trace = { log: [], state: INITIAL };
  let running: Step | undefined;
  const feed = (event: ProcessEvent) => {
    const { state, effects } = reduce(trace.state, event);
    trace.state = state;
    for (const effect of effects) {
      trace.log.push({ did: effect });
      if (effect.effect === "finish") trace.log.push({ over: howItEnds(state, effect.fault) });
      if (effect.effect !== "step") continue;
      // Refusals are worded at once, whatever runs.
      if (effect.step.step === "refuse" || effect.step.step === "refuseRequest")
        feed(answerTo(effect.step, "deny", trace));
      else running = effect.step;
    }
  };
  feed({ event: "opened", exchange: EXCHANGE, modes: announced, observed, unreadable: undefined });
  for (const next of moves) {
    if ("verdict" in next) {
      if (running === undefined) continue;
      const step = running;
      running = undefined;
      feed(answerTo(step, next.verdict, trace));
    } else if (isMessage(next.event)) {
      // The driver hands over one message at a time, after the last one's step.
      if (running !== undefined) continue;
      trace.log.push({ got: next.event });
      feed(next.event);
    } else feed(next.event);
  }
  feed({ event: "closed" });
  if (running !== undefined) feed(answerTo(running, "pass", trace));
  return trace;
}

function isMessage(event: ProcessEvent): event is MessageEvent {
  return /^(request|response)/.test(event.event);
}

/** Asks the one function that ends streams. */
function howItEnds(state: State, fault: Fault | undefined): "clean" | "error" {
  const how: ("clean" | "error")[] = [];
  const call = {
    end: () => how.push("clean"),
    emit: () => how.push("error") > 0,
  };
  finish(call, state, fault);
  assert.equal(how.length, 1);
  return how[0] ?? "clean";
}

function answerTo(step: Step, given: Verdict, trace: Trace): ProcessEvent {
  const answered = answerOf(step, given, trace);
  trace.log.push({ answered });
  return { event: "answered", answered };
}

const REFUSAL: RequestRefusal = {
  answer: answer(403, {}),
  last: Buffer.from("refused"),
  trailers: [["grpc-status", "7"]],
};

function answerOf(step: Step, given: Verdict, trace: Trace): Answered {
  const own = given === "bad_status" ? deny(100, "x") : deny(403, "x");
  const changes = given === "bad_plan" ? plan({ "transfer-encoding": "x" }) : plan({ a: "b" });
  const denied = given === "deny" || given === "bad_status";
  switch (step.step) {
    case "requestHead": {
      const head: RequestHeadAnswer =
        given === "need_body" ? { kind: "need_body", streams: true } : denied ? own : pass(changes);
      return { ...step, answer: head };
    }
    case "requestBody":
      return { step: step.step, answer: denied ? own : pass(changes) };
    case "requestChunk": {
      // The first request that passes brings the plan for the head.
      const isFirst = !sent(trace).some(({ reply }) => reply === "request_head");
      const head = given === "bad_plan" ? changes : plan({ a: "b" });
      const passes = given !== "nothing" && !denied;
      return {
        ...step,
        answer: {
          ...(passes && isFirst ? { head } : {}),
          requests: passes ? [{ permit: PERMIT, bytes: Buffer.from(`judged ${step.chunk}`) }] : [],
          ...(denied || (step.endOfStream && isFirst && !passes) ? { refusal: REFUSAL } : {}),
          isPartial: given === "nothing",
        },
      };
    }
    case "refuseRequest":
      return { step: step.step, answer: REFUSAL };
    case "responseHead": {
      const body = given === "buffered" || given === "stream" || given === "chunks" ? given : "none";
      const head: ResponseHeadAnswer = denied ? own : { kind: "pass", plan: changes, body };
      return { ...step, answer: head };
    }
    case "responseBody":
      return { step: step.step, answer: denied ? own : { kind: "pass", plan: changes } };
    case "responseChunk": {
      const chunk: ChunkAnswer = {
        bytes: given === "nothing" ? Buffer.alloc(0) : step.chunk,
        end: given === "end",
      };
      return { ...step, answer: chunk };
    }
    case "refuse":
      return { step: step.step, answer: answer(500, {}) };
  }
}

/** Tries a property on many conversations. A failure prints its seed, which replays it. */
function forAll(check: (trace: Trace) => void): void {
  fc.assert(
    fc.property(conversation, (given) => check(play(given))),
    { numRuns: RUNS },
  );
}

const sent = (trace: Trace) =>
  trace.log.flatMap((entry) => ("did" in entry && entry.did.effect === "send" ? [entry.did.reply] : []));

test("ends every account exactly once", () => {
  forAll((trace) => {
    const ends = trace.log.filter((entry) => "did" in entry && entry.did.effect === "end");
    assert.equal(ends.length, 1);
  });
});

test("finishes every stream exactly once and does nothing to it afterwards", () => {
  forAll((trace) => {
    const overs = trace.log.flatMap((entry, i) => ("over" in entry ? [i] : []));
    assert.equal(overs.length, 1);
    assert.equal(trace.state.finished, true);
    const after = trace.log.slice(overs[0]).filter((entry) => "did" in entry && entry.did.effect !== "end");
    assert.deepEqual(after, []);
  });
});

/** Which messages a reply may answer. */
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  hold: ["requestHeaders"],
  // That of a stream of requests is held until the first of them was judged.
  request_head: ["requestHeaders", "requestBody"],
  request_body: ["requestBody"],
  request_rest: ["requestBody", "requestTrailers"],
  response_head: ["responseHeaders"],
  local_head: ["responseHeaders"],
  response_body: ["responseBody"],
  passed_chunk: ["responseBody"],
  response_rest: ["responseHeaders", "responseBody", "responseTrailers"],
  response_trailers: ["responseTrailers"],
};

test("answers no message twice, and each with a reply of its own kind", () => {
  forAll((trace) => {
    let open: string | undefined;
    for (const entry of trace.log) {
      if ("got" in entry) open = entry.got.event;
      if (!("did" in entry) || entry.did.effect !== "send") continue;
      const { reply } = entry.did;
      // An own answer may come at any time, and chunks need not match.
      if (reply.reply === "own" || reply.reply === "chunk" || reply.reply === "request_chunk") continue;
      assert.ok(open !== undefined, `${reply.reply} answers nothing`);
      assert.ok(ANSWERS[reply.reply]?.includes(open), `${reply.reply} to ${open}`);
      open = undefined;
    }
  });
});

test("answers every message of a conversation that keeps the rules, unless it held a chunk back", () => {
  forAll((trace) => {
    const over = trace.log.findIndex(
      (entry) => "did" in entry && (entry.did.effect === "end" || entry.did.effect === "finish"),
    );
    const before = trace.log.slice(0, over === -1 ? undefined : over);
    const last = before.findLastIndex((entry) => "got" in entry);
    for (const [i, entry] of before.entries()) {
      if (!("got" in entry) || i === last) continue;
      const next = before.slice(i + 1);
      const until = next.slice(
        0,
        next.findIndex((other) => "got" in other),
      );
      const chunk = until.some((other) => "answered" in other && /Chunk$/.test(other.answered.step));
      const repeated = entry.got.event === "requestBody" && entry.got.endOfStream;
      // The head of a stream of requests is held, and what comes behind a refusal in one goes nowhere.
      const held = until.some((other) => "did" in other && other.did.effect === "wait");
      const late = before.slice(0, i).some((other) => "answered" in other && isRefusal(other.answered));
      if (chunk || repeated || held || late) continue;
      assert.ok(
        until.some((other) => "did" in other && other.did.effect === "send"),
        `${entry.got.event} was not answered`,
      );
    }
  });
});

test("lets nothing of a request pass before Governance gave a permit", () => {
  forAll((trace) => {
    let permitted = false;
    for (const entry of trace.log) {
      if ("answered" in entry && entry.answered.step.startsWith("request"))
        permitted ||= isPass(entry.answered);
      if (!("did" in entry) || entry.did.effect !== "send") continue;
      const passing = ["request_head", "request_body", "request_rest", "request_chunk", "response_head"];
      if (passing.includes(entry.did.reply.reply)) assert.ok(permitted);
    }
  });
});

function isPass({ answer: given }: Answered): boolean {
  if ("requests" in given) return given.requests.length > 0;
  return "kind" in given && given.kind === "pass";
}

function isRefusal({ answer: given }: Answered): boolean {
  return "requests" in given ? given.refusal !== undefined : "trailers" in given;
}

test("lets of a stream of requests what was judged leave, in order, and nothing else or later", () => {
  let streams = 0;
  forAll((trace) => {
    const judged = trace.log.flatMap((entry) =>
      "answered" in entry && "requests" in entry.answered.answer ? entry.answered.answer.requests : [],
    );
    const left = sent(trace).flatMap((reply) => (reply.reply === "request_chunk" ? [reply] : []));
    const bytes = Buffer.concat(left.map((reply) => reply.bytes));
    assert.ok(
      Buffer.concat(judged.map((one) => one.bytes))
        .subarray(0, bytes.length)
        .equals(bytes),
    );
    const end = left.findIndex((reply) => reply.endOfStream);
    if (left.length > 0) streams += 1;
    if (end !== -1) assert.equal(end, left.length - 1, "something left behind the end");
    const refused = trace.log.findIndex((entry) => "answered" in entry && isRefusal(entry.answered));
    if (refused === -1) return;
    const after = trace.log.slice(refused).flatMap((entry) => ("did" in entry ? [entry.did] : []));
    const rest = after.flatMap((did) =>
      did.effect === "send" && did.reply.reply === "request_chunk" ? [did.reply] : [],
    );
    const own = trace.log[refused];
    const beside =
      own !== undefined && "answered" in own && "requests" in own.answered.answer
        ? own.answered.answer
        : { requests: [] };
    assert.ok(rest.length <= beside.requests.length + 1, "more left than passed beside the refusal");
  });
  assert.ok(streams > 0, "no stream of requests was tried");
});

test("says nothing after its own answer", () => {
  forAll((trace) => {
    const replies = sent(trace);
    const own = replies.findIndex((reply) => reply.reply === "own");
    if (own !== -1) assert.equal(own, replies.length - 1);
  });
});

/** Behind a refusal in a stream of requests an answer may be broken off, which is no clean end. */
function isBrokenOff(trace: Trace): boolean {
  return trace.log.some((entry) => "over" in entry && entry.over === "error");
}

/** What was said, read without the reducer's state: whether Envoy may take a clean end for an allow of the rest. */
function allAnswered(trace: Trace): boolean {
  if (trace.state.observed) return true;
  const replies = sent(trace);
  const said = (name: string) => replies.some((reply) => reply.reply === name);
  const local = replies.every((reply) => ["local_head", "response_rest", "hold"].includes(reply.reply));
  if (said("own") || (local && said("local_head"))) return true;
  if (!said("request_head") && !said("request_body")) return false;
  const head = replies.find((reply) => reply.reply === "response_head");
  if (head === undefined) return false;
  if (head.body === "none") return true;
  if (head.body === "buffered") return said("response_body");
  if (head.body === "chunks") {
    const chunks = trace.log.flatMap((entry) =>
      "answered" in entry && entry.answered.step === "responseChunk" ? [entry.answered] : [],
    );
    return chunks.some(({ endOfStream, answer: { end } }) => endOfStream || end) || isBrokenOff(trace);
  }
  return replies.some(
    (reply) =>
      (reply.reply === "chunk" && reply.endOfStream) ||
      reply.reply === "response_trailers" ||
      (reply.reply === "response_rest" && reply.part === "responseTrailers"),
  );
}

test("never ends a stream cleanly while a governed phase is open", () => {
  let clean = 0;
  forAll((trace) => {
    if (!trace.log.some((entry) => "over" in entry && entry.over === "clean")) return;
    clean += 1;
    assert.ok(allAnswered(trace));
  });
  assert.ok(clean > 0, "no conversation came to a clean end, so nothing was tried");
});

test("calls an exchange complete only when every governed phase was answered", () => {
  const ends = new Set<string>();
  forAll((trace) => {
    for (const entry of trace.log)
      if ("did" in entry && entry.did.effect === "end") {
        ends.add(entry.did.how);
        if (entry.did.how === "complete") assert.ok(allAnswered(trace));
      }
  });
  assert.deepEqual([...ends].sort(), ["aborted", "complete", "failed", "local_reply", "observed", "refused"]);
});
