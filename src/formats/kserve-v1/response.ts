import type { ReadAnswer } from "../format.ts";
import { parseAnswer } from "../loose.ts";
import { tensorAnswer } from "../tfserving/answer.ts";
import { countOf } from "../tfserving/layout.ts";

/** Reads predictions or explanations. */
export function readResponse(bytes: Buffer): ReadAnswer {
  const parsed = parseAnswer(bytes);
  if ("invalid" in parsed) return { ...tensorAnswer(undefined, {}), invalid: parsed.invalid };
  const { predictions } = parsed.object;
  return tensorAnswer(parsed.object, predictions === undefined ? {} : { predictions: countOf(predictions) });
}
