import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { AnswerTextCollector, type AnswerTextReader } from "../answer-texts.ts";

/** An answer has vectors and no text but the words of its schema; an error has some. */
export const answerTexts: AnswerTextReader = {
  whole(answer) {
    const collector = new AnswerTextCollector();
    readAround(collector, "", answer);
    return collector.texts;
  },
};

function readAround(collector: AnswerTextCollector, pointer: string, value: JsonValue): void {
  if (isJsonObject(value)) {
    collector.members(pointer, value, (at, key, inner) => {
      if (key !== "embedding") readAround(collector, at, inner);
    });
  } else if (Array.isArray(value)) {
    collector.elements(pointer, value as readonly JsonValue[], (at, inner) =>
      readAround(collector, at, inner),
    );
  } else collector.tree(pointer, value);
}
