import type { ErrorCode } from "../../exchange/errors.ts";
import type { HeaderField } from "../../exchange/headers.ts";
import type { JsonObject } from "../../exchange/json.ts";
import { DECISION_ID_HEADER, REASON_HEADER } from "../../exchange/names.ts";
import type { Permit } from "../../exchange/permit.ts";
import type { OwnAnswer, Plan } from "../../exchange/plan.ts";
import {
  HeaderAppendAction,
  type HeaderMutation,
  type HeaderValueOption,
  type Init,
  type ProcessingResponse,
} from "../codec.ts";
import { structFromJson } from "../struct.ts";
import { BODY_UNREAD, OVERRIDES, overrideFor, type RequestsKind, type ResponseBodyKind } from "./modes.ts";

/** What the reducer says to Envoy. Whatever lets a request go on, or the rest of one, takes the permit. */
export type Reply =
  /** The request stays where it is until its buffered body was judged. */
  | { readonly reply: "hold" }
  | {
      readonly reply: "request_head";
      readonly permit: Permit;
      readonly plan: Plan;
      /** A body follows, and goes on without being looked at. */
      readonly bodyUnread: boolean;
    }
  | { readonly reply: "request_body"; readonly permit: Permit; readonly plan: Plan }
  /** What leaves of a stream of requests: one that was judged, or its end. */
  | {
      readonly reply: "request_chunk";
      readonly permit: Permit;
      readonly bytes: Buffer;
      readonly endOfStream: boolean;
    }
  /** A later part of a request that was permitted: passed on as it is. */
  | {
      readonly reply: "request_rest";
      readonly permit: Permit;
      readonly part: "requestBody" | "requestTrailers";
    }
  | {
      readonly reply: "response_head";
      readonly plan: Plan;
      readonly body: ResponseBodyKind;
      readonly requests: RequestsKind;
      /** Put back where the configured body mode made Envoy take it away. */
      readonly contentLength: string | undefined;
    }
  /** The head of an answer that Envoy gave itself. */
  | { readonly reply: "local_head"; readonly decisionId: string; readonly denied: boolean }
  | { readonly reply: "response_body"; readonly plan: Plan; readonly contentLength: string | undefined }
  | {
      readonly reply: "chunk";
      readonly bytes: Buffer;
      readonly endOfStream: boolean;
      readonly metadata?: JsonObject | undefined;
    }
  /** What goes out in the place of a piece of a STREAMED answer. */
  | {
      readonly reply: "passed_chunk";
      readonly bytes: Buffer;
      readonly metadata?: JsonObject | undefined;
    }
  /** A later part of an answer that is not read, or of one that Envoy gave itself. */
  | {
      readonly reply: "response_rest";
      readonly part: "responseHeaders" | "responseBody" | "responseTrailers";
    }
  /** The trailers of an answer, in which the status is another one. */
  | { readonly reply: "response_trailers"; readonly set: readonly HeaderField[] }
  | { readonly reply: "own"; readonly answer: OwnAnswer };

/** The one place where plans become messages. What it is given was checked by `header-rules.ts`. */
export function renderReply(reply: Reply): Init<ProcessingResponse> {
  switch (reply.reply) {
    case "hold":
      return { requestHeaders: {} };
    case "request_head":
      return {
        requestHeaders: { response: renderPlan(reply.plan, undefined) },
        ...(reply.bodyUnread ? { modeOverride: BODY_UNREAD } : {}),
        ...renderMetadata(reply.plan),
      };
    case "request_body": {
      const length = reply.plan.body === undefined ? undefined : String(reply.plan.body.length);
      return { requestBody: { response: renderPlan(reply.plan, length) }, ...renderMetadata(reply.plan) };
    }
    case "request_chunk":
      return { requestBody: { response: renderStreamed(reply) } };
    case "request_rest":
      return reply.part === "requestBody" ? { requestBody: {} } : { requestTrailers: {} };
    case "response_head":
      return {
        responseHeaders: { response: renderPlan(withoutLength(reply), reply.contentLength) },
        ...renderOverride(reply),
        ...renderMetadata(reply.plan),
      };
    case "local_head":
      return { responseHeaders: { response: renderPlan(localPlan(reply), undefined) } };
    case "response_body":
      return {
        responseBody: { response: renderPlan(reply.plan, reply.contentLength) },
        ...renderMetadata(reply.plan),
      };
    case "chunk":
      return {
        responseBody: { response: renderStreamed(reply) },
        ...renderMetadata({ metadata: reply.metadata ?? {} }),
      };
    case "passed_chunk": {
      const bodyMutation = reply.bytes.length === 0 ? { clearBody: true } : { body: reply.bytes };
      return {
        responseBody: { response: { bodyMutation } },
        ...renderMetadata({ metadata: reply.metadata ?? {} }),
      };
    }
    case "response_rest":
      return renderResponseRest(reply.part);
    case "response_trailers":
      return { responseTrailers: { headerMutation: renderHeaders([], reply.set) } };
    case "own":
      return renderOwnAnswer(reply.answer);
  }
}

