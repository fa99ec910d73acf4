import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { pointerToken } from "../../wire/json/index.ts";
import { decodedBytes } from "../media.ts";
import type { TextCollector } from "../text.ts";
import { readMedia } from "./media.ts";

/**
 * The blocks of a message, of the system prompt, of a tool's result or of a document. A block is a union: its one member
 * names what it is. Nothing is left out: each string is a text, or lies in a part that is reported as opaque.
 */
export function readContent(content: JsonValue, pointer: string, role: string, text: TextCollector): void {
  if (!Array.isArray(content)) {
    text.tree(pointer, content, role);
    return;
  }
  for (const [index, block] of (content as readonly JsonValue[]).entries()) {
    const at = `${pointer}/${index}`;
    if (isJsonObject(block)) readBlock(block, at, role, text);
    else text.tree(at, block, role);
  }
}

function readBlock(block: JsonObject, pointer: string, role: string, text: TextCollector): void {
  for (const key in block) {
    const value = block[key] as JsonValue;
    const read = READERS.get(key);
    if (read !== undefined && isJsonObject(value)) read(value, `${pointer}/${key}`, role, text);
    else {
      // What is not known is taken apart and reported as well: its texts can be judged, and policy may refuse it.
      if (read === undefined && !TEXTS.has(key)) text.opaque(`${pointer}/${pointerToken(key)}`, "unknown");
      text.member(pointer, key, value, role);
    }
  }
}

type BlockReader = (value: JsonObject, pointer: string, role: string, text: TextCollector) => void;

/** Members that hold a text, or JSON that a tool gave. */
const TEXTS: ReadonlySet<string> = new Set(["text", "json"]);

const READERS: ReadonlyMap<string, BlockReader> = new Map<string, BlockReader>([
  ["image", (value, pointer, role, text) => readMedia(value, pointer, "image", role, text)],
  ["video", (value, pointer, role, text) => readMedia(value, pointer, "video", role, text)],
  ["audio", (value, pointer, role, text) => readMedia(value, pointer, "audio", role, text)],
  ["document", (value, pointer, role, text) => readMedia(value, pointer, "file", role, text)],
  ["toolUse", (value, pointer, _role, text) => text.members(pointer, value, "tool_call")],
  ["toolResult", (value, pointer, _role, text) => readContentIn(value, pointer, "tool", text)],
  ["reasoningContent", readReasoning],
  ["guardContent", readGuarded],
  ["searchResult", readContentIn],
  ["citationsContent", readContentIn],
  ["cachePoint", (value, pointer, role, text) => text.members(pointer, value, role)],
  ["toolAddition", (value, pointer, _role, text) => text.members(pointer, value, "tool")],
  ["toolRemoval", (value, pointer, _role, text) => text.members(pointer, value, "tool")],
]);

/** A block with blocks in it. */
function readContentIn(value: JsonObject, pointer: string, role: string, text: TextCollector): void {
  for (const key in value) {
    const member = value[key] as JsonValue;
    if (key === "content") readContent(member, `${pointer}/content`, role, text);
    else text.member(pointer, key, member, role);
  }
}

/** Thinking in words, with a signature, or in a form that only the provider can read. */
function readReasoning(value: JsonObject, pointer: string, role: string, text: TextCollector): void {
  for (const key in value) {
    const member = value[key] as JsonValue;
    const at = `${pointer}/${pointerToken(key)}`;
    if (SEALED.has(key) && typeof member === "string") {
      if (member !== "") text.opaque(at, "encrypted", { bytes: decodedBytes(member) });
    } else if (key === "reasoningText" && isJsonObject(member)) readReasoning(member, at, role, text);
    else text.member(pointer, key, member, role);
  }
}

const SEALED: ReadonlySet<string> = new Set(["signature", "redactedContent"]);

/** What a guardrail is to look at: a text in an object of its own, or an image. */
function readGuarded(value: JsonObject, pointer: string, role: string, text: TextCollector): void {
  for (const key in value) {
    const member = value[key] as JsonValue;
    if (key === "image" && isJsonObject(member)) readMedia(member, `${pointer}/image`, "image", role, text);
    else text.member(pointer, key, member, role);
  }
}
