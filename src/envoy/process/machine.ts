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
 * From every state: an own answer of Regent's ends in `refused`, a broken protocol in `finished` with an error, the
 * stream's close in `finished`. `end` is set once, with the effect of the same name, and never changes.
 */
import { RegentError } from "../../exchange/errors.ts";
import type { ExchangeEnd, ResponseHead } from "../../exchange/exchange.ts";
import type { Headers } from "../../exchange/headers.ts";
import type { Permit } from "../../exchange/permit.ts";
import type { OwnAnswer, Plan } from "../../exchange/plan.ts";
import type {
  ChunkAnswer,
  RequestAnswer,
  RequestHeadAnswer,
  ResponseAnswer,
  ResponseHeadAnswer,
} from "../../pipeline/governor.ts";
import { BodySendMode } from "../codec.ts";
import type { Answered, AnswerOrigin, Effect, Fault, MessageEvent, ProcessEvent, Step } from "./events.ts";
import { declaredLength, ownAnswerFault, planFault } from "./header-rules.ts";
import { type AnnouncedModes, modesFault, requestBodyFault, responseBodyFault } from "./modes.ts";
import type { Reply } from "./reply.ts";

export type RequestPhase = "unseen" | "deciding_head" | "held" | "deciding_body" | "permitted" | "local";
export type ResponsePhase =
  | "unseen"
  | "deciding_head"
  | "unread"
  | "whole"
  | "deciding_body"
  /** FULL_DUPLEX_STREAMED. */
  | "streaming"
  /** STREAMED: a reply for each piece. */
  | "passing"
  | "answered";

export type State = {
  readonly request: RequestPhase;
  readonly response: ResponsePhase;
  readonly modes: AnnouncedModes | undefined;
  /** Envoy runs the filter in observability mode: it takes no reply and waits for none. */
  readonly observed: boolean;
  /** Whether Governance was begun, so that it must be ended. */
  readonly begun: boolean;
  readonly exchangeId: string;
  /** ext_authz says in its hand-over that it refused. */
  readonly deniedBefore: boolean;
  readonly unreadable: RegentError | undefined;
  readonly requestHeaders: Headers;
  readonly responseHeaders: Headers;
  readonly permit: Permit | undefined;
  /** What the running step answers is for this message. */
  readonly replyTo: "chunk" | "trailers";
  readonly requestBodySeen: boolean;
  readonly responseBodySeen: boolean;
  /** Bytes of the buffered answer, as its content-length; undefined when trailers follow it. */
  readonly wholeLength: string | undefined;
  readonly end: ExchangeEnd | undefined;
  readonly finished: boolean;
};

export type Transition = { readonly state: State; readonly effects: readonly Effect[] };

