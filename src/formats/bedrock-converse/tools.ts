import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { invalid } from "../members.ts";
import type { TextCollector } from "../text.ts";

/**
 * The tools offered to the model: names, and every string of their descriptions and schemas, because the model reads them.
 *
 * @throws RegentError body_invalid
 */
export function readToolConfig(config: JsonValue, text: TextCollector, names: string[]): void {
  if (config === null) return;
  if (!isJsonObject(config)) throw invalid("toolConfig must be an object");
  for (const key in config) {
    const value = config[key] as JsonValue;
    if (key === "tools") readTools(value, "/toolConfig/tools", text, names);
    else text.member("/toolConfig", key, value, "tool");
  }
}

function readTools(tools: JsonValue, pointer: string, text: TextCollector, names: string[]): void {
  if (tools === null) return;
  if (!Array.isArray(tools)) throw invalid(`${pointer} must be an array`);
  for (const [index, tool] of (tools as readonly JsonValue[]).entries()) {
    if (!isJsonObject(tool)) throw invalid(`${pointer}/${index} must be an object`);
    if (!("cachePoint" in tool)) names.push(toolName(tool, `${pointer}/${index}`));
    text.members(`${pointer}/${index}`, tool, "tool");
  }
}

/** The name in a tool's one member. @throws RegentError body_invalid */
function toolName(tool: JsonObject, place: string): string {
  const name = nameIn(tool);
  if (name === undefined) throw invalid(`${place} has no name`);
  return name;
}

/** `toolSpec` and `systemTool` have a name; undefined where there is none. */
export function nameIn(tool: JsonObject): string | undefined {
  for (const key of ["toolSpec", "systemTool"]) {
    const spec = tool[key];
    if (isJsonObject(spec) && typeof spec.name === "string" && spec.name !== "") return spec.name;
  }
  return undefined;
}
