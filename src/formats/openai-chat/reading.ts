import type { ToolCall } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import type { RequestDescription } from "../format.ts";
import { invalid } from "../members.ts";
import { Choice } from "../openai/choice.ts";
import { toolName } from "./tools.ts";

/** @throws RegentError body_invalid */
export function describeRequest({ value }: JsonDocument): RequestDescription {
  if (!isJsonObject(value)) throw invalid("The body must be a JSON object");
  const messages = listOf(value.messages).filter(isJsonObject);
  const options = value.stream_options;
  return {
    toolCalls: messages.flatMap(toolCallsOf),
    details: {
      stream: value.stream === true,
      messages: messages.map((message) => ({ role: message.role ?? null, text: textOf(message.content) })),
      tools: [...listOf(value.tools), ...listOf(value.functions)].map((tool) => toolName(tool, "tools")),
      media: mediaOf(messages),
      max_tokens: value.max_completion_tokens ?? value.max_tokens ?? null,
      n: value.n ?? null,
      include_usage: isJsonObject(options) && options.include_usage === true,
    },
  };
}

function toolCallsOf(message: JsonObject): ToolCall[] {
  const choice = new Choice(true);
  choice.add(message);
  return choice.toolCalls();
}

function textOf(content: JsonValue | undefined): string | null {
  if (!Array.isArray(content)) return typeof content === "string" ? content : null;
  return content
    .map((part: JsonValue) => (isJsonObject(part) && typeof part.text === "string" ? part.text : ""))
    .join("");
}

/** How many parts of each type are no text. */
function mediaOf(messages: readonly JsonObject[]): JsonObject {
  const counts = new Map<string, number>();
  for (const { content } of messages) {
    for (const part of listOf(content)) {
      const type = isJsonObject(part) ? part.type : undefined;
      if (typeof type === "string" && !WORDS_ONLY.has(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
    }
  }
  return Object.fromEntries(counts);
}

const WORDS_ONLY: ReadonlySet<string> = new Set(["text", "refusal", "thinking"]);

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}
