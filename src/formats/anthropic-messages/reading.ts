import type { ToolCall } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import type { RequestDescription } from "../format.ts";
import { invalid } from "../members.ts";
import { toolName } from "./tools.ts";

/** @throws RegentError body_invalid */
export function describeRequest({ value }: JsonDocument): RequestDescription {
  if (!isJsonObject(value)) throw invalid("The body must be a JSON object");
  const messages = listOf(value.messages).filter(isJsonObject);
  const blocks = messages.flatMap(({ content }) => blocksOf(content));
  const system = textOf(value.system);
  return {
    toolCalls: blocks.filter(({ type }) => type === "tool_use").map(toolCallOf),
    details: {
      stream: value.stream === true,
      messages: [
        ...(system === null ? [] : [{ role: "system", text: system }]),
        ...messages.flatMap(turnsOf),
      ],
      tools: listOf(value.tools).map((tool) => toolName(tool, "tools")),
      media: mediaOf([...blocks, ...blocks.filter(isToolResult).flatMap(({ content }) => blocksOf(content))]),
      max_tokens: value.max_tokens ?? null,
    },
  };
}

function toolCallOf({ name, input }: JsonObject): ToolCall {
  return { name: typeof name === "string" ? name : "", arguments: input ?? null };
}

/** What a message says: the results of tools come first, each as said by the tool. */
function turnsOf({ role, content }: JsonObject): JsonObject[] {
  const blocks = blocksOf(content);
  const results = blocks
    .filter(isToolResult)
    .map((result) => ({ role: "tool", text: textOf(result.content) ?? "" }));
  if (results.length > 0 && results.length === blocks.length) return results;
  return [...results, { role: role ?? null, text: textOf(content) }];
}

/** Null where there is no text. */
function textOf(content: JsonValue | undefined): string | null {
  if (typeof content === "string") return content;
  const texts = blocksOf(content).filter(({ type, text }) => type === "text" && typeof text === "string");
  return texts.length === 0 ? null : texts.map(({ text }) => text).join("");
}

/** How many blocks of each type are neither text nor the doing of a tool. */
function mediaOf(blocks: readonly JsonObject[]): JsonObject {
  const counts = new Map<string, number>();
  for (const { type } of blocks)
    if (typeof type === "string" && MEDIA.has(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
  return Object.fromEntries(counts);
}

const MEDIA: ReadonlySet<string> = new Set([
  "image",
  "document",
  "search_result",
  "container_upload",
  "tool_reference",
]);

function isToolResult({ type }: JsonObject): boolean {
  return type === "tool_result";
}

function blocksOf(content: JsonValue | undefined): readonly JsonObject[] {
  return listOf(content).filter(isJsonObject);
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}
