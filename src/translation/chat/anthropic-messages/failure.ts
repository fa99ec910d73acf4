import type { JsonObject } from "../../../exchange/json.ts";
import { readError } from "../../../formats/anthropic-messages/error.ts";
import type { AnswerFacts, TranslatedResponse } from "../../translation.ts";
import type { Failure } from "../conversation.ts";

/** An error in place of an answer; undefined where there is none. In a stream its type tells the status. */
export function readFailure(body: JsonObject, status: number): Failure | undefined {
  const found = readError(body)?.error;
  if (found === undefined && status < 400) return undefined;
  const error = found ?? { type: null, message: "The model's server answered with an error.", code: null };
  return { ...error, status: status >= 400 ? status : (STATUSES.get(error.type ?? "") ?? 500) };
}

/** https://platform.claude.com/docs/en/api/errors */
const STATUSES: ReadonlyMap<string, number> = new Map([
  ["invalid_request_error", 400],
  ["authentication_error", 401],
  ["billing_error", 402],
  ["permission_error", 403],
  ["not_found_error", 404],
  ["request_too_large", 413],
  ["rate_limit_error", 429],
  ["api_error", 500],
  ["timeout_error", 504],
  ["overloaded_error", 529],
]);

const TYPES: ReadonlyMap<number, string> = new Map([...STATUSES].map(([type, status]) => [status, type]));

/** The error object of the Anthropic API; its clients look for the code in `details`. */
export function errorObject({ status, message, code }: Failure): object {
  return {
    type: "error",
    error: {
      type: TYPES.get(status) ?? (status >= 500 ? "api_error" : "invalid_request_error"),
      message,
      ...(code === null ? {} : { details: { error_code: code } }),
    },
  };
}

export function writeFailure(failure: Failure, _facts: AnswerFacts): TranslatedResponse {
  return {
    bytes: Buffer.from(JSON.stringify(errorObject(failure))),
    contentType: "application/json",
    headers: [],
  };
}
