import type { JsonValue } from "../../../exchange/json.ts";
import { invalid } from "../../../formats/members.ts";
import type { Warn } from "../../translation.ts";
import type { Tool, ToolChoice } from "../conversation.ts";
import { defined, dropped, Members } from "../members.ts";
import { readCache } from "./read-blocks.ts";

export function readTools(body: Members, warn: Warn): readonly Tool[] {
  return (body.list("tools") ?? []).flatMap((tool, index) => readTool(tool, `/tools/${index}`, warn));
}

/** Tools that the provider brings along have no counterpart, whether it runs them or the client. */
function readTool(value: JsonValue, at: string, warn: Warn): Tool[] {
  const tool = new Members(value, at);
  const type = tool.text("type") ?? "custom";
  if (type !== "custom") {
    dropped(warn, at, "a tool of Anthropic's own has no counterpart");
    return [];
  }
  const read: Tool = {
    name: tool.needText("name"),
    ...defined({
      description: tool.text("description"),
      parameters: tool.json("input_schema"),
      strict: tool.flag("strict"),
      cache: readCache(tool, warn),
    }),
    at,
  };
  tool.tellRest(warn);
  return [read];
}

export function readToolChoice(
  body: Members,
  warn: Warn,
): { readonly toolChoice?: ToolChoice; readonly parallelToolCalls?: boolean } {
  const choice = body.object("tool_choice");
  if (choice === undefined) return {};
  const type = choice.needText("type");
  const isOne = choice.flag("disable_parallel_tool_use");
  const toolChoice = choiceOf(type, choice);
  choice.tellRest(warn);
  return { toolChoice, ...defined({ parallelToolCalls: isOne === true ? false : undefined }) };
}

function choiceOf(type: string, choice: Members): ToolChoice {
  switch (type) {
    case "auto":
    case "none":
      return { mode: type };
    case "any":
      return { mode: "required" };
    case "tool":
      return { mode: "tool", name: choice.needText("name") };
    default:
      throw invalid("/tool_choice/type is not known");
  }
}
