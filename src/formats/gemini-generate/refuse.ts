import type { Refusal, RenderedRefusal } from "../format.ts";

/** The detail of google.rpc.Status that carries a reason for machines. */
export const ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo";
/** Whose reasons they are. */
export const ERROR_DOMAIN = "regent";

/**
 * The error object of Google's APIs (https://cloud.google.com/apis/design/errors). The official client raises its ApiError
 * for the HTTP status, with the whole body for its message.
 */
export function refuse(refusal: Refusal): RenderedRefusal {
  return { contentType: "application/json", body: Buffer.from(JSON.stringify(errorObject(refusal))) };
}

/** The official client raises its ApiError for an event with an `error` whose `code` is the number of a status. */
export function refuseInStream(refusal: Refusal): Buffer {
  return Buffer.from(`data: ${JSON.stringify(errorObject(refusal))}\n\n`);
}

function errorObject({ status, code, message, requestId }: Refusal): object {
  const metadata = requestId === undefined ? {} : { metadata: { request_id: requestId } };
  const info = { "@type": ERROR_INFO, reason: code, domain: ERROR_DOMAIN, ...metadata };
  return { error: { code: status, message, status: statusName(status), details: [info] } };
}

/** google.rpc.Code for an HTTP status. */
export function statusName(status: number): string {
  return STATUS_NAMES.get(status) ?? (status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT");
}

const STATUS_NAMES: ReadonlyMap<number, string> = new Map([
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
  [404, "NOT_FOUND"],
  [409, "ABORTED"],
  [410, "NOT_FOUND"],
  [429, "RESOURCE_EXHAUSTED"],
  [499, "CANCELLED"],
  [501, "UNIMPLEMENTED"],
  [502, "UNAVAILABLE"],
  [503, "UNAVAILABLE"],
  [504, "DEADLINE_EXCEEDED"],
]);
