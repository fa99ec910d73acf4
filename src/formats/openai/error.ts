import type { AnswerError } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";

/** An error and its code as on the wire: OpenRouter and vLLM send numbers. */
export type ReadError = { readonly error: AnswerError; readonly code: string | number | null };

/** The error in a body or an event: an object or a text under `error`, or vLLM's older flat form. */
export function readError(body: JsonObject): ReadError | undefined {
  const { error } = body;
  if (isJsonObject(error)) return errorOf(error);
  if (typeof error === "string") return errorOf({ message: error });
  return body.object === "error" ? errorOf(body) : undefined;
}

/** Reads an object that is known to be an error. */
export function errorOf(error: JsonObject): ReadError {
  const code = typeof error.code === "string" || typeof error.code === "number" ? error.code : null;
  return {
    error: {
      type: textOf(error.type),
      message: textOf(error.message) ?? "",
      code: code === null ? null : String(code),
    },
    code,
  };
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}
