import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { invalid } from "../members.ts";
import { readTurns } from "../messages.ts";
import type { RequestReader } from "../openai/request.ts";
import { PART_MODALITIES } from "../openai/schema.ts";
import type { TextCollector } from "../text.ts";
import { SCHEMA } from "./schema.ts";

/** @throws RegentError body_invalid */
export function readMessages(messages: JsonValue, request: RequestReader): void {
  if (!Array.isArray(messages)) throw invalid("messages must be an array");
  const { text } = request;
  readTurns(messages, request, SCHEMA, (key, value, pointer, role) => {
    if (key === "content") readContent(value, `${pointer}/content`, role, text);
    else if (key === "tool_calls") text.tree(`${pointer}/tool_calls`, value, "tool_call");
    else if (key === "audio" && value !== null) text.opaque(`${pointer}/audio`, "audio");
    else return false;
    return true;
  });
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
