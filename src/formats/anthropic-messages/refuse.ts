import type { Refusal, RenderedRefusal } from "../format.ts";

/**
 * The error object of the Anthropic API (https://platform.claude.com/docs/en/api/errors). Its clients choose the
 * exception by the status, and copy onto it the type, `details.error_code`, and the id from the header `request-id`.
 */
export function refuse(refusal: Refusal): RenderedRefusal {
  const { requestId } = refusal;
  return {
    contentType: "application/json",
    body: Buffer.from(JSON.stringify(errorObject(refusal))),
    headers: requestId === undefined ? [] : [["request-id", requestId]],
  };
}

/** An `error` event without a `message_stop`: the official clients raise an APIError on it. */
export function refuseInStream(refusal: Refusal): Buffer {
  return Buffer.from(`event: error\ndata: ${JSON.stringify(errorObject(refusal))}\n\n`);
}

function errorObject({ status, code, message, requestId }: Refusal): object {
  return {
    type: "error",
    error: { type: errorType(status), message, details: { error_code: code } },
    ...(requestId === undefined ? {} : { request_id: requestId }),
  };
}

function errorType(status: number): string {
  return TYPES.get(status) ?? (status >= 500 ? "api_error" : "invalid_request_error");
}

/** What api.anthropic.com says for a status. */
const TYPES: ReadonlyMap<number, string> = new Map([
  [401, "authentication_error"],
  [402, "billing_error"],
  [403, "permission_error"],
  [404, "not_found_error"],
  [413, "request_too_large"],
  [429, "rate_limit_error"],
  [504, "timeout_error"],
  [529, "overloaded_error"],
]);
