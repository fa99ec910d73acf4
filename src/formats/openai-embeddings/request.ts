import type { Inference } from "../../exchange/inference.ts";
import type { JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import { invalid, readModel, readUser } from "../members.ts";
import { readPart, readPrompts } from "../openai/prompts.ts";
import { RequestReader } from "../openai/request.ts";
import { SCHEMA } from "./schema.ts";

/**
 * Reads an embedding request (https://platform.openai.com/docs/api-reference/embeddings/create) and what compatible
 * servers add to it.
 *
 * @throws RegentError body_invalid
 */
export function readRequest(document: JsonDocument, operation: string): Inference {
  const request = new RequestReader(document, SCHEMA);
  const { body, text, parameters } = request;
  if (body.input === undefined) throw invalid("input is missing");
  for (const key in body) {
    const value = body[key] as JsonValue;
    if (key === "user") text.tree("/user", value, "user_id");
    else if (!READ_APART.has(key)) request.member(key, value);
    // A conversation to embed: some servers take it instead of the input, and it may hold more than text.
    if (key === "messages" && value !== null) text.opaque("/messages", "unknown");
  }
  readPrompts("input", body.input, text, (part, pointer) => readPart(part, pointer, "user", text));
  const model = readModel(body);
  return {
    format: "openai-embeddings",
    operation,
    model,
    stream: false,
    textParts: text.textParts,
    opaqueParts: text.opaqueParts,
    textBytes: text.textBytes(document, model),
    // Vectors are no tokens.
    maxOutputTokens: 0,
    choices: 1,
    tools: [],
    modalities: request.modalities(),
    parameters,
    user: readUser(body.user, "user"),
    usageInStream: false,
  };
}

/** Members that have a place of their own in the inference. */
const READ_APART: ReadonlySet<string> = new Set(["model", "input"]);
