import type { JsonValue } from "../../exchange/json.ts";
import { invalid } from "../members.ts";
import { readTurns } from "../messages.ts";
import type { RequestReader } from "../openai/request.ts";
import { readContent } from "./content.ts";
import { SCHEMA } from "./schema.ts";

/** @throws RegentError body_invalid */
export function readMessages(messages: JsonValue, request: RequestReader): void {
  if (!Array.isArray(messages)) throw invalid("messages must be an array");
  readTurns(messages, request, SCHEMA, (key, value, pointer, role) => {
    if (key !== "content") return false;
    assertContent(value, `${pointer}/content`);
    readContent(value, `${pointer}/content`, role, request.text);
    return true;
  });
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
