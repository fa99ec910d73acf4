import { type Headers, singleHeader } from "../exchange/headers.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import { initialSse, stepSse } from "../wire/sse.ts";
import type { BodyKind } from "./reading.ts";

/**
 * Which dialect a body that comes without its request line is most likely of; undefined when nothing speaks for one.
 * For people who look at a body (`regent read`, `regent translate`): governed requests are told by their path alone.
 */
export function guessFormat(kind: BodyKind, body: Buffer, headers: Headers): string | undefined {
  if (kind !== "stream" && headers.has("inference-header-content-length")) return "kserve-v2";
  if (headers.has("x-amzn-errortype")) return "bedrock-converse";
  const type = singleHeader(headers, "content-type").value ?? "";
  if (type.startsWith("application/grpc")) return "kserve-v2-grpc";
  if (kind === "stream")
    return type === AWS_EVENT_STREAM || isAwsFrame(body) ? "bedrock-converse" : guessStream(body);
  const value = parsed(body.toString("utf8"));
  return isJsonObject(value) ? firstOf(kind === "request" ? REQUESTS : ANSWERS, value) : undefined;
}

const AWS_EVENT_STREAM = "application/vnd.amazon.eventstream";

type Sign = readonly [format: string, shows: (body: JsonObject) => boolean];

/** In the order in which they are asked: what only one dialect has comes first. */
const REQUESTS: readonly Sign[] = [
  ["gemini-generate", ({ contents }) => Array.isArray(contents)],
  ["triton-generate", (body) => "text_input" in body],
  ["kserve-v2", ({ inputs }) => some(inputs, ({ datatype }) => datatype !== undefined)],
  ["tfserving", (body) => "signature_name" in body || "examples" in body],
  ["kserve-v1", (body) => "instances" in body],
  ["tfserving", ({ inputs }) => inputs !== undefined],
  ["bedrock-converse", (body) => "inferenceConfig" in body || "toolConfig" in body || isConverse(body)],
  ["anthropic-messages", isAnthropic],
  ["openai-chat", ({ messages }) => Array.isArray(messages)],
  ["openai-completions", (body) => "prompt" in body],
  ["openai-embeddings", isEmbeddings],
  ["openai-responses", (body) => "input" in body || "previous_response_id" in body],
];

const ANSWERS: readonly Sign[] = [
  ["openai-chat", ({ object }) => object === "chat.completion"],
  ["openai-completions", ({ object }) => object === "text_completion"],
  ["openai-responses", ({ object }) => object === "response"],
  [
    "anthropic-messages",
    ({ type, error }) => type === "message" || (type === "error" && isJsonObject(error)),
  ],
  ["gemini-generate", (body) => "candidates" in body || "promptFeedback" in body || "usageMetadata" in body],
  ["gemini-generate", ({ error }) => isJsonObject(error) && typeof error.status === "string"],
  ["bedrock-converse", (body) => "stopReason" in body || "__type" in body],
  ["openai-chat", ({ choices }) => some(choices, (choice) => "message" in choice)],
  ["openai-completions", ({ choices }) => some(choices, (choice) => "text" in choice)],
  ["openai-embeddings", ({ data }) => some(data, (item) => "embedding" in item)],
  ["openai-responses", ({ output }) => Array.isArray(output)],
  ["triton-generate", (body) => "text_output" in body],
  ["kserve-v2", ({ outputs }) => some(outputs, ({ datatype }) => datatype !== undefined)],
  ["tfserving", (body) => "predictions" in body || "outputs" in body || "results" in body],
  ["openai-chat", ({ error }) => isJsonObject(error)],
  ["kserve-v2", ({ error }) => typeof error === "string"],
  ["bedrock-converse", ({ message }) => typeof message === "string"],
];

