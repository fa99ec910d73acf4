/**
 * The part of a stream of requests (FULL_DUPLEX_STREAMED). Envoy holds the head until it is answered, so that nothing
 * leaves before the first request was judged; after that, requests and answers pass each other.
 *
 *   deciding_head ── need_body ──► gathering ── first request ──► flowing ── last ──► permitted
 *                                      │                             │ refusal
 *                                      └─► own answer                └────────────► refused
 *
 * A refusal behind a request that has left cannot take the place of an answer that may have begun. It ends the stream to
 * the model, so that what was asked before is answered, and takes the place of the status behind those answers. A model
 * that does not end is cut off after a while.
 */
import { RegentError } from "../../exchange/errors.ts";
import type { OwnAnswer } from "../../exchange/plan.ts";
import type { RequestChunkAnswer, RequestRefusal } from "../../pipeline/governor.ts";
import type { Effect, MessageEvent } from "./events.ts";
import { ownAnswerFault } from "./header-rules.ts";
import { STATUS, type State, type Transition } from "./state.ts";
import {
  broken,
  complete,
  finish,
  headPlanFault,
  internal,
  ownAnswer,
  refuse,
  send,
  step,
  to,
} from "./transitions.ts";

/**
 * Milliseconds from the first byte of a request in a stream until it is whole: 4 MiB over a line of a megabit a second. It
 * is below `request_timeout` in Envoy, which knows nothing of requests in a stream.
 */
export const REQUEST_MS_MAX = 40_000;

/**
 * Milliseconds of an open stream in which neither a request nor a part of an answer comes. People and cameras pause for
 * minutes; Envoy gives up a silent stream after five, without a word.
 */
export const SILENCE_MS_MAX = 240_000;

/**
 * Milliseconds in which the model may still answer what was let through before a refusal. A client waits for the refusal
 * as long.
 */
export const REFUSAL_MS_MAX = 10_000;

const NOTHING = Buffer.alloc(0);

/** Whether requests of a stream are being judged one by one. */
export function isStreaming({ request }: State): boolean {
  return request === "gathering" || request === "flowing" || request === "refused";
}

/** Begins to gather the first request. Envoy is told nothing yet. */
export function gather(state: State): Transition {
  return to(state, { request: "gathering" }, wait(SILENCE_MS_MAX));
}

export function onRequestPiece(state: State, message: MessageEvent & { event: "requestBody" }): Transition {
  // What the client still sends behind a refusal goes nowhere.
  if (state.request === "refused") return to(state, {});
  // An end of stream said twice (envoy #46237), with bytes that came before or without.
  if (state.requestBodySeen) return to(state, {});
  const { body, endOfStream } = message;
  const seen = { ...state, requestBodySeen: endOfStream };
  return step(seen, { step: "requestChunk", chunk: body, endOfStream });
}

/** gRPC has none: what would be governed by nobody does not pass. */
export function onRequestStreamTrailers(state: State): Transition {
  if (state.request === "refused") return to(state, {});
  const error = new RegentError("body_invalid", "The stream of requests ends in trailers.");
  return state.request === "gathering" ? refuse(state, error) : step(state, { step: "refuseRequest", error });
}

export function onRequestChunkAnswer(
  state: State,
  answer: RequestChunkAnswer,
  endOfStream: boolean,
): Transition {
  // A refusal was faster than the step.
  if (state.request === "refused") return to(state, {});
  const { head, requests, refusal, isPartial } = answer;
  const [first] = requests;
  if (state.permit === undefined) {
    if (first === undefined) return onNothingYet(state, answer, endOfStream);
    if (head === undefined) return broken(state, internal("a request passes without its head"));
    const fault = headPlanFault(head, state.requestHeaders);
    if (fault !== undefined) return refuse(state, new RegentError("obligation_unsupported", fault));
  }
  const permit = state.permit ?? first?.permit;
  if (permit === undefined) return broken(state, internal("a request passes without a permit"));
  const effects: Effect[] = [];
  if (head !== undefined)
    effects.push(send({ reply: "request_head", permit, plan: head, bodyUnread: false }));
  for (const { permit: own, bytes } of requests)
    effects.push(send({ reply: "request_chunk", permit: own, bytes, endOfStream: false }));
  const passed: State = { ...state, request: "flowing", permit };
  if (refusal !== undefined) return onRefusal(passed, refusal, effects);
  if (endOfStream) {
    const last = send({ reply: "request_chunk", permit, bytes: NOTHING, endOfStream: true });
    return to(passed, { request: "permitted", isPartial: false }, ...effects, last, wait(undefined));
  }
  // Who sends a request byte by byte does not get more time by each.
  const goesOn = state.isPartial && isPartial && first === undefined;
  const patience = goesOn ? [] : [wait(isPartial ? REQUEST_MS_MAX : SILENCE_MS_MAX)];
  return to(passed, { isPartial }, ...effects, ...patience);
}

