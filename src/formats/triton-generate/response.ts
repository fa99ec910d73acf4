import type { ReadAnswer } from "../format.ts";
import { parseAnswer } from "../loose.ts";
import { AnswerBuilder } from "./answer.ts";

/** Reads a whole answer. A body that is none gives an answer in which nothing is known, and the reason. */
export function readResponse(body: Buffer): ReadAnswer {
  const builder = new AnswerBuilder(true);
  const parsed = parseAnswer(body);
  if ("invalid" in parsed) return { ...builder.answer(), invalid: parsed.invalid };
  const fault = builder.add(parsed.object);
  return { ...builder.answer(), invalid: fault === undefined ? undefined : `body has ${fault}` };
}
