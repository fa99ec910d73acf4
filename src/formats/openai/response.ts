import { isJsonObject, type JsonObject } from "../../exchange/json.ts";
import { parseLoosely } from "../event-stream.ts";
import type { ReadAnswer } from "../format.ts";
import { AnswerBuilder, type PartOf } from "./answer.ts";

/**
 * The largest whole answer that is parsed: `JSON.parse` takes some 20 ms for it, and holds up every other exchange so
 * long. A larger one passes unread.
 */
export const RESPONSE_BYTES_MAX = 8 * 1024 * 1024;

/** What a whole answer is put together by. */
export type AnswerReader = {
  /** Takes the body. Gives the reason when an answer cannot be like that. */
  add(body: JsonObject): string | undefined;
  answer(): ReadAnswer;
};

/** Reads a whole answer. A body that is none of the dialect gives an answer in which nothing is known, and the reason. */
export function readWhole(body: Buffer, reader: AnswerReader): ReadAnswer {
  const invalid = (reason: string) => ({ ...reader.answer(), invalid: reason });
  if (body.length > RESPONSE_BYTES_MAX) return invalid(`body is larger than ${RESPONSE_BYTES_MAX} bytes`);
  const value = parseLoosely(body.toString("utf8"));
  if (value === undefined) return invalid("body is not JSON");
  if (!isJsonObject(value)) return invalid("body is not a JSON object");
  const fault = reader.add(value);
  return fault === undefined ? reader.answer() : invalid(`body has ${fault}`);
}

/** Reads a whole answer that has choices, or nothing but what all answers have. */
export function readChoices(body: Buffer, partOf: PartOf): ReadAnswer {
  const builder = new AnswerBuilder(true);
  return readWhole(body, {
    add: (value) => builder.add(value, partOf),
    answer: () => builder.answer(),
  });
}