/** No request is whole yet, or the first one was refused. */
function onNothingYet(
  state: State,
  { refusal, isPartial }: RequestChunkAnswer,
  endOfStream: boolean,
): Transition {
  if (refusal !== undefined) return ownAnswer(state, refusal.answer);
  if (endOfStream) return broken(state, internal("a stream of requests ended undecided"));
  if (!isPartial || state.isPartial) return to(state, { isPartial });
  return to(state, { isPartial }, wait(REQUEST_MS_MAX));
}

export function onRefusedRequest(state: State, refusal: RequestRefusal): Transition {
  return onRefusal(state, refusal, []);
}

function onRefusal(state: State, refusal: RequestRefusal, before: readonly Effect[]): Transition {
  const { permit, response } = state;
  if (permit === undefined) return broken(state, internal("a refusal behind nothing"));
  const refused: State = { ...state, request: "refused", refusal, isPartial: false };
  if (response === "whole" || response === "deciding_body") return answerRefused(refused, before);
  // Nothing can be said to a client whose answer passes unread.
  if (response === "unread") return breakOff(refused, [...before]);
  const last = send({ reply: "request_chunk", permit, bytes: NOTHING, endOfStream: true });
  return to(refused, {}, ...before, last, wait(REFUSAL_MS_MAX));
}

/** Takes the place of an answer of which nothing has left. */
export function answerRefused(state: State, before: readonly Effect[] = []): Transition {
  const { refusal } = state;
  if (refusal === undefined) return broken(state, internal("a refusal that is none"));
  const { answer } = refusal;
  const fault = ownAnswerFault(answer);
  if (fault !== undefined) return broken(state, internal(fault));
  return to(state, { end: "refused" }, ...before, send({ reply: "own", answer }), endWith(answer));
}

function endWith({ status }: OwnAnswer): Effect {
  return { effect: "end", how: "refused", status };
}

/** A time is over: the client's for a request, or the model's to end behind a refusal. */
export function onOverdue(state: State): Transition {
  if (state.end !== undefined) return to(state, {});
  const { request, response, refusal } = state;
  const error = new RegentError(
    "request_timeout",
    state.isPartial
      ? "A request of the stream did not arrive in time."
      : "The stream was silent for too long.",
  );
  if (request === "gathering") return refuse(state, error);
  if (request === "flowing") return step(state, { step: "refuseRequest", error });
  if (request !== "refused" || refusal === undefined) return to(state, {});
  if (response === "streaming")
    return complete(state, send({ reply: "chunk", bytes: refusal.last, endOfStream: true }));
  return response === "passing" ? breakOff(state, []) : answerRefused(state);
}

/** The error status makes Envoy break the client's transfer, so that what is cut off never looks whole. */
function breakOff(state: State, before: readonly Effect[]): Transition {
  const fault = { code: STATUS.CANCELLED, details: "a request of the stream was refused" };
  return to(state, { response: "answered", end: "complete", finished: true }, ...before, finish(fault), {
    effect: "end",
    how: "complete",
  });
}

/** While requests may still come, a part of an answer is a sign of life. */
export function patienceOf({ request, isPartial }: State): readonly Effect[] {
  return request === "flowing" && !isPartial ? [wait(SILENCE_MS_MAX)] : [];
}

function wait(ms: number | undefined): Effect {
  return { effect: "wait", ms };
}
