import { RegentError } from "../../exchange/errors.ts";
import type { ResponseHead } from "../../exchange/exchange.ts";
import type { ChunkAnswer, ResponseAnswer, ResponseHeadAnswer } from "../../pipeline/governor.ts";
import { BodySendMode } from "../codec.ts";
import type { AnswerOrigin, Effect, MessageEvent } from "./events.ts";
import { declaredLength, planFault } from "./header-rules.ts";
import { responseBodyFault, streamsRequests } from "./modes.ts";
import { answerRefused, patienceOf } from "./request-stream.ts";
import { type RequestPhase, STATUS, type State, type Transition } from "./state.ts";
import {
  broken,
  complete,
  finish,
  headPlanFault,
  ownAnswer,
  refuse,
  send,
  step,
  to,
  unexpected,
} from "./transitions.ts";

export function onResponseHeaders(
  state: State,
  message: MessageEvent & { event: "responseHeaders" },
): Transition {
  const { head, endOfStream, origin } = message;
  if (state.response !== "unseen") return unexpected(state, message);
  if (UNDECIDED.has(state.request)) return onUndecidedResponse(state, head, origin);
  if (!PASSED.has(state.request)) return unexpected(state, message);
  const deciding = { ...state, response: "deciding_head", responseHeaders: head.headers } as const;
  const said = origin === undefined ? head : { ...head, origin };
  return step(deciding, { step: "responseHead", head: said, endOfStream });
}

const UNDECIDED: ReadonlySet<RequestPhase> = new Set(["unseen", "held", "gathering"]);
const PASSED: ReadonlySet<RequestPhase> = new Set(["permitted", "flowing", "refused"]);

/**
 * An answer before a decision is Envoy's own: a 413 of its buffer, a 408 of its clock, a denial of ext_authz. It passes
 * untouched but for its decision id. One from an upstream must not have come: a filter or a mode let the request
 * through, and at least the answer stops here. Where Envoy does not say whose it is, a success is not believed.
 */
function onUndecidedResponse(state: State, head: ResponseHead, origin: AnswerOrigin | undefined): Transition {
  if (origin === "upstream" || (origin === undefined && head.status < 400))
    return refuse(
      state,
      new RegentError("config_mismatch", "Envoy let the request pass before it was decided."),
    );
  return to(
    state,
    { request: "local", response: "unread", end: "local_reply" },
    send({ reply: "local_head", decisionId: state.exchangeId, denied: state.deniedBefore }),
    { effect: "end", how: "local_reply", status: head.status },
  );
}

export function onResponseBody(state: State, message: MessageEvent & { event: "responseBody" }): Transition {
  const { body, endOfStream } = message;
  const seen = { ...state, responseBodySeen: true };
  switch (state.response) {
    case "whole": {
      // Trailers may follow a BUFFERED body, but so looks the first chunk where Envoy ignored the override.
      if (!endOfStream && state.modes?.responseBody !== BodySendMode.BUFFERED)
        return unexpected(state, message, "the whole body was asked for");
      const wholeLength = endOfStream ? String(body.length) : undefined;
      return step({ ...seen, response: "deciding_body", wholeLength }, { step: "responseBody", body });
    }
    case "streaming":
    case "passing":
      return step({ ...seen, replyTo: "chunk" }, { step: "responseChunk", chunk: body, endOfStream });
    case "unread":
      // Envoy ignored the override to NONE. Nothing is read here, so nothing is lost by passing it on.
      return to(seen, {}, send({ reply: "response_rest", part: "responseBody" }));
    default:
      return unexpected(state, message);
  }
}

export function onResponseTrailers(
  state: State,
  message: MessageEvent & { event: "responseTrailers" },
): Transition {
  if (state.response === "streaming" || state.response === "passing")
    return step(
      { ...state, replyTo: "trailers" },
      { step: "responseChunk", chunk: Buffer.alloc(0), endOfStream: true, trailers: message.trailers },
    );
  if (state.response !== "unread") return unexpected(state, message);
  return to(state, {}, send({ reply: "response_rest", part: "responseTrailers" }));
}

