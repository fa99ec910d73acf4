import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { AnswerTextCollector, type AnswerTextReader, type AnswerTexts, isPresent } from "../answer-texts.ts";
import { NOT_FINISHED } from "./finish.ts";

/** The texts of an answer, whole or event by event: they have the same form. */
export const answerTexts = { whole: readAnswer, event: readAnswer } satisfies AnswerTextReader;

/** How likely the text is, and the like: numbers that are no tokens. */
const NUMBERS: ReadonlySet<string> = new Set([
  "cum_log_probs",
  "cumulative_logprob",
  "output_log_probs",
  "context_logits",
  "generation_logits",
]);

function readAnswer(answer: JsonValue): AnswerTexts {
  const collector = new AnswerTextCollector();
  if (isJsonObject(answer)) readMembers(collector, answer);
  else collector.tree("", answer);
  return collector.texts;
}

function readMembers(collector: AnswerTextCollector, answer: JsonObject): void {
  const lanes = Array.isArray(answer.text_output) ? answer.text_output.length : 1;
  collector.members("", answer, (pointer, key, value) => {
    if (key === "text_output") readOutput(collector, pointer, value);
    else if (!(NUMBERS.has(key) && isNumbers(value))) collector.tree(pointer, value);
    const ends =
      key === "finish_reason"
        ? isPresent(value) && value !== NOT_FINISHED
        : key === "sequence_end" && value === true;
    for (let lane = 0; ends && lane < lanes; lane++) collector.end(String(lane));
  });
}

/** One text, or one for each beam, which go on in the next event. */
function readOutput(collector: AnswerTextCollector, pointer: string, output: JsonValue): void {
  if (typeof output === "string") collector.add(pointer, output, { lane: "0", name: "text_output" });
  else if (!Array.isArray(output)) collector.tree(pointer, output);
  else
    collector.elements(pointer, output as readonly JsonValue[], (at, text, index) => {
      if (typeof text === "string") collector.add(at, text, { lane: String(index), name: "text_output" });
      else collector.tree(at, text);
    });
}

function isNumbers(value: JsonValue): boolean {
  return Array.isArray(value) ? value.every(isNumbers) : typeof value === "number";
}
