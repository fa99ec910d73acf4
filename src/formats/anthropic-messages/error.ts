import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { member } from "../loose.ts";
import type { ReadError } from "../openai/error.ts";

/**
 * The error in a body or an event: `{"type": "error", "error": {"type", "message"}}`. Its code is in `details`, where
 * the official clients look for it; gateways that speak several dialects put it beside the message.
 */
export function readError(body: JsonObject): ReadError | undefined {
  const { error } = body;
  if (isJsonObject(error)) return errorOf(error);
  if (typeof error === "string") return errorOf({ message: error });
  return body.type === "error" ? errorOf(body) : undefined;
}

function errorOf(error: JsonObject): ReadError {
  const code = [error.code, member(error.details, "error_code")].find(
    (value) => typeof value === "string" || typeof value === "number",
  ) as string | number | undefined;
  return {
    error: {
      type: textOf(error.type),
      message: textOf(error.message) ?? "",
      code: code === undefined ? null : String(code),
    },
    code: code ?? null,
  };
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}
