import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { AnswerTextCollector, type AnswerTextReader, isPresent } from "../answer-texts.ts";

/** The texts of a response. Its events say some of them twice or three times: in pieces, when a part is done, and at the end. */
export const answerTexts = {
  whole(answer) {
    const collector = new AnswerTextCollector();
    readTree(collector, "", answer);
    return collector.texts;
  },
  event(event, name) {
    const collector = new AnswerTextCollector();
    if (!isJsonObject(event)) readTree(collector, "", event);
    else readEvent(collector, event, typeof event.type === "string" ? event.type : name);
    return collector.texts;
  },
} satisfies AnswerTextReader;

function readEvent(collector: AnswerTextCollector, event: JsonObject, type: string): void {
  collector.members("", event, (pointer, key, value) => {
    if (key !== "delta" || typeof value !== "string") readMember(collector, pointer, key, value);
    else if (NO_TEXT.has(type)) collector.opaque(pointer);
    else collector.add(pointer, value, { lane: LANE, name: placeOf(type, event) });
  });
  if (type.endsWith(".done") || ENDS.has(type)) collector.end(LANE);
}

/** A response is written from its beginning to its end. */
const LANE = "";

function placeOf(type: string, { item_id, output_index, content_index, summary_index }: JsonObject): string {
  return JSON.stringify([
    type,
    item_id ?? null,
    output_index ?? null,
    content_index ?? null,
    summary_index ?? null,
  ]);
}

const ENDS: ReadonlySet<string> = new Set([
  "response.completed",
  "response.incomplete",
  "response.failed",
  "response.cancelled",
]);
/** Pieces that are sound. */
const NO_TEXT: ReadonlySet<string> = new Set(["response.audio.delta"]);

function readTree(collector: AnswerTextCollector, pointer: string, value: JsonValue): void {
  if (isJsonObject(value)) {
    const isResponse = value.object === "response";
    collector.members(pointer, value, (at, key, inner) => {
      if (!isResponse || !ECHOED.has(key)) readMember(collector, at, key, inner);
    });
  } else if (Array.isArray(value)) {
    collector.elements(pointer, value as readonly JsonValue[], (at, inner) => readTree(collector, at, inner));
  } else collector.tree(pointer, value);
}

function readMember(collector: AnswerTextCollector, pointer: string, key: string, value: JsonValue): void {
  if (OPAQUE.has(key) && isPresent(value)) collector.opaque(pointer);
  else readTree(collector, pointer, value);
}

/** The text in tokens, and images. A `result` of another kind than an image's is taken for one: nothing tells them apart. */
const OPAQUE: ReadonlySet<string> = new Set(["logprobs", "partial_image_b64", "result"]);

/** What a response repeats of its request: the client has it already. */
const ECHOED: ReadonlySet<string> = new Set([
  "instructions",
  "tools",
  "tool_choice",
  "metadata",
  "user",
  "safety_identifier",
  "prompt",
  "prompt_cache_key",
  "text",
]);
