import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import { invalid } from "./members.ts";
import type { RequestReader } from "./openai/request.ts";
import type { RequestSchema } from "./openai/schema.ts";

/**
 * Reads a member of a message that the dialect gives a meaning; false for one that has none. `role` is the speaker's, or
 * `unknown_role`.
 */
export type MessageMember = (key: string, value: JsonValue, pointer: string, role: string) => boolean;

/**
 * Messages with a role each. What the dialect gives no meaning is taken apart as any other member.
 *
 * @throws RegentError body_invalid
 */
export function readTurns(
  messages: readonly JsonValue[],
  request: RequestReader,
  schema: RequestSchema,
  read: MessageMember,
): void {
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index] as JsonValue;
    if (!isJsonObject(message)) throw invalid(`messages[${index}] must be an object`);
    readTurn(message, `/messages/${index}`, request, schema, read);
  }
}

function readTurn(
  message: JsonObject,
  pointer: string,
  request: RequestReader,
  schema: RequestSchema,
  read: MessageMember,
): void {
  const { role } = message;
  if (typeof role !== "string" || role === "")
    throw invalid(`${pointer}/role must be a text that is not empty`);
  const { text } = request;
  const known = schema.isWord("role", role);
  const speaker = known ? role : "unknown_role";
  for (const key in message) {
    const value = message[key] as JsonValue;
    if (key === "role") {
      if (!known) text.add(`${pointer}/role`, role, speaker);
    } else if (!read(key, value, pointer, speaker)) {
      request.assertPlainSpelling(key);
      text.member(pointer, key, value, speaker);
    }
  }
}
