import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { RESPONSE_BYTES_MAX } from "../bounds.ts";
import type { ReadAnswer } from "../format.ts";
import { parse } from "../loose.ts";
import { AnswerBuilder } from "./answer.ts";

/**
 * Reads a whole answer: a GenerateContentResponse, an error, a count of tokens; or an array of them, as a stream comes that
 * was not asked for as events. A body that is none gives an answer in which nothing is known, and the reason.
 */
export function readResponse(body: Buffer): ReadAnswer {
  const builder = new AnswerBuilder(true);
  builder.isWhole = true;
  const fault = readBody(body, builder);
  return { ...builder.answer(), invalid: fault };
}

function readBody(body: Buffer, builder: AnswerBuilder): string | undefined {
  if (body.length > RESPONSE_BYTES_MAX) return `body is larger than ${RESPONSE_BYTES_MAX} bytes`;
  const value = parse(body.toString("utf8"));
  if (value === undefined) return "body is not JSON";
  const pieces: readonly JsonValue[] = Array.isArray(value) ? value : [value];
  for (const piece of pieces) {
    if (!isJsonObject(piece)) return "body is neither a JSON object nor an array of them";
    const fault = builder.add(piece);
    if (fault !== undefined) return `body has ${fault}`;
  }
  return undefined;
}
