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
  if (body.messages === undefined) throw invalid("messages is missing");
  const text = new TextCollector(SCHEMA);
  const parameters: { [key: string]: JsonValue } = {};
  const tools: string[] = [];
  for (const key in body) {
    const value = body[key] as JsonValue;
    if (key === "messages") readMessages(value, text);
    else if (key === "tools" || key === "functions") readTools(key, value, text, tools);
    else if (key === "user") text.tree("/user", value, "user_id");
    else if (!READ_APART.has(key)) readMember(document, key, value, text, parameters);
  }
  const model = readModel(body);
  const stream = readFlag(body, "stream");
  const includeUsage = readIncludeUsage(body);
  return {
    format: "openai-chat",
    operation,
    model,
    stream,
    textParts: text.textParts,
    opaqueParts: text.opaqueParts,
    textBytes: text.textBytes(document, model),
    maxOutputTokens: largest(body, "max_tokens", "max_completion_tokens"),
    choices: largest(body, "n", "best_of") ?? 1,
    tools,
    modalities: readModalities(body, text),
    parameters,
    user: readUser(body),
    usageInStream: stream && includeUsage,
  };
}

/** Members that have a place of their own in the inference and no text in them. */
const READ_APART: ReadonlySet<string> = new Set([
  "model",
  "stream",
  "n",
  "best_of",
  "max_tokens",
  "max_completion_tokens",
]);

/** A member that is a setting, holds text, or both. */
function readMember(
  document: JsonDocument,
  key: string,
  value: JsonValue,
  text: TextCollector,
  parameters: { [key: string]: JsonValue },
): void {
  assertPlainSpelling(key);
  if (typeof value === "number") assertExact(document, key, value);
  if (typeof value === "number" || typeof value === "boolean" || isWord(key, value)) {
    if (key === "__proto__") Object.defineProperty(parameters, key, { value, enumerable: true });
    else parameters[key] = value;
  }
  text.member("", key, value, roleOf(key));
}

/** What the strings of a member that is no message are called. */
function roleOf(key: string): string {
  return PLAIN_KEYS.has(key) ? key : "unknown_member";
}

/** What goes in and what may come out: text, and the modalities of opaque parts and of the answer asked for. */
function readModalities({ modalities }: JsonObject, { opaqueParts }: TextCollector): readonly string[] {
  if (opaqueParts.length === 0 && modalities === undefined) return TEXT_ONLY;
  const asked = Array.isArray(modalities)
    ? modalities.filter((modality) => isWord("modalities", modality))
    : [];
  return [...new Set(["text", ...asked, ...opaqueParts.map(({ modality }) => modality)])];
}

const TEXT_ONLY: readonly string[] = Object.freeze(["text"]);

function readModel({ model }: JsonObject): string {
  if (model === undefined) throw invalid("model is missing");
  if (typeof model !== "string" || model.trim() === "")
    throw invalid("model must be a text that is not empty");
  if (model.length > MODEL_NAME_CHARS_MAX) {
    throw invalid(`model must have at most ${MODEL_NAME_CHARS_MAX} characters`);
  }
  for (let i = 0; i < model.length; i++) {
    if (isControl(model.charCodeAt(i))) throw invalid("model must not contain control characters");
  }
  return model;
}

/** C0, DEL and C1. */
function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
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
function largest(body: JsonObject, ...keys: readonly string[]): number | undefined {
  let found: number | undefined;
  for (const key of keys) {
    const value = body[key] ?? undefined;
    if (value === undefined) continue;
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) {
      throw invalid(`${key} must be a whole number of at least 1`);
    }
    found = Math.max(found ?? 0, value);
  }
  return found;
}

/**
 * Policy must see the number that the server sees, and readers differ about integers past 2^53 and what is past all
 * doubles. The spelling is looked at only where the value leaves a doubt.
 *
 * @throws RegentError body_invalid
 */
function assertExact(document: JsonDocument, key: string, value: number): void {
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return;
  if (document.number(`/${pointerToken(key)}`)?.exact === true) return;
  throw invalid(`${roleOf(key)} is a number that not every reader takes the same way`);
}
