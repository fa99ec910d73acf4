import type { Headers } from "../../../exchange/headers.ts";
import type { JsonObject } from "../../../exchange/json.ts";
import { readError } from "../../../formats/bedrock-converse/error.ts";
import { exception, exceptionInStream } from "../../../formats/bedrock-converse/refuse.ts";
import type { ReadError } from "../../../formats/openai/error.ts";
import type { AnswerFacts, TranslatedResponse } from "../../translation.ts";
import type { Failure } from "../conversation.ts";

/** An error in place of an answer; undefined where there is none. */
export function readFailure(body: JsonObject, headers: Headers, status: number): Failure | undefined {
  if (body.output !== undefined && status < 400) return undefined;
  const found = readError(body, headers);
  if (found === undefined && status < 400) return undefined;
  return failureOf(found, status);
}

/** In a stream the exception's name tells the status. */
export function failureOf(found: ReadError | undefined, status: number): Failure {
  const error = found?.error ?? {
    type: null,
    message: "The model's server answered with an error.",
    code: null,
  };
  const name = (error.type ?? "").toLowerCase();
  return { ...error, status: status >= 400 ? status : (STATUSES.get(name) ?? 500) };
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors */
const STATUSES: ReadonlyMap<string, number> = new Map([
  ["accessdeniedexception", 403],
  ["internalserverexception", 500],
  ["modelerrorexception", 424],
  ["modelnotreadyexception", 429],
  ["modelstreamerrorexception", 424],
  ["modeltimeoutexception", 408],
  ["resourcenotfoundexception", 404],
  ["servicequotaexceededexception", 400],
  ["serviceunavailableexception", 503],
  ["throttlingexception", 429],
  ["validationexception", 400],
]);

export function writeFailure(failure: Failure, _facts: AnswerFacts): TranslatedResponse {
  const { body, contentType, headers } = exception(failure);
  return { bytes: body, contentType, headers: headers ?? [] };
}

/** What an upstream says about its error is cut here, so that it fits into one message however it is escaped. */
export const FAILURE_CHARS_MAX = 100_000;

/** The message that ends a stream with an exception. */
export function failureMessage(failure: Failure): Buffer {
  return exceptionInStream({ ...failure, message: failure.message.slice(0, FAILURE_CHARS_MAX) });
}
