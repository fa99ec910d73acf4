import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { invalid } from "../members.ts";
import { mediaSize } from "../openai/media.ts";
import type { TextCollector } from "../text.ts";

/**
 * Tools offered to the model: the names, those within a namespace included, and every string of them.
 *
 * @throws RegentError body_invalid
 */
export function readTools(pointer: string, value: JsonValue, text: TextCollector, names: string[]): void {
  if (value === null) return;
  if (!Array.isArray(value)) throw invalid(`${pointer} must be an array`);
  for (const [index, tool] of (value as readonly JsonValue[]).entries()) {
    const place = `${pointer}/${index}`;
    if (!isJsonObject(tool)) throw invalid(`${place} must be an object`);
    names.push(toolName(tool, place));
    readTool(tool, place, text, names);
  }
}

function readTool(tool: JsonObject, place: string, text: TextCollector, names: string[]): void {
  for (const key in tool) {
    const value = tool[key] as JsonValue;
    if (key === "tools") readTools(`${place}/tools`, value, text, names);
    else if (key === "input_image_mask" && isJsonObject(value))
      text.opaque(`${place}/${key}`, "image", mediaSize(value));
    else text.member(place, key, value, "tool");
  }
}

/**
 * The name of a function or custom tool; the type of one that the provider brings along.
 *
 * @throws RegentError body_invalid
 */
export function toolName(tool: JsonObject, place: string): string {
  const definition = isJsonObject(tool.function) ? tool.function : tool;
  const name = definition.name ?? tool.type;
  if (typeof name !== "string" || name === "") throw invalid(`${place} has no name`);
  return name;
}
