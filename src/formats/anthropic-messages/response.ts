import type { ReadAnswer } from "../format.ts";
import { parseAnswer } from "../loose.ts";
import { MessageBuilder } from "./answer.ts";

/** Reads a whole answer. A body that is no message gives an answer in which nothing is known, and the reason. */
export function readResponse(_status: number, body: Buffer): ReadAnswer {
  const builder = new MessageBuilder(true);
  const parsed = parseAnswer(body);
  if ("invalid" in parsed) return { ...builder.answer(), invalid: parsed.invalid };
  const fault = builder.body(parsed.object);
  return { ...builder.answer(), invalid: fault === undefined ? undefined : `body has ${fault}` };
}