const EVENTS: readonly Sign[] = [
  ["openai-chat", ({ object }) => object === "chat.completion.chunk"],
  ["openai-completions", ({ object }) => object === "text_completion"],
  ["openai-responses", ({ type }) => typeof type === "string" && type.startsWith("response.")],
  ["anthropic-messages", ({ type }) => typeof type === "string" && ANTHROPIC_EVENTS.has(type)],
  ["gemini-generate", (body) => "candidates" in body || "promptFeedback" in body || "usageMetadata" in body],
  ["openai-completions", ({ choices }) => some(choices, (choice) => "text" in choice)],
  ["openai-chat", ({ choices }) => Array.isArray(choices)],
  ["triton-generate", (body) => "text_output" in body || typeof body.error === "string"],
  ["openai-chat", ({ error }) => isJsonObject(error)],
];

const ANTHROPIC_EVENTS: ReadonlySet<string> = new Set([
  "message_start",
  "message_delta",
  "message_stop",
  "content_block_start",
  "content_block_delta",
  "content_block_stop",
  "ping",
  "error",
]);

/** Events of a stream that are looked at: most show what they are at once. */
const GUESSED_EVENTS_MAX = 20;

function guessStream(body: Buffer): string | undefined {
  for (const { data } of stepSse(initialSse(), body).events.slice(0, GUESSED_EVENTS_MAX)) {
    const value = parsed(data);
    const format = isJsonObject(value) ? firstOf(EVENTS, value) : undefined;
    if (format !== undefined) return format;
  }
  return undefined;
}

/** The length of all comes first: at least that of the smallest frame, and below 16 MiB. Checksums are not looked at. */
function isAwsFrame(body: Buffer): boolean {
  return body.length >= 16 && body.readUInt32BE(0) >= 16 && body[0] === 0;
}

function isConverse({ messages, system }: JsonObject): boolean {
  if (some(system, (block) => "text" in block && !("type" in block))) return true;
  return some(messages, ({ content }) => some(content, (block) => !("type" in block)));
}

function isAnthropic(body: JsonObject): boolean {
  if (!Array.isArray(body.messages) || isOpenai(body)) return false;
  if (["system", "stop_sequences", "thinking", "anthropic_version", "top_k"].some((name) => name in body))
    return true;
  if (some(body.tools, (tool) => "input_schema" in tool)) return true;
  return (
    some(body.messages, ({ content }) =>
      some(content, ({ type, source }) => ANTHROPIC_BLOCKS.has(type ?? null) || source !== undefined),
    ) ||
    ("max_tokens" in body && typeof body.model === "string" && body.model.includes("claude"))
  );
}

/** Servers of OpenAI's dialect take members of Anthropic's besides, and not the other way round. */
function isOpenai(body: JsonObject): boolean {
  // Anthropic demands a bound.
  if (!("max_tokens" in body) && some(body.messages, ({ role }) => role === "system")) return true;
  return (
    ["max_completion_tokens", "stream_options", "response_format", "reasoning_effort"].some(
      (name) => name in body,
    ) ||
    some(body.tools, (tool) => "function" in tool) ||
    some(body.messages, ({ role }) => role === "developer" || role === "tool")
  );
}

const ANTHROPIC_BLOCKS: ReadonlySet<JsonValue> = new Set([
  "tool_use",
  "tool_result",
  "thinking",
  "redacted_thinking",
  "server_tool_use",
  "search_result",
]);

/** Embeddings and responses both have `input`; a list of strings or tokens, or a model named for it, is embedded. */
function isEmbeddings(body: JsonObject): boolean {
  if (!("input" in body)) return false;
  if ("encoding_format" in body || "dimensions" in body) return true;
  const { input, model } = body;
  if (Array.isArray(input) && input.length > 0) return !isJsonObject(input[0]);
  return typeof model === "string" && model.toLowerCase().includes("embed");
}

function firstOf(signs: readonly Sign[], body: JsonObject): string | undefined {
  return signs.find(([, shows]) => shows(body))?.[0];
}

function some(list: JsonValue | undefined, is: (item: JsonObject) => boolean): boolean {
  return Array.isArray(list) && (list as readonly JsonValue[]).some((item) => isJsonObject(item) && is(item));
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
