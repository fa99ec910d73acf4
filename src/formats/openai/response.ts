import type { JsonObject } from "../../exchange/json.ts";
import type { ReadAnswer } from "../format.ts";
import { parseAnswer } from "../loose.ts";
import { AnswerBuilder, type PartOf } from "./answer.ts";

/** What a whole answer is put together by. */
export type AnswerReader = {
  /** Takes the body. Gives the reason when an answer cannot be like that. */
  add(body: JsonObject): string | undefined;
  answer(): ReadAnswer;
};

/** Reads a whole answer. A body that is none of the dialect gives an answer in which nothing is known, and the reason. */
export function readWhole(body: Buffer, reader: AnswerReader): ReadAnswer {
  const parsed = parseAnswer(body);
  if ("invalid" in parsed) return { ...reader.answer(), invalid: parsed.invalid };
  const fault = reader.add(parsed.object);
  return fault === undefined ? reader.answer() : { ...reader.answer(), invalid: `body has ${fault}` };
}

/** Reads a whole answer that has choices, or nothing but what all answers have. */
export function readChoices(body: Buffer, partOf: PartOf): ReadAnswer {
  const builder = new AnswerBuilder(true);
  return readWhole(body, {
    add: (value) => builder.add(value, partOf),
    answer: () => builder.answer(),
  });
}
