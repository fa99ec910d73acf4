import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { invalid } from "../members.ts";
import type { RequestReader } from "../openai/request.ts";
import { PART_MODALITIES } from "../openai/schema.ts";
import type { TextCollector } from "../text.ts";
import { SCHEMA } from "./schema.ts";

/** @throws RegentError body_invalid */
export function readMessages(messages: JsonValue, request: RequestReader): void {
  if (!Array.isArray(messages)) throw invalid("messages must be an array");
  for (let index = 0; index < messages.length; index++) {
    const message: JsonValue = messages[index];
    if (!isJsonObject(message)) throw invalid(`messages[${index}] must be an object`);
    readMessage(message, `/messages/${index}`, request);
  }
}

function readMessage(message: JsonObject, pointer: string, request: RequestReader): void {
  const { role } = message;
  if (typeof role !== "string" || role === "")
    throw invalid(`${pointer}/role must be a text that is not empty`);
  const { text } = request;
  const known = SCHEMA.isWord("role", role);
  const speaker = known ? role : "unknown_role";
  for (const key in message) {
    const value = message[key] as JsonValue;
    if (key === "content") readContent(value, `${pointer}/content`, speaker, text);
    else if (key === "role") {
      if (!known) text.add(`${pointer}/role`, role, speaker);
    } else if (key === "tool_calls") text.tree(`${pointer}/tool_calls`, value, "tool_call");
    else if (key === "audio" && value !== null) text.opaque(`${pointer}/audio`, "audio");
    else {
      request.assertPlainSpelling(key);
      text.member(pointer, key, value, speaker);
    }
  }
}

function readContent(content: JsonValue, pointer: string, role: string, text: TextCollector): void {
  if (typeof content === "string") text.add(pointer, content, role);
  else if (Array.isArray(content)) {
    for (const [index, part] of content.entries()) readPart(part, `${pointer}/${index}`, role, text);
  } else if (content !== null) throw invalid(`${pointer} must be a text or an array of parts`);
}

/** A part that is not known is taken apart and reported as well: its texts can be judged, and policy may refuse it. */
function readPart(part: JsonValue, pointer: string, role: string, text: TextCollector): void {
  if (typeof part === "string") {
    text.add(pointer, part, role);
    return;
  }
  const type = isJsonObject(part) ? part.type : undefined;
  const modality = PART_MODALITIES.get(type);
  if (modality !== undefined) {
    text.opaque(pointer, modality);
    return;
  }
  if (!TEXT_PARTS.has(type)) text.opaque(pointer, "unknown");
  text.tree(pointer, part, role);
}

const TEXT_PARTS: ReadonlySet<unknown> = new Set(["text", "refusal", "thinking"]);