export function onResponseHeadAnswer(
  state: State,
  answer: ResponseHeadAnswer,
  endOfStream: boolean,
): Transition {
  if (answer.kind === "answer") return ownAnswer(state, answer.answer);
  const { plan } = answer;
  const body = endOfStream ? "none" : answer.body;
  const mismatch = responseBodyFault(state.modes, body);
  if (mismatch !== undefined) return refuse(state, new RegentError("config_mismatch", mismatch));
  const fault = headPlanFault(plan, state.responseHeaders);
  if (fault !== undefined) return refuse(state, new RegentError("obligation_unsupported", fault));
  const contentLength = body === "none" ? declaredLength(state.responseHeaders) : undefined;
  const response = ({ none: "unread", buffered: "whole", stream: "streaming", chunks: "passing" } as const)[
    body
  ];
  // Of an answer that is nothing but a head, or is not read, nobody reads a status that follows it.
  if (state.refusal !== undefined && body !== "stream" && body !== "chunks") return answerRefused(state);
  const requests = streamsRequests(state.modes) ? "streamed" : state.passesOn ? "unread" : "whole";
  const reply = send({ reply: "response_head", plan, body, contentLength, requests });
  if (endOfStream && state.request === "flowing") return complete(state, reply);
  return to(state, { response }, reply, ...patienceOf(state));
}

export function onResponseBodyAnswer(state: State, answer: ResponseAnswer): Transition {
  if (answer.kind === "answer") return ownAnswer(state, answer.answer);
  const { plan } = answer;
  const fault = planFault(plan, state.responseHeaders);
  if (fault !== undefined) return refuse(state, new RegentError("obligation_unsupported", fault));
  const contentLength = plan.body === undefined ? state.wholeLength : String(plan.body.length);
  return complete(state, send({ reply: "response_body", plan, contentLength }));
}

/**
 * A piece may be answered in other sizes, also without a byte, but it is answered: where the whole answer was there before
 * its head was decided on, Envoy 1.40 holds its trailers back until the body has a reply, and waits for one forever. The
 * trailers of an upstream end the stream themselves, so before them no end is said.
 */
export function onChunkAnswer(state: State, answer: ChunkAnswer, endOfStream: boolean): Transition {
  const { bytes, metadata } = answer;
  if (state.response === "passing") return onPassedChunk(state, answer, endOfStream);
  if (state.replyTo === "trailers") {
    const last: Effect[] = bytes.length === 0 ? [] : [send({ reply: "chunk", bytes, endOfStream: false })];
    return complete(state, ...last, trailersOf(state));
  }
  if (endOfStream || answer.end) {
    const said = withRefusal(state, answer);
    return complete(state, send({ reply: "chunk", bytes: said, endOfStream: true, metadata }));
  }
  return to(state, {}, send({ reply: "chunk", bytes, endOfStream: false }), ...patienceOf(state));
}

/** The status of the model, or that of a refusal in a stream of requests in its place. */
function trailersOf({ refusal }: State): Effect {
  return refusal === undefined
    ? send({ reply: "response_rest", part: "responseTrailers" })
    : send({ reply: "response_trailers", set: refusal.trailers });
}

/** Where no trailers follow, the refusal is the last event, unless Governance ended the answer with another one. */
function withRefusal({ refusal }: State, { bytes, end }: ChunkAnswer): Buffer {
  return refusal === undefined || end ? bytes : Buffer.concat([bytes, refusal.last]);
}

/**
 * A piece of a STREAMED answer has one reply, whatever is in it. An early end cannot be said: what is left to say goes
 * out in the place of the piece, and the error status behind it makes Envoy break the client's transfer and close the
 * upstream's, so that what is cut off never looks whole.
 */
function onPassedChunk(state: State, answer: ChunkAnswer, endOfStream: boolean): Transition {
  const { bytes, end, metadata } = answer;
  if (state.replyTo === "trailers") {
    // Trailers are the end, and no byte can be put in front of them any more.
    if (bytes.length > 0)
      return broken(state, { code: STATUS.CANCELLED, details: "held back until trailers" });
    return complete(state, trailersOf(state));
  }
  if (endOfStream)
    return complete(state, send({ reply: "passed_chunk", bytes: withRefusal(state, answer), metadata }));
  const reply = send({ reply: "passed_chunk", bytes, metadata });
  if (!end) return to(state, {}, reply, ...patienceOf(state));
  const fault = { code: STATUS.CANCELLED, details: "the answer ends early" };
  return to(state, { response: "answered", end: "complete", finished: true }, reply, finish(fault), {
    effect: "end",
    how: "complete",
  });
}
