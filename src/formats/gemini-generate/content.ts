import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { decodedBytes } from "../media.ts";
import { invalid } from "../members.ts";
import type { TextCollector } from "../text.ts";
import { readFileData, readInlineData } from "./media.ts";
import { PART_KEYS, SCHEMA } from "./schema.ts";
import { elementsOf, type Member, membersOf } from "./spelling.ts";

/**
 * The turns of a conversation: a list of contents, or a single one. Nothing is left out: each string is a text, or lies in
 * a part that is reported as opaque.
 *
 * @throws RegentError body_invalid
 */
export function readContents({ value, pointer, key }: Member, text: TextCollector): void {
  for (const content of elementsOf(value, pointer)) {
    if (!isJsonObject(content.value)) throw invalid(`${key} must be an array of objects`);
    readContent(content.value, content.pointer, undefined, text);
  }
}

/** @throws RegentError body_invalid */
export function readSystemInstruction({ value, pointer, key }: Member, text: TextCollector): void {
  if (value === null) return;
  // Some servers in front of Google's take a plain text.
  if (typeof value === "string") text.add(pointer, value, "system");
  else if (isJsonObject(value)) readContent(value, pointer, "system", text);
  else throw invalid(`${key} must be an object`);
}

/** @param speaker who speaks, where that does not depend on the role that the content has */
function readContent(
  content: JsonObject,
  pointer: string,
  speaker: string | undefined,
  text: TextCollector,
): void {
  const members = membersOf(content, pointer);
  const role = speaker ?? speakerOf(members.find(({ name }) => name === "role")?.value ?? null, pointer);
  for (const member of members) {
    if (member.name === "parts") readParts(member, role, text);
    else text.member(pointer, member.key, member.value, role);
  }
}

/** Without a role it is the user who speaks. */
function speakerOf(role: JsonValue, pointer: string): string {
  if (role === null || role === "") return "user";
  if (typeof role !== "string") throw invalid(`${pointer}/role must be a text`);
  if (!SCHEMA.isWord("role", role)) return "unknown_role";
  if (role === "model") return "assistant";
  return role === "function" ? "tool" : role;
}

function readParts({ value, pointer }: Member, role: string, text: TextCollector): void {
  for (const part of elementsOf(value, pointer)) {
    if (!isJsonObject(part.value)) text.tree(part.pointer, part.value, role);
    else for (const member of membersOf(part.value, part.pointer)) readPart(member, part.pointer, role, text);
  }
}

/** A member that is not known is taken apart and reported as well: its texts can be judged, and policy may refuse it. */
function readPart(member: Member, parent: string, role: string, text: TextCollector): void {
  const { name, key, value, pointer } = member;
  if (!PART_KEYS.has(name)) text.opaque(pointer, "unknown");
  if (name === "inlineData") readInlineData(member, role, text);
  else if (name === "fileData") readFileData(member, role, text);
  else if (name === "functionResponse") readFunctionResponse(member, text);
  else if (name === "thoughtSignature" && typeof value === "string") {
    if (value !== "") text.opaque(pointer, "encrypted", { bytes: decodedBytes(value) });
  } else text.member(parent, key, value, SPEAKERS.get(name) ?? role);
}

/** What tools were asked and what they said is not what the speaker of the content said. */
const SPEAKERS: ReadonlyMap<string, string> = new Map([
  ["functionCall", "tool_call"],
  ["toolCall", "tool_call"],
  ["executableCode", "tool_call"],
  ["toolResponse", "tool"],
  ["codeExecutionResult", "tool"],
]);

/** What the client's function gave, with media beside it. */
function readFunctionResponse({ value, pointer }: Member, text: TextCollector): void {
  if (!isJsonObject(value)) {
    text.tree(pointer, value, "tool");
    return;
  }
  for (const member of membersOf(value, pointer)) {
    if (member.name === "parts") readParts(member, "tool", text);
    else text.member(pointer, member.key, member.value, "tool");
  }
}
