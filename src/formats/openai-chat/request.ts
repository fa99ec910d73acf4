import type { Inference } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { type JsonDocument, pointerToken } from "../../wire/json/index.ts";
import { TextCollector } from "../text.ts";
import { readMessages } from "./messages.ts";
import { assertPlainSpelling, invalid } from "./refusals.ts";
import { isWord, PLAIN_KEYS, SCHEMA } from "./schema.ts";
import { readTools } from "./tools.ts";

/** Characters of a model name. The longest in use, paths of fine-tuned models, stay below 150. */
export const MODEL_NAME_CHARS_MAX = 256;

/**
 * Reads a chat completion request (https://platform.openai.com/docs/api-reference/chat/create) and what compatible
 * servers add to it. A member of a wrong type is refused where Regent acts on it; elsewhere its strings are text.
 *
 * @throws RegentError body_invalid
 */
export function readRequest(document: JsonDocument, operation: string): Inference {
  const body = document.value;
  if (!isJsonObject(body)) throw invalid("The body must be a JSON object");
  const text = new TextCollector(SCHEMA);
  const read: Governed = { parameters: [], tools: [], modalities: new Set(["text"]) };
  // Object.keys gives own members only, __proto__ among them if it was written.
  for (const key of Object.keys(body)) readMember(document, key, body[key] as JsonValue, text, read);
  if (body.messages === undefined) throw invalid("messages is missing");
  const stream = readFlag(body, "stream");
  const includeUsage = readIncludeUsage(body);
  for (const { modality } of text.opaqueParts) read.modalities.add(modality);
  return {
    format: "openai-chat",
    operation,
    model: readModel(body),
    stream,
    textParts: text.textParts,
    opaqueParts: text.opaqueParts,
    textBytes: text.textBytes,
    maxOutputTokens: largest(document, body, ["max_tokens", "max_completion_tokens"]),
    choices: largest(document, body, ["n", "best_of"]) ?? 1,
    tools: read.tools,
    modalities: [...read.modalities],
    parameters: Object.fromEntries(read.parameters),
    user: readUser(body),
    usageInStream: stream && includeUsage,
  };
}

/** What members add up to on the way through the body. */
type Governed = {
  readonly parameters: [string, JsonValue][];
  readonly tools: string[];
  readonly modalities: Set<string>;
};

function readMember(
  document: JsonDocument,
  key: string,
  value: JsonValue,
  text: TextCollector,
  read: Governed,
): void {
  switch (key) {
    case "model":
    case "stream":
    case "n":
    case "best_of":
    case "max_tokens":
    case "max_completion_tokens":
      return;
    case "messages":
      readMessages(value, text);
      return;
    case "tools":
    case "functions":
      readTools(key, value, text, read.tools);
      return;
    case "user":
      text.tree("/user", value, "user_id");
      return;
    case "modalities":
      if (Array.isArray(value))
        for (const modality of value) if (isWord(key, modality)) read.modalities.add(modality);
  }
  assertPlainSpelling(key);
  if (typeof value === "number") assertExact(document, key);
  if (typeof value === "number" || typeof value === "boolean" || isWord(key, value))
    read.parameters.push([key, value]);
  text.member("", key, value, roleOf(key));
}

/** What the strings of a member that is no message are called. */
function roleOf(key: string): string {
  return PLAIN_KEYS.has(key) ? key : "unknown_member";
}

function readModel(body: JsonObject): string {
  const model = body.model;
  if (model === undefined) throw invalid("model is missing");
  if (typeof model !== "string" || model.trim() === "")
    throw invalid("model must be a text that is not empty");
  if (model.length > MODEL_NAME_CHARS_MAX)
    throw invalid(`model must have at most ${MODEL_NAME_CHARS_MAX} characters`);
  for (const char of model) {
    if (char < " " || (char >= "\u007f" && char < "\u00a0"))
      throw invalid("model must not contain control characters");
  }
  return model;
}

/** Null counts as absent, as it does for OpenAI. */
function readFlag(object: JsonObject, key: string, name = key): boolean {
  const value = object[key] ?? false;
  if (typeof value !== "boolean") throw invalid(`${name} must be true or false`);
  return value;
}

function readIncludeUsage(body: JsonObject): boolean {
  const options = body.stream_options ?? {};
  if (!isJsonObject(options)) throw invalid("stream_options must be an object");
  for (const key of Object.keys(options)) assertPlainSpelling(key);
  return readFlag(options, "include_usage", "stream_options.include_usage");
}

function readUser(body: JsonObject): string | undefined {
  const user = body.user ?? undefined;
  if (user !== undefined && typeof user !== "string") throw invalid("user must be a text");
  return user === "" ? undefined : user;
}

/**
 * The largest of several members that bound the same thing: a server may heed any of them. At least 1: some servers
 * take 0 or a negative number for "no bound".
 */
function largest(document: JsonDocument, body: JsonObject, keys: readonly string[]): number | undefined {
  let found: number | undefined;
  for (const key of keys) {
    const value = body[key] ?? undefined;
    if (value === undefined) continue;
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) {
      throw invalid(`${key} must be a whole number of at least 1`);
    }
    assertExact(document, key);
    found = Math.max(found ?? 0, value);
  }
  return found;
}

/** @throws RegentError body_invalid for a number that readers take differently: policy must see what the server sees */
function assertExact(document: JsonDocument, key: string): void {
  const number = document.number(`/${pointerToken(key)}`);
  if (number !== undefined && !number.exact)
    throw invalid(`${roleOf(key)} is a number that not every reader takes the same way`);
}
