import { RegentError } from "../../exchange/errors.ts";
import type { Exchange } from "../../exchange/exchange.ts";
import { type HttpBody, type HttpHeaders, type ProcessingRequest, unknownFields } from "../codec.ts";
import { attributeOf, exchangeFromHttpHeaders, responseHeadFrom } from "../exchange.ts";
import { headersFromMap } from "../headers.ts";
import type { AnswerOrigin, ProcessEvent } from "./events.ts";
import { announcedModes } from "./modes.ts";

/** gRPC status UNIMPLEMENTED. */
const UNIMPLEMENTED = 12;

/** The event that a message is. A member of the oneof that this version does not know is never taken for nothing. */
export function parseMessage(message: ProcessingRequest): ProcessEvent {
  switch (message.request) {
    case "requestHeaders":
      return { event: "requestHeaders", endOfStream: message.requestHeaders.endOfStream };
    case "requestBody":
      return { event: "requestBody", ...bodyOf(message.requestBody) };
    case "requestTrailers":
      return { event: "requestTrailers" };
    case "responseHeaders": {
      const { endOfStream } = message.responseHeaders;
      const head = responseHeadFrom(message.responseHeaders);
      return { event: "responseHeaders", head, endOfStream, origin: originOf(message) };
    }
    case "responseBody":
      return { event: "responseBody", ...bodyOf(message.responseBody) };
    case "responseTrailers":
      return {
        event: "responseTrailers",
        trailers: headersFromMap(message.responseTrailers.trailers).headers,
      };
    default: {
      const fields = unknownFields(message).join(", ") || "none";
      return {
        event: "broken",
        fault: { code: UNIMPLEMENTED, details: `unknown message, fields: ${fields}` },
      };
    }
  }
}

/** Envoy's `response.code_details` is `via_upstream` for what an upstream answered, and names its own reason otherwise. */
function originOf(message: ProcessingRequest): AnswerOrigin | undefined {
  const details = attributeOf(message, "response.code_details");
  if (details === undefined) return undefined;
  return details === "via_upstream" ? "upstream" : "envoy";
}

/** Member by member: what Envoy left out is a default of the prototype, which a spread would lose. */
function bodyOf({ body, endOfStream }: HttpBody): { body: Buffer; endOfStream: boolean } {
  return { body, endOfStream };
}

/**
 * What the first message of a stream says about all of it. Undefined when the stream does not begin with headers.
 * When it begins with the headers of a response, Envoy answered before the filter saw the request (a 413 of the buffer
 * filter, say): its exchange has an id, a time and the peers, and no request.
 */
export function parseOpening(message: ProcessingRequest, nowMs: number): ProcessEvent | undefined {
  if (message.request !== "requestHeaders" && message.request !== "responseHeaders") return undefined;
  const headers = message.request === "requestHeaders" ? message.requestHeaders : NO_REQUEST;
  const opened = {
    event: "opened",
    modes: announcedModes(message.protocolConfig),
    observed: message.observabilityMode,
  } as const;
  try {
    const exchange = exchangeFromHttpHeaders(message, headers, nowMs);
    return { ...opened, exchange, unreadable: undefined };
  } catch (error) {
    return {
      ...opened,
      exchange: withoutHandOver(message, headers, nowMs),
      unreadable: RegentError.from(error),
    };
  }
}

function withoutHandOver(message: ProcessingRequest, headers: HttpHeaders, nowMs: number): Exchange {
  return exchangeFromHttpHeaders({ attributes: message.attributes, metadataContext: null }, headers, nowMs);
}

const NO_REQUEST: HttpHeaders = { headers: null, attributes: {}, endOfStream: true };
