import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { decodedBytes } from "../media.ts";
import { invalid } from "../members.ts";
import { mediaSize } from "../openai/media.ts";
import type { RequestReader } from "../openai/request.ts";
import { PART_MODALITIES } from "../openai/schema.ts";
import type { TextCollector } from "../text.ts";
import { ITEM_ROLES, SCHEMA, TEXT_PARTS } from "./schema.ts";
import { readTools } from "./tools.ts";

/**
 * The items of an input: messages, calls and their results, reasoning, and what the provider keeps. An item of a type
 * that is not known is taken apart and reported as well: its texts can be judged, and policy may refuse it.
 *
 * @throws RegentError body_invalid
 */
export function readItems(items: readonly JsonValue[], request: RequestReader, tools: string[]): void {
  for (const [index, item] of items.entries()) {
    if (!isJsonObject(item)) throw invalid(`input[${index}] must be an object`);
    readItem(item, `/input/${index}`, request, tools);
  }
}

function readItem(item: JsonObject, pointer: string, request: RequestReader, tools: string[]): void {
  const { text } = request;
  const role = roleOf(item, pointer);
  if (role === undefined) text.opaque(pointer, "unknown");
  else if (isReference(item)) text.opaque(pointer, "context");
  for (const key in item) {
    request.assertPlainSpelling(key);
    const value = item[key] as JsonValue;
    const place = `${pointer}/${key}`;
    if (key === "encrypted_content" && typeof value === "string") addEncrypted(place, value, text);
    else if (key === "result" && item.type === "image_generation_call" && value !== null)
      text.opaque(place, "image", mediaSize({ result: value }));
    else if (key === "tools") readTools(place, value, text, tools);
    else if (CONTENTS.has(key) && hasParts(item, key))
      readContent(value, place, role ?? "unknown_item", text);
    else text.member(pointer, key, value, role ?? "unknown_item");
  }
}

/** Members that hold a text or content parts. */
const CONTENTS: ReadonlySet<string> = new Set(["content", "output", "outputs"]);

/** Results of shells and the like have an output of their own form, without parts. */
function hasParts({ type }: JsonObject, key: string): boolean {
  return key === "content" || PARTS_IN_OUTPUT.has(type);
}

const PARTS_IN_OUTPUT: ReadonlySet<unknown> = new Set([
  "function_call_output",
  "custom_tool_call_output",
  "computer_call_output",
  "code_interpreter_call",
]);

/** Whose an item is, or what it is; undefined where its type is not known. */
function roleOf(item: JsonObject, pointer: string): string | undefined {
  if (!isMessage(item)) return isReference(item) ? "id" : ITEM_ROLES.get(item.type);
  const { role } = item;
  if (typeof role !== "string" || role === "")
    throw invalid(`${pointer}/role must be a text that is not empty`);
  return SCHEMA.isWord("role", role) ? role : "unknown_role";
}

/** A message may leave out its type. */
export function isMessage({ type, role }: JsonObject): boolean {
  return type === "message" || ((type ?? null) === null && role !== undefined);
}

/** Something that the provider keeps, in the place of an item. It may leave out its type. */
function isReference({ type, id }: JsonObject): boolean {
  return type === "item_reference" || ((type ?? null) === null && typeof id === "string");
}

function addEncrypted(pointer: string, value: string, text: TextCollector): void {
  if (value !== "") text.opaque(pointer, "encrypted", { bytes: decodedBytes(value) });
}

function readContent(content: JsonValue, pointer: string, role: string, text: TextCollector): void {
  if (Array.isArray(content)) {
    for (const [index, part] of (content as readonly JsonValue[]).entries()) {
      readContentPart(part, `${pointer}/${index}`, role, text);
    }
  } else if (content !== null) {
    if (typeof content !== "string" && !isJsonObject(content)) {
      throw invalid(`${pointer} must be a text or an array of parts`);
    }
    readContentPart(content, pointer, role, text);
  }
}

/** A text, or a part that is a text, an image, a sound, a file, or of no type that is known. */
export function readContentPart(part: JsonValue, pointer: string, role: string, text: TextCollector): void {
  if (!isJsonObject(part)) {
    text.tree(pointer, part, role);
    return;
  }
  const modality = PART_MODALITIES.get(part.type);
  if (modality === undefined) {
    if (!TEXT_PARTS.has(part.type)) text.opaque(pointer, "unknown");
    text.members(pointer, part, role);
  } else {
    text.opaque(pointer, modality, mediaSize(part));
    // The name of a file may say whose it is.
    if (typeof part.filename === "string") text.add(`${pointer}/filename`, part.filename, role);
  }
}
