import type { JsonObject } from "../../../exchange/json.ts";
import { readError } from "../../../formats/gemini-generate/error.ts";
import { ERROR_INFO, statusName } from "../../../formats/gemini-generate/refuse.ts";
import type { AnswerFacts, TranslatedResponse } from "../../translation.ts";
import type { Failure } from "../conversation.ts";

/** An error in place of an answer; undefined where there is none. */
export function readFailure(body: JsonObject, status: number): Failure | undefined {
  const read = readError(body);
  if (read !== undefined) return { ...read.error, status: statusOf(read.code, status) };
  return status >= 400
    ? { type: null, message: "The model's server answered with an error.", code: null, status }
    : undefined;
}

/** In a stream the status is long sent; the code is what it would have been. */
function statusOf(code: string | number | null, status: number): number {
  if (status >= 400) return status;
  return typeof code === "number" && code >= 400 && code <= 599 ? code : 500;
}

/** google.rpc.Status. The code of another provider stands where Google's reasons stand. */
export function errorObject({ status, message, code }: Failure): object {
  const details =
    code === null ? {} : { details: [{ "@type": ERROR_INFO, reason: code, domain: "upstream" }] };
  return { error: { code: status, message, status: statusName(status), ...details } };
}

export function writeFailure(failure: Failure, _facts: AnswerFacts): TranslatedResponse {
  return {
    bytes: Buffer.from(JSON.stringify(errorObject(failure))),
    contentType: "application/json",
    headers: [],
  };
}
