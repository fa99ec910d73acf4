import type { ResponseBodyMode } from "../../pipeline/governor.ts";
import {
  BodySendMode,
  HeaderSendMode,
  type Init,
  type ProcessingMode,
  type ProtocolConfiguration,
} from "../codec.ts";

/** What Envoy says in the first message of a stream about how its filter is configured. */
export type AnnouncedModes = {
  readonly requestBody: number;
  readonly responseBody: number;
  /** `send_body_without_waiting_for_header_response`: with it Envoy ignores overrides of the mode. */
  readonly bodyUnasked: boolean;
};

/** How much of an answer Governance wants to see, and how. */
export type ResponseBodyKind = ResponseBodyMode;

/** Undefined when Envoy announces nothing, as versions before 1.33 do. */
export function announcedModes(config: ProtocolConfiguration | null): AnnouncedModes | undefined {
  if (config === null) return undefined;
  return {
    requestBody: config.requestBodyMode,
    responseBody: config.responseBodyMode,
    bodyUnasked: config.sendBodyWithoutWaitingForHeaderResponse,
  };
}

const REQUEST_MODES: ReadonlySet<number> = new Set([
  BodySendMode.NONE,
  BodySendMode.BUFFERED,
  BodySendMode.FULL_DUPLEX_STREAMED,
]);
const RESPONSE_MODES: ReadonlySet<number> = new Set([
  BodySendMode.NONE,
  BodySendMode.STREAMED,
  BodySendMode.BUFFERED,
]);

/**
 * Why a stream cannot be governed at all, as a sentence for the operator; undefined when it can.
 * FULL_DUPLEX_STREAMED answers from the configuration cannot be overridden down, GRPC sends nothing for plain HTTP,
 * BUFFERED_PARTIAL shows a prefix, and STREAMED requests have reached the upstream before they are judged. Those in
 * FULL_DUPLEX_STREAMED have not: Envoy holds their head. They are refused where they are no stream of requests.
 */
export function modesFault(modes: AnnouncedModes | undefined): string | undefined {
  if (modes === undefined)
    return "Envoy does not announce its body modes (protocol_config): use 1.33 or newer.";
  if (!REQUEST_MODES.has(modes.requestBody))
    return `request_body_mode is ${modeName(modes.requestBody)}, it must be BUFFERED.`;
  if (!RESPONSE_MODES.has(modes.responseBody))
    return `response_body_mode is ${modeName(modes.responseBody)}, it must be STREAMED.`;
  if (modes.bodyUnasked) return "send_body_without_waiting_for_header_response must be off.";
  return undefined;
}

/** Whether request bodies come piece by piece, with their head held until it is answered. */
export function streamsRequests(modes: AnnouncedModes | undefined): boolean {
  return modes?.requestBody === BodySendMode.FULL_DUPLEX_STREAMED;
}

/** Why the request body cannot be had whole before the request goes on. */
export function requestBodyFault(modes: AnnouncedModes | undefined): string | undefined {
  if (modes?.requestBody === BodySendMode.BUFFERED) return undefined;
  return `request_body_mode is ${modeName(modes?.requestBody)}, it must be BUFFERED for a body that is governed.`;
}

/**
 * Why an answer's body cannot be had as asked for. Envoy ignores a `mode_override` that its configuration does not
 * allow, and says nothing. Measured with 1.40, what then happens with the configured mode:
 * - NONE: the answer passes unseen, and the stream is closed before anything can be done about it. So NONE is refused.
 * - BUFFERED: the whole body comes in one message, which is right where it was asked for; where `stream` was, the seal
 *   of `reply.ts` makes Envoy answer 500.
 * - STREAMED: chunks come. A first one that is not also the last shows that the body is not BUFFERED, and a
 *   `streamed_response` to one breaks the transfer. What came before the head was answered comes as with BUFFERED.
 *   Where pieces are asked for as they come, STREAMED is what is wanted: nothing is overridden, and nothing else will do.
 */
