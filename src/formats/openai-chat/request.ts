import type { Inference } from "../../exchange/inference.ts";
import type { JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import { invalid, readFlag, readModel, readUser } from "../members.ts";
import { RequestReader } from "../openai/request.ts";
import { readMessages } from "./messages.ts";
import { SCHEMA } from "./schema.ts";
import { readTools } from "./tools.ts";

/**
 * Reads a chat completion request (https://platform.openai.com/docs/api-reference/chat/create) and what compatible
 * servers add to it. A member of a wrong type is refused where Regent acts on it; elsewhere its strings are text.
 *
 * @throws RegentError body_invalid
 */
export function readRequest(document: JsonDocument, operation: string): Inference {
  const request = new RequestReader(document, SCHEMA);
  const { body, text, parameters } = request;
  if (body.messages === undefined) throw invalid("messages is missing");
  const tools: string[] = [];
  for (const key in body) {
    const value = body[key] as JsonValue;
    if (key === "messages") readMessages(value, request);
    else if (key === "tools" || key === "functions") readTools(key, value, text, tools);
    else if (key === "user") text.tree("/user", value, "user_id");
    else if (!READ_APART.has(key)) request.member(key, value);
  }
  const model = readModel(body);
  const stream = readFlag(body, "stream");
  const includeUsage = request.includeUsage();
  return {
    format: "openai-chat",
    operation,
    model,
    stream,
    textParts: text.textParts,
    opaqueParts: text.opaqueParts,
    textBytes: text.textBytes(document, model),
    maxOutputTokens: request.largest("max_tokens", "max_completion_tokens"),
    choices: request.largest("n", "best_of") ?? 1,
    tools,
    modalities: request.modalities(askedModalities(body.modalities)),
    parameters,
    user: readUser(body.user, "user"),
    usageInStream: stream && includeUsage,
    otherModels: request.otherModels(),
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

/** What the answer may come out as. */
function askedModalities(modalities: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(modalities)) return [];
  return (modalities as readonly JsonValue[])
    .filter((modality) => typeof modality === "string")
    .filter((modality) => SCHEMA.isWord("modalities", modality));
}
