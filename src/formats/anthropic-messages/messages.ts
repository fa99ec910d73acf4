import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { invalid } from "../members.ts";
import type { RequestReader } from "../openai/request.ts";
import { readContent } from "./content.ts";
import { SCHEMA } from "./schema.ts";

/** @throws RegentError body_invalid */
export function readMessages(messages: JsonValue, request: RequestReader): void {
  if (!Array.isArray(messages)) throw invalid("messages must be an array");
  for (const [index, message] of (messages as readonly JsonValue[]).entries()) {
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
    if (key === "content") {
      assertContent(value, `${pointer}/content`);
      readContent(value, `${pointer}/content`, speaker, text);
    } else if (key === "role") {
      if (!known) text.add(`${pointer}/role`, role, speaker);
    } else {
      request.assertPlainSpelling(key);
      text.member(pointer, key, value, speaker);
    }
  }
}

/** What stands in front of all messages. @throws RegentError body_invalid */
export function readSystem(system: JsonValue, { text }: RequestReader): void {
  assertContent(system, "/system");
  readContent(system, "/system", "system", text);
}

function assertContent(content: JsonValue, pointer: string): void {
  if (content !== null && typeof content !== "string" && !Array.isArray(content))
    throw invalid(`${pointer} must be a text or an array of blocks`);
}