function renderOverride({ body, requests }: Reply & { reply: "response_head" }): Init<ProcessingResponse> {
  return body === "chunks" ? {} : { modeOverride: overrideFor(body, requests) };
}

function renderStreamed({ bytes, endOfStream }: { readonly bytes: Buffer; readonly endOfStream: boolean }) {
  return { headerMutation: SEAL, bodyMutation: { streamedResponse: { body: bytes, endOfStream } } };
}

/** Envoy's own answer names its record too, and says so where it is a denial of ext_authz. */
function localPlan({ decisionId, denied }: { decisionId: string; denied: boolean }): Plan {
  const reason: HeaderField[] = denied ? [[REASON_HEADER, "ext_authz_denied" satisfies ErrorCode]] : [];
  const set: HeaderField[] = [[DECISION_ID_HEADER, decisionId], ...reason];
  return { headers: { remove: [], set }, clearRouteCache: false, metadata: {} };
}

/**
 * A change that Envoy refuses with an error as soon as it looks at it: the name is none. In FULL_DUPLEX_STREAMED mode it
 * does not look. Had Envoy ignored the override to that mode, it would accept a `streamed_response` to a body that it
 * holds whole, drop it without a word and send the original to the client (measured with 1.40). With the seal it
 * answers 500 instead.
 */
const SEAL: Init<HeaderMutation> = renderHeaders([], [["only in FULL_DUPLEX_STREAMED", ""]]);

function renderResponseRest(
  part: "responseHeaders" | "responseBody" | "responseTrailers",
): Init<ProcessingResponse> {
  switch (part) {
    case "responseHeaders":
      return { responseHeaders: {}, modeOverride: OVERRIDES.none };
    case "responseBody":
      return { responseBody: {} };
    case "responseTrailers":
      return { responseTrailers: {} };
  }
}

/** A stream may be ended early or get an event more than the upstream sent, so it has no length. */
function withoutLength({ plan, body }: { plan: Plan; body: ResponseBodyKind }): Plan {
  if (body !== "stream" && body !== "chunks") return plan;
  const { remove, set } = plan.headers;
  return { ...plan, headers: { remove: [...remove, "content-length"], set } };
}

function renderPlan(plan: Plan, contentLength: string | undefined) {
  const length: readonly [string, string][] =
    contentLength === undefined ? [] : [["content-length", contentLength]];
  const path: readonly [string, string][] = plan.path === undefined ? [] : [[":path", plan.path]];
  const set = plan.headers.set.filter(
    ([name]) => length.length === 0 || name.toLowerCase() !== "content-length",
  );
  return {
    headerMutation: renderHeaders(plan.headers.remove, [...set, ...length, ...path]),
    ...(plan.body === undefined ? {} : { bodyMutation: { body: plan.body } }),
    clearRouteCache: plan.clearRouteCache,
  };
}

function renderHeaders(
  removeHeaders: readonly string[],
  set: readonly (readonly [name: string, value: string])[],
): Init<HeaderMutation> {
  return { removeHeaders, setHeaders: set.map(([name, value]) => renderHeader(name, value)) };
}

/**
 * `raw_value`, because Envoy takes `value` for an empty header. Both ways of saying "overwrite", because Envoy 1.40 goes by `append`
 * alone and later versions by `append_action`: an appended value would leave the client's own one beside Regent's.
 */
function renderHeader(name: string, value: string): Init<HeaderValueOption> {
  return {
    header: { key: name.toLowerCase(), rawValue: Buffer.from(value) },
    append: { value: false },
    appendAction: HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
  };
}

/** The namespace of Regent's dynamic metadata; Envoy keeps it when `receiving_namespaces` lists it. */
const METADATA_NAMESPACE = "regent";

function renderMetadata({ metadata }: Pick<Plan, "metadata">): Init<ProcessingResponse> {
  if (Object.keys(metadata).length === 0) return {};
  return { dynamicMetadata: structFromJson({ [METADATA_NAMESPACE]: metadata }) };
}

function renderOwnAnswer(answer: OwnAnswer): Init<ProcessingResponse> {
  return {
    immediateResponse: {
      status: { code: answer.status },
      headers: renderHeaders([], answer.headers),
      body: answer.body,
      ...(answer.grpcStatus === undefined ? {} : { grpcStatus: { status: answer.grpcStatus } }),
      details: answer.details,
    },
  };
}
