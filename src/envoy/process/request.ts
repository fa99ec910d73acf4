import { RegentError } from "../../exchange/errors.ts";
import type { RequestAnswer, RequestHeadAnswer } from "../../pipeline/governor.ts";
import type { MessageEvent } from "./events.ts";
import { planFault } from "./header-rules.ts";
import { modesFault, requestBodyFault, streamsRequests } from "./modes.ts";
import type { Reply } from "./reply.ts";
import { gather, isStreaming, onRequestPiece, onRequestStreamTrailers } from "./request-stream.ts";
import type { State, Transition } from "./state.ts";
import {
  broken,
  headPlanFault,
  internal,
  ownAnswer,
  refuse,
  send,
  step,
  to,
  unexpected,
} from "./transitions.ts";

export function onRequestHeaders(
  state: State,
  message: MessageEvent & { event: "requestHeaders" },
): Transition {
  if (state.request !== "unseen" || state.response !== "unseen") return unexpected(state, message);
  const deciding = { ...state, request: "deciding_head" } as const;
  if (state.unreadable !== undefined) return refuse(deciding, state.unreadable);
  const fault = modesFault(state.modes);
  if (fault !== undefined) return refuse(deciding, new RegentError("config_mismatch", fault));
  return step(deciding, { step: "requestHead", endOfStream: message.endOfStream });
}

export function onRequestBody(state: State, message: MessageEvent & { event: "requestBody" }): Transition {
  if (isStreaming(state)) return onRequestPiece(state, message);
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

export function onRequestTrailers(state: State, message: MessageEvent): Transition {
  if (isStreaming(state)) return onRequestStreamTrailers(state);
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

export function onRequestHeadAnswer(
  state: State,
  answer: RequestHeadAnswer,
  endOfStream: boolean,
): Transition {
  if (answer.kind === "answer") return ownAnswer(state, answer.answer);
  if (answer.kind === "need_body") {
    if (endOfStream) return broken(state, internal("a body is needed where there is none"));
    if (answer.streams === true && streamsRequests(state.modes)) return gather(state);
    const fault = requestBodyFault(state.modes);
    if (fault !== undefined) return refuse(state, new RegentError("config_mismatch", fault));
    return to(state, { request: "held" }, send({ reply: "hold" }));
  }
  const { permit, plan } = answer;
  // There no override to NONE is heard of.
  if (!endOfStream && streamsRequests(state.modes))
    return refuse(state, new RegentError("config_mismatch", requestBodyFault(state.modes)));
  const fault = headPlanFault(plan, state.requestHeaders);
  if (fault !== undefined) return refuse(state, new RegentError("obligation_unsupported", fault));
  const reply: Reply = { reply: "request_head", permit, plan, bodyUnread: !endOfStream };
  return to(state, { request: "permitted", permit, passesOn: answer.passesOn === true }, send(reply));
}

export function onRequestBodyAnswer(state: State, answer: RequestAnswer): Transition {
  if (answer.kind === "answer") return ownAnswer(state, answer.answer);
  const { permit, plan } = answer;
  const fault = planFault(plan, state.requestHeaders);
  if (fault !== undefined) return refuse(state, new RegentError("obligation_unsupported", fault));
  return to(state, { request: "permitted", permit }, send({ reply: "request_body", permit, plan }));
}
