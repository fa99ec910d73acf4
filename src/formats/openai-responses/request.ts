import type { Inference } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { type JsonDocument, keyPointer, pointerToken } from "../../wire/json/index.ts";
import { invalid, readFlag, readModel, readUser } from "../members.ts";
import { RequestReader } from "../openai/request.ts";
import type { TextCollector } from "../text.ts";
import { readContentPart, readItems } from "./items.ts";
import { SCHEMA } from "./schema.ts";
import { readTools } from "./tools.ts";

/**
 * Reads a request for a response (https://platform.openai.com/docs/api-reference/responses/create) and what compatible
 * servers add to it. What the provider keeps and adds by itself is not seen: such a part is reported as `context`.
 *
 * @throws RegentError body_invalid
 */
export function readRequest(document: JsonDocument, operation: string): Inference {
  const request = new RequestReader(document, SCHEMA);
  const { body, text, parameters } = request;
  assertInput(body);
  const tools: string[] = [];
  for (const key in body) readMember(request, key, body[key] as JsonValue, tools);
  const model = readModel(body);
  const stream = readFlag(body, "stream");
  return {
    format: "openai-responses",
    operation,
    model,
    stream,
    textParts: text.textParts,
    opaqueParts: text.opaqueParts,
    textBytes: text.textBytes(document, model),
    maxOutputTokens: request.largest("max_output_tokens"),
    choices: 1,
    tools,
    modalities: request.modalities(),
    parameters,
    user: readUser(body.user, "user"),
    usageInStream: stream,
    otherModels: request.otherModels(),
  };
}

/** A response is made from an input, or from what the provider keeps. */
function assertInput(body: JsonObject): void {
  if (body.input !== undefined) return;
  if (CONTEXTS.every((key) => (body[key] ?? null) === null)) throw invalid("input is missing");
}

/** Members that name something the provider keeps and puts in front of the input. */
const CONTEXTS: readonly string[] = ["previous_response_id", "conversation", "prompt"];

function readMember(request: RequestReader, key: string, value: JsonValue, tools: string[]): void {
  const { text } = request;
  if (READ_APART.has(key)) return;
  if (key === "input") readInput(value, request, tools);
  else if (key === "instructions") text.tree("/instructions", value, "system");
  else if (key === "tools") readTools("/tools", value, text, tools);
  else if (key === "user") text.tree("/user", value, "user_id");
  else if (key === "prompt") readTemplate(value, request);
  else if (!KEPT_ELSEWHERE.has(key)) request.member(key, value);
  else if (value !== null) text.opaque(`/${key}`, "context");
}

/** Members that have a place of their own in the inference and no text in them. */
const READ_APART: ReadonlySet<string> = new Set(["model", "stream", "max_output_tokens"]);

/** Members that only name what the provider keeps. */
const KEPT_ELSEWHERE: ReadonlySet<string> = new Set(["previous_response_id", "conversation"]);

function readInput(input: JsonValue, request: RequestReader, tools: string[]): void {
  if (typeof input === "string") request.text.add("/input", input, "user");
  else if (Array.isArray(input)) readItems(input, request, tools);
  else if (input !== null) throw invalid("input must be a text or a list of items");
}

/** A prompt that the provider keeps, and what is put into it. */
function readTemplate(prompt: JsonValue, { text }: RequestReader): void {
  if (prompt === null) return;
  if (!isJsonObject(prompt)) throw invalid("prompt must be an object");
  text.opaque("/prompt", "context");
  for (const [key, value] of Object.entries(prompt)) {
    if (key === "variables" && isJsonObject(value)) readVariables(value, text);
    else text.member("/prompt", key, value, "prompt");
  }
}

function readVariables(variables: JsonObject, text: TextCollector): void {
  for (const [name, value] of Object.entries(variables)) {
    const pointer = `/prompt/variables/${pointerToken(name)}`;
    text.add(keyPointer(pointer), name, "user");
    readContentPart(value, pointer, "user", text);
  }
}
