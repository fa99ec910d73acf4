import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { ReadError } from "../openai/error.ts";
import { ERROR_DOMAIN, ERROR_INFO } from "./refuse.ts";

/**
 * The error in a body or an event: `{"error": {"code", "message", "status", "details"}}` of google.rpc.Status
 * (https://cloud.google.com/apis/design/errors).
 */
export function readError({ error }: JsonObject): ReadError | undefined {
  if (typeof error === "string") return errorOf({ message: error });
  return isJsonObject(error) ? errorOf(error) : undefined;
}

function errorOf(error: JsonObject): ReadError {
  const { code, message, status } = error;
  const own = ownCode(error.details);
  return {
    // The number only repeats the HTTP status; the name of it says more.
    error: {
      type: typeof status === "string" ? status : null,
      message: typeof message === "string" ? message : "",
      code: own ?? null,
    },
    code: own ?? (typeof code === "number" || typeof code === "string" ? code : null),
  };
}

/** The code of a refusal of Regent's own, which the message of its status has no other place for. */
function ownCode(details: JsonValue | undefined): string | undefined {
  if (!Array.isArray(details)) return undefined;
  const info = (details as readonly JsonValue[]).find(
    (detail) => isJsonObject(detail) && detail["@type"] === ERROR_INFO && detail.domain === ERROR_DOMAIN,
  );
  return isJsonObject(info) && typeof info.reason === "string" ? info.reason : undefined;
}
