import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { invalid } from "../members.ts";
import type { TextCollector } from "../text.ts";

/**
 * The tools offered to the model: names, and every string of their descriptions and schemas, because the model reads them.
 * A tool that asks another model (`advisor`) is told in `otherModels`.
 *
 * @throws RegentError body_invalid
 */
export function readTools(
  tools: JsonValue,
  text: TextCollector,
  names: string[],
  otherModels: string[],
): void {
  if (tools === null) return;
  if (!Array.isArray(tools)) throw invalid("tools must be an array");
  for (const [index, tool] of (tools as readonly JsonValue[]).entries()) {
    names.push(toolName(tool, `tools[${index}]`));
    if (isJsonObject(tool) && tool.model !== undefined) otherModels.push(`tools[${index}]`);
    text.tree(`/tools/${index}`, tool, "tool");
  }
}

/**
 * Servers whose tools the provider offers to the model. Which tools these are the request need not say, so each server
 * counts as one tool, `mcp:NAME`.
 *
 * @throws RegentError body_invalid
 */
export function readMcpServers(servers: JsonValue, text: TextCollector, names: string[]): void {
  if (servers === null) return;
  if (!Array.isArray(servers)) throw invalid("mcp_servers must be an array");
  for (const [index, server] of (servers as readonly JsonValue[]).entries()) {
    if (!isJsonObject(server) || typeof server.name !== "string" || server.name === "")
      throw invalid(`mcp_servers[${index}] has no name`);
    names.push(`mcp:${server.name}`);
    text.tree(`/mcp_servers/${index}`, server, "mcp_server");
  }
}

/** The name of a tool; the type of one that the provider brings along without a name. */
export function toolName(tool: JsonValue, place: string): string {
  if (!isJsonObject(tool)) throw invalid(`${place} must be an object`);
  const name = tool.name ?? tool.type;
  if (typeof name !== "string" || name === "") throw invalid(`${place} has no name`);
  return name;
}
