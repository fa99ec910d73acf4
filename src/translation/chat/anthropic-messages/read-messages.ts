import type { JsonValue } from "../../../exchange/json.ts";
import { invalid } from "../../../formats/members.ts";
import type { JsonDocument } from "../../../wire/json/index.ts";
import type { Warn } from "../../translation.ts";
import type { Message, Part } from "../conversation.ts";
import { Members } from "../members.ts";
import { readContent } from "./read-blocks.ts";

/** The instructions: a text, or blocks of text. */
export function readSystem(body: Members, warn: Warn): readonly Message[] {
  const system = body.value("system");
  if (system === undefined) return [];
  return [{ role: "system", parts: readContent(system, "/system", undefined, warn), at: "/system" }];
}

export function readMessages(
  list: readonly JsonValue[] | undefined,
  document: JsonDocument,
  warn: Warn,
): readonly Message[] {
  if (list === undefined) throw invalid("messages is missing");
  return list.flatMap((value, index) => {
    const message = new Members(value, `/messages/${index}`);
    const read = readMessage(message, document, warn);
    message.tellRest(warn);
    return read;
  });
}

/** Results of tools come first in a message of the user's, and are messages of their own here. */
function readMessage(message: Members, document: JsonDocument, warn: Warn): readonly Message[] {
  const role = message.needText("role");
  if (role !== "user" && role !== "assistant" && role !== "system")
    throw invalid(`${message.at("role")} is not known`);
  const at = message.pointer;
  const parts = readContent(message.value("content"), message.at("content"), document, warn);
  const results = parts.filter((part) => part.kind === "tool_result");
  if (results.length === 0) return [{ role, parts, at }];
  const rest = parts.filter((part: Part) => part.kind !== "tool_result");
  const told: Message = { role: "tool", parts: results, at };
  return rest.length === 0 ? [told] : [told, { role, parts: rest, at }];
}
