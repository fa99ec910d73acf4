import type { Inference } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import { invalid, readFlag, readModel, readUser } from "../members.ts";
import { RequestReader } from "../openai/request.ts";
import { COUNT_TOKENS } from "./detect.ts";
import { readMessages, readSystem } from "./messages.ts";
import { SCHEMA } from "./schema.ts";
import { readMcpServers, readTools } from "./tools.ts";

/**
 * Reads a request for a message, or for the count of its tokens (https://platform.claude.com/docs/en/api/messages). A member of a
 * wrong type is refused where Regent acts on it; elsewhere its strings are text.
 *
 * @throws RegentError body_invalid
 */
export function readRequest(document: JsonDocument, operation: string): Inference {
  const request = new RequestReader(document, SCHEMA);
  const { body, text, parameters } = request;
  if (body.messages === undefined) throw invalid("messages is missing");
  const tools: string[] = [];
  const otherModels: string[] = [];
  for (const key in body) readMember(key, body[key] as JsonValue, request, tools, otherModels);
  const model = readModel(body);
  const stream = readFlag(body, "stream");
  const maxTokens = readMaxTokens(body);
  return {
    format: "anthropic-messages",
    operation,
    model,
    stream,
    textParts: text.textParts,
    opaqueParts: text.opaqueParts,
    textBytes: text.textBytes(document, model),
    maxOutputTokens: operation === COUNT_TOKENS ? 0 : maxTokens,
    choices: 1,
    tools,
    modalities: request.modalities(),
    parameters,
    user: readUser(isJsonObject(body.metadata) ? body.metadata.user_id : undefined, "metadata.user_id"),
    usageInStream: stream,
    otherModels,
  };
}

function readMember(
  key: string,
  value: JsonValue,
  request: RequestReader,
  tools: string[],
  otherModels: string[],
): void {
  const { text } = request;
  switch (key) {
    // They have a place of their own in the inference, and no text in them.
    case "model":
    case "stream":
    case "max_tokens":
      break;
    case "messages":
      readMessages(value, request);
      break;
    case "system":
      readSystem(value, request);
      break;
    case "tools":
      readTools(value, text, tools, otherModels);
      break;
    case "mcp_servers":
      readMcpServers(value, text, tools);
      break;
    case "metadata":
      readMetadata(value, request);
      break;
    case "fallbacks":
      text.tree("/fallbacks", value, "fallbacks");
      if (value !== null) otherModels.push("fallbacks");
      break;
    default:
      request.member(key, value);
  }
}

function readMetadata(metadata: JsonValue, request: RequestReader): void {
  if (metadata === null) return;
  if (!isJsonObject(metadata)) throw invalid("metadata must be an object");
  for (const [key, value] of Object.entries(metadata)) {
    request.assertPlainSpelling(key);
    request.text.member("/metadata", key, value, key === "user_id" ? "user_id" : "metadata");
  }
}

/** With 0 the provider only reads the prompt into its cache. */
function readMaxTokens({ max_tokens: value }: JsonObject): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw invalid("max_tokens must be a whole number of at least 0");
  }
  return value;
}
