import type { Refusal, RenderedRefusal } from "../format.ts";

/**
 * The error object of the OpenAI API. Its clients choose the exception by the status alone and copy `code`, `param` and
 * `type` onto it; `message` becomes part of its text.
 */
export function refuse(refusal: Refusal): RenderedRefusal {
  return { contentType: "application/json", body: Buffer.from(JSON.stringify(errorObject(refusal))) };
}

/**
 * An error event without a `[DONE]`: the official clients raise an APIError on any event whose data has a member `error`.
 * The event has no name, because older clients skip events that have one.
 */
export function refuseInStream(refusal: Refusal): Buffer {
  return Buffer.from(`data: ${JSON.stringify(errorObject(refusal))}\n\n`);
}

/** What the API answers to an error. */
export function errorObject({ status, code, message }: Refusal): { readonly error: ErrorObject } {
  return { error: { message, type: errorType(status), param: null, code } };
}

type ErrorObject = {
  readonly message: string;
  readonly type: string;
  readonly param: null;
  readonly code: string;
};

/** What api.openai.com says: also an unknown key or model is an `invalid_request_error` there. */
function errorType(status: number): string {
  if (status >= 500) return "server_error";
  return TYPES.get(status) ?? "invalid_request_error";
}

const TYPES: ReadonlyMap<number, string> = new Map([
  [403, "request_forbidden"],
  [429, "insufficient_quota"],
]);
