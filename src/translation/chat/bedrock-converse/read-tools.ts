import type { Warn } from "../../translation.ts";
import type { Conversation, Tool, ToolChoice } from "../conversation.ts";
import { defined, dropped, Members } from "../members.ts";
import { readCachePoint } from "./read-blocks.ts";

export function readToolConfig(body: Members, warn: Warn): Pick<Conversation, "tools" | "toolChoice"> {
  const config = body.object("toolConfig");
  const tools: Tool[] = [];
  for (const [index, value] of (config?.list("tools") ?? []).entries()) {
    const tool = new Members(value, `/toolConfig/tools/${index}`);
    readTool(tool, tools, warn);
    tool.tellRest(warn);
  }
  const choice = config?.object("toolChoice");
  const toolChoice = choice === undefined ? undefined : readChoice(choice, warn);
  config?.tellRest(warn);
  return { tools, ...defined({ toolChoice }) };
}

function readTool(tool: Members, tools: Tool[], warn: Warn): void {
  const cache = tool.object("cachePoint");
  if (cache !== undefined) {
    const last = tools.pop();
    const point = readCachePoint(cache, warn);
    if (last === undefined) dropped(warn, cache.pointer, "there is no tool in front of it");
    else tools.push({ ...last, ...defined({ cache: point }) });
  }
  const spec = tool.object("toolSpec");
  if (spec === undefined) return;
  const schema = spec.object("inputSchema");
  tools.push({
    name: spec.needText("name"),
    ...defined({
      description: spec.text("description"),
      parameters: schema?.json("json"),
      strict: spec.flag("strict"),
    }),
    at: tool.pointer,
  });
  schema?.tellRest(warn);
  spec.tellRest(warn);
}

function readChoice(choice: Members, warn: Warn): ToolChoice | undefined {
  const tool = choice.object("tool");
  const [auto, any] = [choice.object("auto"), choice.object("any")];
  const name = tool?.needText("name");
  for (const members of [tool, auto, any, choice]) members?.tellRest(warn);
  if (name !== undefined) return { mode: "tool", name };
  if (any !== undefined) return { mode: "required" };
  return auto === undefined ? undefined : { mode: "auto" };
}
