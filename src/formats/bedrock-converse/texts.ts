import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { AnswerTextCollector, type AnswerTextReader, isPresent } from "../answer-texts.ts";
import { listed } from "../openai/schema.ts";

/** The texts of an answer, whole or event by event. Its blocks are written one after the other. */
export const answerTexts = {
  whole(answer) {
    const collector = new AnswerTextCollector();
    if (isJsonObject(answer)) readAnswer(collector, answer);
    else collector.tree("", answer);
    return collector.texts;
  },
  event(event, name) {
    const collector = new AnswerTextCollector();
    if (isJsonObject(event)) readEvent(collector, event);
    else collector.tree("", event);
    if (name === "messageStop") collector.end(LANE);
    return collector.texts;
  },
} satisfies AnswerTextReader;

const LANE = "";

function readAnswer(collector: AnswerTextCollector, answer: JsonObject): void {
  visit(collector, "", answer, (pointer, key, value) => {
    if (key !== "output") readRest(collector, pointer, value);
    else
      visit(collector, pointer, value, (at, name, message) => {
        if (name === "message") readMessage(collector, at, message);
        else readRest(collector, at, message);
      });
  });
}

function readMessage(collector: AnswerTextCollector, pointer: string, message: JsonValue): void {
  visit(collector, pointer, message, (at, key, value) => {
    if (key !== "content" || !Array.isArray(value)) readRest(collector, at, value);
    else
      for (const [index, block] of (value as readonly JsonValue[]).entries())
        readBlock(collector, `${at}/${index}`, block, index);
  });
}

/** `p` makes all events of a stream about as long, so that nobody on the way can tell what they say. */
function readEvent(collector: AnswerTextCollector, event: JsonObject): void {
  const { contentBlockIndex: index = 0, p: padding } = event;
  visit(collector, "", event, (pointer, key, value) => {
    if (key === "delta" || key === "start") readBlock(collector, pointer, value, index);
    else if (!(key === "p" && typeof padding === "string" && PADDING.startsWith(padding)))
      readRest(collector, pointer, value);
  });
}

const PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** A block, or a piece of one. To who reads a message the texts of its blocks are one: citations cut it wherever they are. */
function readBlock(
  collector: AnswerTextCollector,
  pointer: string,
  block: JsonValue,
  index: JsonValue,
): void {
  visit(collector, pointer, block, (at, key, value) => {
    if (key === "text") readRunning(collector, at, value, "text");
    else if (key === "toolUse" || key === "reasoningContent" || key === "citationsContent")
      readInner(collector, at, key, value, index);
    else readRest(collector, at, value, key);
  });
}

function readInner(
  collector: AnswerTextCollector,
  pointer: string,
  kind: string,
  value: JsonValue,
  index: JsonValue,
): void {
  visit(collector, pointer, value, (at, key, inner) => {
    if (kind === "toolUse" && key === "input") readRunning(collector, at, inner, `input/${index}`);
    else if (kind === "reasoningContent" && key === "text") readRunning(collector, at, inner, "reasoning");
    else if (kind === "reasoningContent" && key === "reasoningText")
      readInner(collector, at, kind, inner, index);
    // Only the provider can read a signature, and takes it back only as it was.
    else if (kind === "reasoningContent" && key === "signature" && typeof inner === "string") return;
    else if (kind === "citationsContent" && key === "content" && Array.isArray(inner))
      for (const [position, piece] of (inner as readonly JsonValue[]).entries())
        readBlock(collector, `${at}/${position}`, piece, index);
    else readRest(collector, at, inner, key);
  });
}

/** What goes on in the next event; in a whole answer the input of a tool is a value. */
function readRunning(collector: AnswerTextCollector, pointer: string, value: JsonValue, name: string): void {
  if (typeof value === "string") collector.add(pointer, value, { lane: LANE, name });
  else collector.data(pointer, value);
}

/** Everything else that stands somewhere in an answer. */
function readRest(collector: AnswerTextCollector, pointer: string, value: JsonValue, key = ""): void {
  if (OPAQUE.has(key) && isPresent(value)) collector.opaque(pointer);
  else if (isJsonObject(value))
    visit(collector, pointer, value, (at, name, inner) => readRest(collector, at, inner, name));
  else if (Array.isArray(value))
    collector.elements(pointer, value as readonly JsonValue[], (at, inner) => readRest(collector, at, inner));
  else collector.tree(pointer, value);
}

/** Media and files, as their bytes or where they are, and reasoning that only the provider can read. */
const OPAQUE: ReadonlySet<string> = new Set(["bytes", "s3Location", "redactedContent"]);

function visit(
  collector: AnswerTextCollector,
  pointer: string,
  value: JsonValue,
  member: (pointer: string, key: string, value: JsonValue) => void,
): void {
  if (isJsonObject(value)) collector.members(pointer, value, member, KEYS);
  else readRest(collector, pointer, value);
}

/** Names in ConverseResponse and ConverseStreamOutput that are no plain words. */
const KEYS: ReadonlySet<string> = new Set(
  listed(
    `stopReason additionalModelResponseFields performanceConfig serviceTier contentBlockIndex
    toolUse toolUseId toolResult reasoningContent reasoningText redactedContent citationsContent
    sourceContent searchResultLocation documentChar documentPage documentChunk documentIndex searchResultIndex
    inputTokens outputTokens totalTokens cacheReadInputTokens cacheWriteInputTokens cacheDetails inputTokensDetails
    latencyMs promptRouter invokedModelId guardContent cachePoint s3Location bucketOwner
    originalMessage originalStatusCode`,
  ),
);
