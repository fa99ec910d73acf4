import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { AnswerTextCollector, type AnswerTextReader, type AnswerTexts, isPresent } from "../answer-texts.ts";

/** The texts of answers with choices, whole or chunk by chunk: chat completions and the older completions. */
export const choiceTexts = { whole: readChoices, event: readChoices } satisfies AnswerTextReader;

function readChoices(answer: JsonValue): AnswerTexts {
  const collector = new AnswerTextCollector();
  if (!isJsonObject(answer)) collector.tree("", answer);
  else
    collector.members("", answer, (pointer, key, value) => {
      if (key !== "choices" || !Array.isArray(value)) {
        collector.tree(pointer, value);
        return;
      }
      collector.elements(pointer, value as readonly JsonValue[], (at, choice, position) => {
        if (isJsonObject(choice)) readChoice(collector, at, choice, position);
        else collector.tree(at, choice);
      });
    });
  return collector.texts;
}

function readChoice(
  collector: AnswerTextCollector,
  pointer: string,
  choice: JsonObject,
  position: number,
): void {
  const lane = String(typeof choice.index === "number" ? choice.index : position);
  collector.members(pointer, choice, (at, key, value) => {
    if (SPOKEN.has(key)) readSpoken(collector, lane, at, key, value);
    else if (OPAQUE.has(key)) readOpaque(collector, at, value);
    else collector.tree(at, value);
    if (key === "finish_reason" && isPresent(value)) collector.end(lane);
  });
}

/** What a choice says: a message, a piece of one, or in completions the text itself. */
const SPOKEN: ReadonlySet<string> = new Set(["message", "delta", "text"]);
/** What says it again in tokens, or in sound and images. */
const OPAQUE: ReadonlySet<string> = new Set([
  "logprobs",
  "token_ids",
  "prompt_token_ids",
  "images",
  "image_url",
  "data",
]);
/** Words of the schema, and names that come whole. */
const WHOLE: ReadonlySet<string> = new Set(["role", "type", "id", "name"]);

/** A text that goes on in the next chunk, or anything that holds such texts; `path` is what both chunks call it. */
function readSpoken(
  collector: AnswerTextCollector,
  lane: string,
  pointer: string,
  path: string,
  value: JsonValue,
): void {
  if (typeof value === "string") collector.add(pointer, value, { lane, name: nameOf(path) });
  else if (isJsonObject(value)) {
    collector.members(pointer, value, (at, key, inner) => {
      if (OPAQUE.has(key)) readOpaque(collector, at, inner);
      else if (WHOLE.has(key)) collector.tree(at, inner);
      else readSpoken(collector, lane, at, `${path}/${key}`, inner);
    });
  } else if (Array.isArray(value)) {
    collector.elements(pointer, value as readonly JsonValue[], (at, inner, position) => {
      const index = isJsonObject(inner) && typeof inner.index === "number" ? inner.index : position;
      // The parts of a content are one text to who reads it.
      readSpoken(collector, lane, at, path.endsWith("/content") ? path : `${path}/${index}`, inner);
    });
  }
}

function readOpaque(collector: AnswerTextCollector, pointer: string, value: JsonValue): void {
  if (isPresent(value)) collector.opaque(pointer);
  else collector.tree(pointer, value);
}

/** A content is a text, or a list of parts with a text each; whichever, it is the same running text. */
function nameOf(path: string): string {
  const name = path.slice(path.indexOf("/") + 1);
  return name === "content/text" ? "content" : name;
}
