import type { ToolCall } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import type { EndpointMatch, RequestDescription } from "../format.ts";
import { invalid } from "../members.ts";
import { nameIn } from "./tools.ts";

/** @throws RegentError body_invalid */
export function describeRequest({ value }: JsonDocument, { stream }: EndpointMatch): RequestDescription {
  if (!isJsonObject(value)) throw invalid("The body must be a JSON object");
  const messages = objectsIn(value.messages);
  const blocks = messages.flatMap(({ content }) => objectsIn(content));
  const results = membersOf(blocks, "toolResult");
  const system = textOf(value.system);
  const { toolConfig, inferenceConfig } = value;
  return {
    toolCalls: membersOf(blocks, "toolUse").map(toolCallOf),
    details: {
      stream: stream === true,
      messages: [
        ...(system === null ? [] : [{ role: "system", text: system }]),
        ...messages.flatMap(turnsOf),
      ],
      tools: objectsIn(isJsonObject(toolConfig) ? toolConfig.tools : undefined).map(
        (tool) => nameIn(tool) ?? Object.keys(tool)[0] ?? "",
      ),
      media: mediaOf([...blocks, ...results.flatMap(({ content }) => objectsIn(content))]),
      max_tokens: (isJsonObject(inferenceConfig) ? inferenceConfig.maxTokens : null) ?? null,
    },
  };
}

function toolCallOf({ name, input }: JsonObject): ToolCall {
  return { name: typeof name === "string" ? name : "", arguments: input ?? null };
}

/** What a message says: the results of tools come first, each as said by the tool. */
function turnsOf({ role, content }: JsonObject): JsonObject[] {
  const results = membersOf(objectsIn(content), "toolResult").map((result) => ({
    role: "tool",
    text: textOf(result.content) ?? "",
  }));
  const text = textOf(content);
  return results.length > 0 && text === null ? results : [...results, { role: role ?? null, text }];
}

/** Null where there is no text. */
function textOf(content: JsonValue | undefined): string | null {
  const texts = objectsIn(content).flatMap(({ text }) => (typeof text === "string" ? [text] : []));
  return texts.length === 0 ? null : texts.join("");
}

/** How many blocks of each kind are neither text nor the doing of a tool. */
function mediaOf(blocks: readonly JsonObject[]): JsonObject {
  const counts = new Map<string, number>();
  for (const key of blocks.flatMap((block) => Object.keys(block)))
    if (!PLAIN.has(key)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return Object.fromEntries(counts);
}

const PLAIN: ReadonlySet<string> = new Set(["text", "json", "toolUse", "toolResult"]);

function membersOf(blocks: readonly JsonObject[], key: string): readonly JsonObject[] {
  return blocks.map((block) => block[key]).filter(isJsonObject);
}

function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter(isJsonObject) : [];
}
