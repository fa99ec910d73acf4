import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { AnswerTextCollector, type AnswerTextReader } from "../answer-texts.ts";
import { base64In } from "./values.ts";

/** The texts of predictions. Numbers are what such models answer, and no tokens; bytes in base64 are opaque. */
export const answerTexts: AnswerTextReader = {
  whole(answer) {
    const collector = new AnswerTextCollector();
    readValue(collector, "", answer);
    return collector.texts;
  },
};

function readValue(collector: AnswerTextCollector, pointer: string, value: JsonValue): void {
  if (typeof value === "string") collector.add(pointer, value);
  else if (Array.isArray(value)) {
    for (const [index, element] of (value as readonly JsonValue[]).entries())
      readValue(collector, `${pointer}/${index}`, element);
  } else if (isJsonObject(value)) {
    if (base64In(value) !== undefined) collector.opaque(pointer);
    else collector.members(pointer, value, (at, _, inner) => readValue(collector, at, inner));
  }
}