/** gRPC status codes, https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export const STATUS = { CANCELLED: 1, DEADLINE_EXCEEDED: 4, FAILED_PRECONDITION: 9, INTERNAL: 13 } as const;

const NO_HEADERS: Headers = new Map();

export const INITIAL: State = {
  request: "unseen",
  response: "unseen",
  modes: undefined,
  observed: false,
  begun: false,
  exchangeId: "",
  deniedBefore: false,
  unreadable: undefined,
  requestHeaders: NO_HEADERS,
  responseHeaders: NO_HEADERS,
  permit: undefined,
  replyTo: "chunk",
  requestBodySeen: false,
  responseBodySeen: false,
  wholeLength: undefined,
  end: undefined,
  finished: false,
};

/** Never throws. After `finished` nothing has an effect. */
export function reduce(state: State, event: ProcessEvent): Transition {
  if (state.finished) return to(state, {});
  switch (event.event) {
    case "opened":
      return onOpened(state, event);
    case "answered":
      return onAnswered(state, event.answered);
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

/**
 * The governed phase that was not answered, undefined when there is none left. `finish.ts` ends a stream cleanly only
 * then: to Envoy a clean end says that all the rest may pass.
 */
export function openPhase(state: State): string | undefined {
  if (state.end !== undefined)
    return state.end === "failed" || state.end === "aborted" ? state.end : undefined;
  if (state.request !== "permitted") return `request ${state.request}`;
  return state.response === "unread" ? undefined : `response ${state.response}`;
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

function onRequestHeaders(state: State, message: MessageEvent & { event: "requestHeaders" }): Transition {
  if (state.request !== "unseen" || state.response !== "unseen") return unexpected(state, message);
  const deciding = { ...state, request: "deciding_head" } as const;
  if (state.unreadable !== undefined) return refuse(deciding, state.unreadable);
  const fault = modesFault(state.modes);
  if (fault !== undefined) return refuse(deciding, new RegentError("config_mismatch", fault));
  return step(deciding, { step: "requestHead", endOfStream: message.endOfStream });
}

function onRequestBody(state: State, message: MessageEvent & { event: "requestBody" }): Transition {
  if (state.request === "held") {
    const deciding = { ...state, request: "deciding_body", requestBodySeen: true } as const;
    return step(deciding, { step: "requestBody", body: message.body });
  }
  if (state.permit === undefined || state.request !== "permitted") return unexpected(state, message);
  // An end of stream said twice (envoy #46237) is answered once; Envoy does not wait for the second answer.
  if (state.requestBodySeen) return message.endOfStream ? to(state, {}) : unexpected(state, message);
  return to(
    state,
    { requestBodySeen: message.endOfStream },
    send({ reply: "request_rest", permit: state.permit, part: "requestBody" }),
  );
}

function onRequestTrailers(state: State, message: MessageEvent): Transition {
  // HTTP/2 headers, no data, then trailers: Envoy never sends a body message, and were trailers not sent either
  // (request_trailer_mode SKIP), it would let the held request go to the upstream undecided.
  if (state.request === "held")
    return refuse(
      state,
      new RegentError("body_invalid", "The request has trailers where its body should be."),
    );
  if (state.permit === undefined || state.request !== "permitted") return unexpected(state, message);
  return to(state, {}, send({ reply: "request_rest", permit: state.permit, part: "requestTrailers" }));
}

function onResponseHeaders(state: State, message: MessageEvent & { event: "responseHeaders" }): Transition {
  const { head, endOfStream, origin } = message;
  if (state.response !== "unseen") return unexpected(state, message);
  if (state.request === "unseen" || state.request === "held") return onUndecidedResponse(state, head, origin);
  if (state.request !== "permitted") return unexpected(state, message);
  const deciding = { ...state, response: "deciding_head", responseHeaders: head.headers } as const;
  const said = origin === undefined ? head : { ...head, origin };
  return step(deciding, { step: "responseHead", head: said, endOfStream });
}

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

function onLocalRest(state: State, message: MessageEvent): Transition {
  if (message.event !== "responseBody" && message.event !== "responseTrailers")
    return unexpected(state, message);
  return to(state, {}, send({ reply: "response_rest", part: message.event }));
}

function onResponseBody(state: State, message: MessageEvent & { event: "responseBody" }): Transition {
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

function onResponseTrailers(state: State, message: MessageEvent): Transition {
  if (state.response === "streaming" || state.response === "passing")
    return step(
      { ...state, replyTo: "trailers" },
      { step: "responseChunk", chunk: Buffer.alloc(0), endOfStream: true },
    );
  if (state.response !== "unread") return unexpected(state, message);
  return to(state, {}, send({ reply: "response_rest", part: "responseTrailers" }));
}

function onAnswered(state: State, answered: Answered): Transition {
  // The deadline was faster than the step.
  if (state.end !== undefined) return to(state, {});
  switch (answered.step) {
    case "requestHead":
      return onRequestHeadAnswer(state, answered.answer, answered.endOfStream);
    case "requestBody":
      return onRequestBodyAnswer(state, answered.answer);
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

function onRequestHeadAnswer(state: State, answer: RequestHeadAnswer, endOfStream: boolean): Transition {
  if (answer.kind === "answer") return ownAnswer(state, answer.answer);
  if (answer.kind === "need_body") {
    if (endOfStream) return broken(state, internal("a body is needed where there is none"));
    const fault = requestBodyFault(state.modes);
    if (fault !== undefined) return refuse(state, new RegentError("config_mismatch", fault));
    return to(state, { request: "held" }, send({ reply: "hold" }));
  }
  const { permit, plan } = answer;
  const fault = headPlanFault(plan, state.requestHeaders);
  if (fault !== undefined) return refuse(state, new RegentError("obligation_unsupported", fault));
  const reply: Reply = { reply: "request_head", permit, plan, bodyUnread: !endOfStream };
  return to(state, { request: "permitted", permit }, send(reply));
}

function onRequestBodyAnswer(state: State, answer: RequestAnswer): Transition {
  if (answer.kind === "answer") return ownAnswer(state, answer.answer);
  const { permit, plan } = answer;
  const fault = planFault(plan, state.requestHeaders);
  if (fault !== undefined) return refuse(state, new RegentError("obligation_unsupported", fault));
  return to(state, { request: "permitted", permit }, send({ reply: "request_body", permit, plan }));
}

function onResponseHeadAnswer(state: State, answer: ResponseHeadAnswer, endOfStream: boolean): Transition {
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
  return to(state, { response }, send({ reply: "response_head", plan, body, contentLength }));
}

function onResponseBodyAnswer(state: State, answer: ResponseAnswer): Transition {
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
function onChunkAnswer(state: State, answer: ChunkAnswer, endOfStream: boolean): Transition {
  const { bytes, metadata } = answer;
  if (state.response === "passing") return onPassedChunk(state, answer, endOfStream);
  if (state.replyTo === "trailers") {
    const last: Effect[] = bytes.length === 0 ? [] : [send({ reply: "chunk", bytes, endOfStream: false })];
    return complete(state, ...last, send({ reply: "response_rest", part: "responseTrailers" }));
  }
  if (endOfStream || answer.end)
    return complete(state, send({ reply: "chunk", bytes, endOfStream: true, metadata }));
  return to(state, {}, send({ reply: "chunk", bytes, endOfStream: false }));
}

/**
 * A piece of a STREAMED answer has one reply, whatever is in it. An early end cannot be said: what is left to say goes
 * out in the place of the piece, and the error status behind it makes Envoy break the client's transfer and close the
 * upstream's, so that what is cut off never looks whole.
 */
function onPassedChunk(
  state: State,
  { bytes, end, metadata }: ChunkAnswer,
  endOfStream: boolean,
): Transition {
  if (state.replyTo === "trailers") {
    // Trailers are the end, and no byte can be put in front of them any more.
    if (bytes.length > 0)
      return broken(state, { code: STATUS.CANCELLED, details: "held back until trailers" });
    return complete(state, send({ reply: "response_rest", part: "responseTrailers" }));
  }
  const reply = send({ reply: "passed_chunk", bytes, metadata });
  if (endOfStream) return complete(state, reply);
  if (!end) return to(state, {}, reply);
  const fault = { code: STATUS.CANCELLED, details: "the answer ends early" };
  return to(state, { response: "answered", end: "complete", finished: true }, reply, finish(fault), {
    effect: "end",
    how: "complete",
  });
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

function refused(state: State, answer: OwnAnswer): Transition {
  const fault = ownAnswerFault(answer);
  if (fault !== undefined) return broken(state, internal(fault));
  return to(state, { end: "refused" }, send({ reply: "own", answer }), { effect: "end", how: "refused" });
}

function ownAnswer(state: State, answer: OwnAnswer): Transition {
  const fault = ownAnswerFault(answer);
  return fault === undefined
    ? refused(state, answer)
    : refuse(state, new RegentError("policy_output_invalid", fault));
}

function refuse(state: State, error: RegentError): Transition {
  return step(state, { step: "refuse", error });
}

function complete(state: State, ...effects: Effect[]): Transition {
  return to(state, { response: "answered", end: "complete" }, ...effects, { effect: "end", how: "complete" });
}

function unexpected(state: State, message: MessageEvent, because?: string): Transition {
  const phase = `request ${state.request}, response ${state.response}`;
  const details = `unexpected ${message.event} at ${because ?? phase}`;
  return broken(state, { code: STATUS.FAILED_PRECONDITION, details });
}

function broken(state: State, fault: Fault): Transition {
  const ending = state.begun && state.end === undefined;
  const effects: Effect[] = ending ? [{ effect: "end", how: "failed" }] : [];
  const end = ending ? "failed" : state.end;
  return to(state, { end, finished: true }, finish(fault), ...effects);
}

function internal(details: string): Fault {
  return { code: STATUS.INTERNAL, details };
}

/** The body is not there yet when a head is answered, so a plan for it cannot change it. */
function headPlanFault(plan: Plan, present: Headers): string | undefined {
  return plan.body === undefined
    ? planFault(plan, present)
    : "A body cannot be changed where only the head is seen.";
}

function to(state: State, patch: Partial<State>, ...effects: Effect[]): Transition {
  return { state: { ...state, ...patch }, effects };
}

function step(state: State, next: Step): Transition {
  return { state, effects: [{ effect: "step", step: next }] };
}

function send(reply: Reply): Effect {
  return { effect: "send", reply };
}

function finish(fault: Fault | undefined): Effect {
  return { effect: "finish", fault };
}