export function responseBodyFault(
  modes: AnnouncedModes | undefined,
  kind: ResponseBodyKind,
): string | undefined {
  const mode = modes?.responseBody;
  if (kind === "chunks" && mode !== BodySendMode.STREAMED)
    return `response_body_mode is ${modeName(mode)}, it must be STREAMED where answers pass as they come.`;
  if (kind === "none" || mode === BodySendMode.STREAMED || mode === BodySendMode.BUFFERED) return undefined;
  return `response_body_mode is ${modeName(mode)}, it must be STREAMED for an answer that is governed.`;
}

/**
 * What Regent sends as `mode_override` in its reply to response headers. Every field is spelt out: Envoy 1.40 compares
 * all of them but `request_header_mode` with `allowed_override_modes`, after it has put the configured value in the
 * place of some that are DEFAULT, so that a list that leaves a field out may match nothing.
 * `response_trailer_mode` SEND is a condition of FULL_DUPLEX_STREAMED.
 */
export const OVERRIDES: Overrides = overridesFor(BodySendMode.BUFFERED);

/** The same where requests are streamed, which goes on while an answer is on its way. */
export const OVERRIDES_OF_STREAMS: Overrides = overridesFor(BodySendMode.FULL_DUPLEX_STREAMED);

type Overrides = Readonly<Record<Exclude<ResponseBodyKind, "chunks">, Init<ProcessingMode>>>;

function overridesFor(requestBodyMode: number): Overrides {
  return {
    none: override(requestBodyMode, BodySendMode.NONE, HeaderSendMode.SKIP),
    buffered: override(requestBodyMode, BodySendMode.BUFFERED, HeaderSendMode.SKIP),
    stream: override(requestBodyMode, BodySendMode.FULL_DUPLEX_STREAMED, HeaderSendMode.SEND),
  };
}

/**
 * What is sent as `mode_override` in the reply to request headers where the body need not be seen. Where Envoy ignores it,
 * the body comes all the same and is passed on as it is.
 */
export const BODY_UNREAD: Init<ProcessingMode> = {
  ...override(BodySendMode.NONE, BodySendMode.STREAMED, HeaderSendMode.SKIP),
};

/**
 * The same where the body need not be seen and is still on its way: Envoy takes over the mode of the request as well, and
 * what was left of a body that was let go unseen would be held back until its end.
 */
export const BOTH_UNREAD: Init<ProcessingMode> = override(
  BodySendMode.NONE,
  BodySendMode.NONE,
  HeaderSendMode.SKIP,
);

/** How the body of a request comes while its answer is on its way. */
export type RequestsKind =
  /** It came before. */
  | "whole"
  /** Piece by piece. */
  | "streamed"
  /** Past Regent. */
  | "unread";

/** What is sent as `mode_override` in the reply to response headers. */
export function overrideFor(
  body: Exclude<ResponseBodyKind, "chunks">,
  requests: RequestsKind,
): Init<ProcessingMode> {
  if (requests === "streamed") return OVERRIDES_OF_STREAMS[body];
  return requests === "unread" && body === "none" ? BOTH_UNREAD : OVERRIDES[body];
}

function override(
  requestBodyMode: number,
  responseBodyMode: number,
  responseTrailerMode: number,
): Init<ProcessingMode> {
  return {
    requestHeaderMode: HeaderSendMode.SEND,
    responseHeaderMode: HeaderSendMode.SEND,
    requestBodyMode,
    requestTrailerMode: HeaderSendMode.SEND,
    responseBodyMode,
    responseTrailerMode,
  };
}

/** The name in the proto, or the number of a mode from the future. */
function modeName(mode: number | undefined): string {
  const entry = Object.entries(BodySendMode).find(([, value]) => value === mode);
  return entry?.[0] ?? (mode === undefined ? "not announced" : String(mode));
}
