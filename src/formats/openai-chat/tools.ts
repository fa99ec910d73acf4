import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { invalid } from "../members.ts";
import type { TextCollector } from "../text.ts";

/**
 * The tools offered to the model, `tools` or the older `functions`: names, and every string of their descriptions and
 * schemas, because the model reads them.
 *
 * @throws RegentError body_invalid
 */
export function readTools(
  key: "tools" | "functions",
  value: JsonValue,
  text: TextCollector,
  names: string[],
): void {
  if (value === null) return;
  if (!Array.isArray(value)) throw invalid(`${key} must be an array`);
  for (const [index, tool] of value.entries()) {
    names.push(toolName(tool, `${key}[${index}]`));
    text.tree(`/${key}/${index}`, tool, "tool");
  }
}

/** The name of a function or custom tool; the type of one that the provider brings along. */
export function toolName(tool: JsonValue, place: string): string {
  if (!isJsonObject(tool)) throw invalid(`${place} must be an object`);
  const definition = tool.function ?? tool.custom ?? tool;
  const name = isJsonObject(definition) ? (definition.name ?? tool.type) : undefined;
  if (typeof name !== "string" || name === "") throw invalid(`${place} has no name`);
  return name;
}
