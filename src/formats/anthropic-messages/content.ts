import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { pointerToken } from "../../wire/json/index.ts";
import type { TextCollector } from "../text.ts";
import { BLOCK_TYPES, SEALED_KEYS } from "./schema.ts";
import { bytesIn, readSource } from "./source.ts";

/**
 * The content of a message, of a tool's result or of a document: a text, a block, or a list of blocks. Nothing is left
 * out: each string is a text, or lies in a part that is reported as opaque.
 */
export function readContent(content: JsonValue, pointer: string, role: string, text: TextCollector): void {
  if (isJsonObject(content)) readBlock(content, pointer, role, text);
  else if (Array.isArray(content)) {
    for (const [index, block] of (content as readonly JsonValue[]).entries()) {
      if (isJsonObject(block)) readBlock(block, `${pointer}/${index}`, role, text);
      else text.tree(`${pointer}/${index}`, block, role);
    }
  } else text.tree(pointer, content, role);
}

/** A block that is not known is taken apart and reported as well: its texts can be judged, and policy may refuse it. */
function readBlock(block: JsonObject, pointer: string, speaker: string, text: TextCollector): void {
  const { type } = block;
  if (!BLOCK_TYPES.has(type)) text.opaque(pointer, "unknown");
  if (type === "container_upload") text.opaque(pointer, "file");
  if (type === "redacted_thinking") text.opaque(pointer, "encrypted", { bytes: bytesIn(block.data) });
  else readMembers(block, pointer, roleOf(type, speaker), text);
}

function readMembers(block: JsonObject, pointer: string, role: string, text: TextCollector): void {
  for (const key in block) {
    const value = block[key] as JsonValue;
    const at = `${pointer}/${pointerToken(key)}`;
    if (SEALED_KEYS.has(key) && typeof value === "string") seal(value, at, text);
    else if (key === "content") readContent(value, at, role, text);
    else if (key === "source" && isJsonObject(value)) {
      readSource(value, at, block.type === "image" ? "image" : "file", role, text);
    } else if (key === "citations" && Array.isArray(value)) readCitations(value, at, role, text);
    else text.member(pointer, key, value, role);
  }
}

/** Places that a text is quoted from; one found on the web has a sealed index. */
function readCitations(
  citations: readonly JsonValue[],
  pointer: string,
  role: string,
  text: TextCollector,
): void {
  for (const [index, citation] of citations.entries()) {
    if (isJsonObject(citation)) readMembers(citation, `${pointer}/${index}`, role, text);
    else text.tree(`${pointer}/${index}`, citation, role);
  }
}

function seal(value: string, pointer: string, text: TextCollector): void {
  if (value !== "") text.opaque(pointer, "encrypted", { bytes: bytesIn(value) });
}

/** What tools were asked and what they said is not what the speaker of the message said. */
function roleOf(type: JsonValue | undefined, speaker: string): string {
  if (typeof type !== "string") return speaker;
  if (type.endsWith("tool_use")) return "tool_call";
  return type.endsWith("tool_result") ? "tool" : speaker;
}
