import { isJsonObject, type JsonObject } from "../../../exchange/json.ts";
import { readError } from "../../../formats/openai/error.ts";
import type { AnswerFacts, TranslatedResponse } from "../../translation.ts";
import type { Failure } from "../conversation.ts";

/** An error in place of an answer; undefined where there is none. */
export function readFailure(body: JsonObject, status: number): Failure | undefined {
  const error = readError(body);
  if (error !== undefined) return { ...error.error, status: statusOf(error.error, status) };
  return status >= 400 ? { type: null, message: messageOf(body), code: null, status } : undefined;
}

/** Servers without OpenAI's error object: `{"detail": "..."}` or `{"message": "..."}`. */
function messageOf(body: JsonObject): string {
  const said = [body.message, body.detail].find((value) => typeof value === "string");
  return typeof said === "string" ? said : "The model's server answered with an error.";
}

/** In a stream the status is long sent; the code or the type tells what it would have been. */
function statusOf({ type, code }: { type: string | null; code: string | null }, status: number): number {
  if (status >= 400) return status;
  const number = Number(code);
  if (Number.isInteger(number) && number >= 400 && number <= 599) return number;
  return STATUSES.get(code ?? "") ?? STATUSES.get(type ?? "") ?? 500;
}

const STATUSES: ReadonlyMap<string, number> = new Map([
  ["invalid_request_error", 400],
  ["BadRequestError", 400],
  ["context_length_exceeded", 400],
  ["invalid_api_key", 401],
  ["authentication_error", 401],
  ["permission_error", 403],
  ["request_forbidden", 403],
  ["model_not_found", 404],
  ["not_found_error", 404],
  ["NotFoundError", 404],
  ["rate_limit_exceeded", 429],
  ["rate_limit_error", 429],
  ["insufficient_quota", 429],
  ["requests", 429],
  ["tokens", 429],
  ["overloaded_error", 503],
]);

/** The error object of the OpenAI API. Its clients choose the exception by the status. */
export function errorObject({ status, type, message, code }: Failure): object {
  return { error: { message, type: errorType(status, type), param: null, code: code ?? codeOf(status) } };
}

export function writeFailure(failure: Failure, _facts: AnswerFacts): TranslatedResponse {
  return {
    bytes: Buffer.from(JSON.stringify(errorObject(failure))),
    contentType: "application/json",
    headers: [],
  };
}

/** What api.openai.com says: an unknown key or model is an `invalid_request_error` there too. */
function errorType(status: number, type: string | null): string {
  if (status >= 500) return "server_error";
  if (status === 429) return type === "insufficient_quota" ? type : "rate_limit_error";
  return status === 403 ? "permission_error" : "invalid_request_error";
}

function codeOf(status: number): string | null {
  return CODES.get(status) ?? null;
}

const CODES: ReadonlyMap<number, string> = new Map([
  [401, "invalid_api_key"],
  [429, "rate_limit_exceeded"],
]);

/** Whether a chunk or a body is an error and nothing else. */
export function isFailure(body: JsonObject): boolean {
  return isJsonObject(body.error) || typeof body.error === "string" || body.object === "error";
}
