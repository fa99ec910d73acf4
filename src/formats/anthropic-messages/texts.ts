import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { AnswerTextCollector, type AnswerTextReader, isPresent } from "../answer-texts.ts";

/** The texts of a message, whole or event by event. Its blocks are written one after the other. */
export const answerTexts = {
  whole(answer) {
    const collector = new AnswerTextCollector();
    if (isJsonObject(answer)) readMessage(collector, "", answer);
    else collector.tree("", answer);
    return collector.texts;
  },
  event(event, name) {
    const collector = new AnswerTextCollector();
    if (isJsonObject(event)) readEvent(collector, event, event.type ?? name);
    else collector.tree("", event);
    return collector.texts;
  },
} satisfies AnswerTextReader;

const LANE = "";

function readEvent(collector: AnswerTextCollector, event: JsonObject, type: JsonValue): void {
  collector.members("", event, (pointer, key, value) => {
    if (!isJsonObject(value)) {
      collector.tree(pointer, value);
      return;
    }
    if (key === "message") readMessage(collector, pointer, value);
    else if (key === "content_block") readBlock(collector, pointer, value, event.index);
    else if (key === "delta") readDelta(collector, pointer, value, event.index);
    else collector.tree(pointer, value);
  });
  if (type === "message_stop") collector.end(LANE);
}

function readMessage(collector: AnswerTextCollector, pointer: string, message: JsonObject): void {
  collector.members(pointer, message, (at, key, value) => {
    if (key !== "content" || !Array.isArray(value)) {
      collector.tree(at, value);
      return;
    }
    collector.elements(at, value as readonly JsonValue[], (inner, block, index) => {
      if (isJsonObject(block)) readBlock(collector, inner, block, index);
      else collector.tree(inner, block);
    });
  });
}

/** A block as it begins in a stream, or whole. */
function readBlock(
  collector: AnswerTextCollector,
  pointer: string,
  block: JsonObject,
  index: JsonValue | undefined,
): void {
  if (block.type === "base64") {
    collector.opaque(pointer);
    return;
  }
  readDelta(collector, pointer, block, index);
}

/** A piece of a block. To who reads a message the texts of its blocks are one: citations cut it wherever they are. */
function readDelta(
  collector: AnswerTextCollector,
  pointer: string,
  delta: JsonObject,
  index: JsonValue | undefined,
): void {
  collector.members(pointer, delta, (at, key, value) => {
    if (typeof value !== "string") {
      readInner(collector, at, value);
      return;
    }
    if (key === "text" || key === "thinking") collector.add(at, value, { lane: LANE, name: key });
    else if (key === "partial_json") collector.add(at, value, { lane: LANE, name: `input/${index}` });
    else collector.add(at, value);
  });
  if (isPresent(delta.stop_reason)) collector.end(LANE);
}

/** What a block holds: inputs and results of tools, citations, files. */
function readInner(collector: AnswerTextCollector, pointer: string, value: JsonValue): void {
  if (isJsonObject(value)) {
    if (value.type === "base64") {
      collector.opaque(pointer);
      return;
    }
    collector.members(pointer, value, (at, _, inner) => readInner(collector, at, inner));
  } else if (Array.isArray(value)) {
    collector.elements(pointer, value as readonly JsonValue[], (at, inner) =>
      readInner(collector, at, inner),
    );
  } else collector.tree(pointer, value);
}
