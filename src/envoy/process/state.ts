import type { RegentError } from "../../exchange/errors.ts";
import type { ExchangeEnd } from "../../exchange/exchange.ts";
import type { Headers } from "../../exchange/headers.ts";
import type { Permit } from "../../exchange/permit.ts";
import type { RequestRefusal } from "../../pipeline/governor.ts";
import type { Effect } from "./events.ts";
import type { AnnouncedModes } from "./modes.ts";

export type RequestPhase =
  | "unseen"
  | "deciding_head"
  | "held"
  | "deciding_body"
  | "permitted"
  | "local"
  /** A stream of requests, of which none has passed yet. */
  | "gathering"
  /** One, of which some have passed. */
  | "flowing"
  /** One that was ended behind those that passed. */
  | "refused";
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
  /** The body of the request passes unread, and may do so while the answer is on its way. */
  readonly passesOn: boolean;
  readonly requestBodySeen: boolean;
  /** Of a stream of requests: bytes of one came that is not whole. */
  readonly isPartial: boolean;
  /** Why a stream of requests was ended. */
  readonly refusal: RequestRefusal | undefined;
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
  passesOn: false,
  requestBodySeen: false,
  isPartial: false,
  refusal: undefined,
  responseBodySeen: false,
  wholeLength: undefined,
  end: undefined,
  finished: false,
};

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
