import { type Headers, singleHeader } from "../../exchange/headers.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { ReadError } from "../openai/error.ts";

/** What AWS calls the exception of an answer, without its namespace and what proxies append. */
export const ERROR_TYPE_HEADER = "x-amzn-errortype";

/**
 * The error in a whole answer: a message, and its type in a header or in `__type`
 * (https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization). The service in front of
 * Bedrock writes both in upper case, and answers to operations that it does not know within `Output`.
 */
export function readError(body: JsonObject, headers: Headers): ReadError | undefined {
  const inner = isJsonObject(body.Output) ? body.Output : body;
  const type = singleHeader(headers, ERROR_TYPE_HEADER).value ?? textOf(inner.__type);
  const message = messageOf(inner);
  if (message === undefined && type === undefined) return undefined;
  return errorOf(type === undefined ? null : plainType(type), message ?? "", inner);
}

/** An exception in a stream, by the name that its message has. */
export function readException(type: string, payload: JsonValue | undefined): ReadError {
  const body = isJsonObject(payload) ? payload : {};
  return errorOf(type, messageOf(body) ?? "", body);
}

/** `reason` is Regent's own: AWS has no code besides the type. */
function errorOf(type: string | null, message: string, body: JsonObject): ReadError {
  const code = textOf(body.reason) ?? null;
  return { error: { type, message, code }, code };
}

function messageOf(body: JsonObject): string | undefined {
  return textOf(body.message) ?? textOf(body.Message);
}

/** `com.amazonaws.bedrock#ValidationException:http://…` as `ValidationException`. */
function plainType(type: string): string {
  const name = type.split(",", 1)[0]?.split(":", 1)[0] ?? "";
  return name.slice(name.indexOf("#") + 1).trim();
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
