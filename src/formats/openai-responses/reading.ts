import type { ToolCall } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import type { RequestDescription } from "../format.ts";
import { argumentsText, parsedArguments } from "../loose.ts";
import { invalid } from "../members.ts";
import { isMessage } from "./items.ts";
import { TEXT_PARTS } from "./schema.ts";
import { toolName } from "./tools.ts";

/** @throws RegentError body_invalid */
export function describeRequest({ value }: JsonDocument): RequestDescription {
  if (!isJsonObject(value)) throw invalid("The body must be a JSON object");
  const { instructions, input } = value;
  const items = typeof input === "string" ? [{ role: "user", content: input }] : objectsOf(input);
  const system = typeof instructions === "string" ? [{ role: "system", text: instructions }] : [];
  return {
    toolCalls: items.flatMap(toolCallOf),
    details: {
      stream: value.stream === true,
      messages: [...system, ...items.flatMap(messageOf)],
      tools: objectsOf(value.tools).map((tool) => toolName(tool, "tools")),
      media: mediaOf(items),
      max_tokens: value.max_output_tokens ?? null,
      previous_response_id: value.previous_response_id ?? null,
    },
  };
}

function toolCallOf({ type, name, arguments: given, input }: JsonObject): ToolCall[] {
  if (type !== "function_call" && type !== "custom_tool_call") return [];
  return [
    { name: typeof name === "string" ? name : "", arguments: parsedArguments(argumentsText(given ?? input)) },
  ];
}

function messageOf(item: JsonObject): JsonObject[] {
  if (isMessage(item)) return [{ role: item.role ?? null, text: textOf(item.content) }];
  return typeof item.type === "string" && item.type.endsWith("_call_output")
    ? [{ role: "tool", text: textOf(item.output) }]
    : [];
}

function textOf(content: JsonValue | undefined): string | null {
  if (!Array.isArray(content)) return typeof content === "string" ? content : null;
  return objectsOf(content)
    .map(({ text }) => (typeof text === "string" ? text : ""))
    .join("");
}

/** How many parts of each type are no text. */
function mediaOf(items: readonly JsonObject[]): JsonObject {
  const counts = new Map<string, number>();
  for (const { type } of items.flatMap(({ content, output }) => [...partsOf(content), ...partsOf(output)])) {
    if (typeof type === "string" && !TEXT_PARTS.has(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

function partsOf(content: JsonValue | undefined): readonly JsonObject[] {
  return isJsonObject(content) ? [content] : objectsOf(content);
}

function objectsOf(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
