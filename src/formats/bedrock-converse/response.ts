import type { ReadAnswer, ResponseMessage } from "../format.ts";
import { parseAnswer } from "../loose.ts";
import { ConverseBuilder } from "./answer.ts";
import { readError } from "./error.ts";

/** Reads a whole answer. A body that is no message gives an answer in which nothing is known, and the reason. */
export function readResponse({ bytes, headers }: ResponseMessage): ReadAnswer {
  const builder = new ConverseBuilder(true);
  const parsed = parseAnswer(bytes);
  if ("invalid" in parsed) return { ...builder.answer(), invalid: parsed.invalid };
  const { object } = parsed;
  if (object.output === undefined) builder.fail(readError(object, headers));
  const fault = builder.body(object);
  return { ...builder.answer(), invalid: fault === undefined ? undefined : `body has ${fault}` };
}
