import type { Inference } from "../../exchange/inference.ts";
import type { JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import { invalid, readFlag, readModel, readUser } from "../members.ts";
import { readPrompts } from "../openai/prompts.ts";
import { RequestReader } from "../openai/request.ts";
import { SCHEMA } from "./schema.ts";

/**
 * Reads a completion request (https://platform.openai.com/docs/api-reference/completions/create) and what compatible
 * servers add to it.
 *
 * @throws RegentError body_invalid
 */
export function readRequest(document: JsonDocument, operation: string): Inference {
  const request = new RequestReader(document, SCHEMA);
  const { body, text, parameters } = request;
  if (body.prompt === undefined) throw invalid("prompt is missing");
  for (const key in body) {
    const value = body[key] as JsonValue;
    if (key === "suffix") text.tree("/suffix", value, "user");
    else if (key === "user") text.tree("/user", value, "user_id");
    else if (!READ_APART.has(key)) request.member(key, value);
    // Vectors in the place of a prompt, which the server takes instead of it or besides.
    if (key === "prompt_embeds" && value !== null) text.opaque("/prompt_embeds", "unknown");
  }
  const prompts = readPrompts("prompt", body.prompt, text);
  const model = readModel(body);
  const stream = readFlag(body, "stream");
  const includeUsage = request.includeUsage();
  return {
    format: "openai-completions",
    operation,
    model,
    stream,
    textParts: text.textParts,
    opaqueParts: text.opaqueParts,
    textBytes: text.textBytes(document, model),
    maxOutputTokens: request.largest("max_tokens"),
    // Each prompt of a list is answered by itself.
    choices: (request.largest("n", "best_of") ?? 1) * prompts,
    tools: [],
    modalities: request.modalities(),
    parameters,
    user: readUser(body.user, "user"),
    usageInStream: stream && includeUsage,
    otherModels: request.otherModels(),
  };
}

/** Members that have a place of their own in the inference. */
const READ_APART: ReadonlySet<string> = new Set(["model", "prompt", "stream", "n", "best_of", "max_tokens"]);
