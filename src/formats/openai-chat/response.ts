import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import type { ReadAnswer } from "../format.ts";
import { AnswerBuilder } from "./answer.ts";

/**
 * The largest whole answer that is parsed: `JSON.parse` takes some 20 ms for it, and holds up every other exchange so
 * long. A larger one passes unread.
 */
export const RESPONSE_BYTES_MAX = 8 * 1024 * 1024;

/** Reads a whole answer. A body that is no chat completion gives an answer in which nothing is known, and the reason. */
export function readResponse(_status: number, body: Buffer): ReadAnswer {
  const builder = new AnswerBuilder(true);
  if (body.length > RESPONSE_BYTES_MAX) {
    return { ...builder.answer(), invalid: `body is larger than ${RESPONSE_BYTES_MAX} bytes` };
  }
  const value = parse(body.toString("utf8"));
  if (value === undefined) return { ...builder.answer(), invalid: "body is not JSON" };
  if (!isJsonObject(value)) return { ...builder.answer(), invalid: "body is not a JSON object" };
  const fault = builder.add(value, "message");
  return { ...builder.answer(), invalid: fault === undefined ? undefined : `body has ${fault}` };
}

/** What an upstream sends is read loosely: the client gets its bytes in any case. */
export function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
