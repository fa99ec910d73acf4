/**
 * The conversation about one exchange, as a pure reducer: (state, event) to (state, effects).
 *
 * A request moves through                         An answer moves through
 *
 *   unseen                                          unseen
 *     │ headers                                       │ headers
 *   deciding_head ──────────► permitted             deciding_head ──► unread (what follows passes as it is)
 *     │ need_body                 ▲                   │       │ stream, chunks
 *   held ── body ──► deciding_body┘                   │       └────► streaming, passing ─ last ─► answered
 *     │                                               │ buffered                                    ▲
 *     │ answer of Envoy's own                         └────► whole ── body ──► deciding_body ───────┘
 *   local
 *
 * A stream of requests takes the way of `request-stream.ts` from `deciding_head` to `permitted`, and an answer may be on
 * its way meanwhile.
 *
 * From every state: an own answer of Regent's ends in `refused`, a broken protocol in `finished` with an error, the
 * stream's close in `finished`. `end` is set once, with the effect of the same name, and never changes.
 */
import { RegentError } from "../../exchange/errors.ts";
import type { Answered, Effect, MessageEvent, ProcessEvent } from "./events.ts";
import {
  onRequestBody,
  onRequestBodyAnswer,
  onRequestHeadAnswer,
  onRequestHeaders,
  onRequestTrailers,
} from "./request.ts";
import { onOverdue, onRefusedRequest, onRequestChunkAnswer } from "./request-stream.ts";
import {
  onChunkAnswer,
  onResponseBody,
  onResponseBodyAnswer,
  onResponseHeadAnswer,
  onResponseHeaders,
  onResponseTrailers,
} from "./response.ts";
import { openPhase, STATUS, type State, type Transition } from "./state.ts";
import { broken, finish, refuse, refused, send, to, unexpected } from "./transitions.ts";

/** Never throws. After `finished` nothing has an effect. */
export function reduce(state: State, event: ProcessEvent): Transition {
  if (state.finished) return to(state, {});
  switch (event.event) {
    case "opened":
      return onOpened(state, event);
    case "answered":
      return onAnswered(state, event.answered);
    case "overdue":
      return onOverdue(state);
    case "deadline":
      return onDeadline(state);
    case "broken":
      return broken(state, event.fault);
    case "closed":
      return onClosed(state);
    default:
      return onMessage(state, event);
  }
}

function onOpened(state: State, event: ProcessEvent & { event: "opened" }): Transition {
  const { exchange, modes, observed, unreadable } = event;
  const begin: Effect = { effect: "begin", exchange };
  const requestHeaders = exchange.request.headers;
  const opened = {
    ...state,
    begun: true,
    exchangeId: exchange.id,
    deniedBefore: exchange.handOver?.allowed === false,
    modes,
    observed,
    unreadable,
    requestHeaders,
  };
  if (!observed) return to(opened, {}, begin);
  return to(opened, { end: "observed" }, begin, { effect: "end", how: "observed" });
}

function onMessage(state: State, message: MessageEvent): Transition {
  if (state.observed) return to(state, {});
  if (!state.begun) return unexpected(state, message);
  if (state.request === "local") return onLocalRest(state, message);
  // Envoy has what it needs: what it sent before it read that is dropped.
  if (state.end !== undefined) return to(state, {});
  switch (message.event) {
    case "requestHeaders":
      return onRequestHeaders(state, message);
    case "requestBody":
      return onRequestBody(state, message);
    case "requestTrailers":
      return onRequestTrailers(state, message);
    case "responseHeaders":
      return onResponseHeaders(state, message);
    case "responseBody":
      return onResponseBody(state, message);
    case "responseTrailers":
      return onResponseTrailers(state, message);
  }
}

function onLocalRest(state: State, message: MessageEvent): Transition {
  // A piece of a stream of requests that was on its way when Envoy answered.
  if (message.event === "requestBody") return to(state, {});
  if (message.event !== "responseBody" && message.event !== "responseTrailers")
    return unexpected(state, message);
  return to(state, {}, send({ reply: "response_rest", part: message.event }));
}

function onAnswered(state: State, answered: Answered): Transition {
  // The deadline was faster than the step.
  if (state.end !== undefined) return to(state, {});
  switch (answered.step) {
    case "requestHead":
      return onRequestHeadAnswer(state, answered.answer, answered.endOfStream);
    case "requestBody":
      return onRequestBodyAnswer(state, answered.answer);
    case "requestChunk":
      return onRequestChunkAnswer(state, answered.answer, answered.endOfStream);
    case "refuseRequest":
      return onRefusedRequest(state, answered.answer);
    case "responseHead":
      return onResponseHeadAnswer(state, answered.answer, answered.endOfStream);
    case "responseBody":
      return onResponseBodyAnswer(state, answered.answer);
    case "responseChunk":
      return onChunkAnswer(state, answered.answer, answered.endOfStream);
    case "refuse":
      return refused(state, answered.answer);
  }
}

/** Once the head of a streamed answer has left there is nothing to put in its place: the stream breaks instead. */
function onDeadline(state: State): Transition {
  if (state.begun && openPhase(state) === undefined) return to(state, {});
  if (!state.begun || state.response === "streaming" || state.response === "passing")
    return broken(state, { code: STATUS.DEADLINE_EXCEEDED, details: "the gRPC deadline is near" });
  return refuse(state, new RegentError("policy_timeout", "Envoy's deadline left too little time to decide."));
}

/**
 * Whether a stream was done is known from the phases alone: Envoy resets finished streams and aborted ones alike. An
 * upstream that breaks off inside a framed body (chunked, content-length, HTTP/2) is seen here only as this event, when
 * Envoy has already reset the client's stream: no error event can be sent any more, and the client has a broken
 * transfer. Where only the close delimits the body, its last chunk comes with `endOfStream` and Governance can add one.
 * Measured, with what was tried against it, in test/envoy/process-cut-answer.test.ts.
 */
function onClosed(state: State): Transition {
  const closed = { finished: true };
  if (!state.begun || state.end !== undefined) return to(state, closed, finish(undefined));
  const how = openPhase(state) === undefined ? "complete" : "aborted";
  return to(state, { ...closed, end: how }, finish(undefined), { effect: "end", how });
}
