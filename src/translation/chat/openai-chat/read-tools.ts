import { isJsonObject, type JsonValue } from "../../../exchange/json.ts";
import { invalid } from "../../../formats/members.ts";
import type { Warn } from "../../translation.ts";
import type { Tool, ToolChoice } from "../conversation.ts";
import { changed, defined, dropped, Members } from "../members.ts";
import { readCache } from "./read-parts.ts";

/** `tools` and the older `functions`, `tool_choice` and the older `function_call`. */
export function readTools(
  body: Members,
  warn: Warn,
): { readonly tools: readonly Tool[]; readonly choice: { readonly toolChoice?: ToolChoice } } {
  const tools = [
    ...(body.list("tools") ?? []).flatMap((tool, index) => readTool(tool, `/tools/${index}`, warn)),
    ...(body.list("functions") ?? []).map((tool, index) =>
      readFunction(new Members(tool, `/functions/${index}`), warn),
    ),
  ];
  const choice = readToolChoice(body, warn) ?? readFunctionChoice(body, warn);
  return { tools, choice: choice === undefined ? {} : { toolChoice: choice } };
}

function readTool(value: JsonValue, pointer: string, warn: Warn): Tool[] {
  const tool = new Members(value, pointer);
  const type = tool.text("type") ?? "function";
  const definition = tool.object("function");
  if (type !== "function" || definition === undefined) {
    if (type === "function") throw invalid(`${pointer}/function is missing`);
    dropped(warn, pointer, "only functions have a counterpart");
    return [];
  }
  const read = readFunction(definition, warn);
  const cache = readCache(tool, warn);
  tool.tellRest(warn);
  return [cache === undefined ? read : { ...read, cache }];
}

function readFunction(definition: Members, warn: Warn): Tool {
  const tool = {
    name: definition.needText("name"),
    ...defined({
      description: definition.text("description"),
      parameters: definition.json("parameters"),
      strict: definition.flag("strict"),
    }),
    at: definition.pointer,
  };
  definition.tellRest(warn);
  return tool;
}

function readToolChoice(body: Members, warn: Warn): ToolChoice | undefined {
  const value = body.value("tool_choice");
  if (value === undefined) return undefined;
  if (typeof value === "string") return modeOf(value, "/tool_choice");
  const choice = new Members(value, "/tool_choice");
  const type = choice.text("type") ?? "function";
  if (type === "allowed_tools") return readAllowed(choice, warn);
  const named = choice.object(type);
  if (type !== "function" || named === undefined) {
    dropped(warn, "/tool_choice", "a choice of this type has no counterpart");
    return undefined;
  }
  const name = named.needText("name");
  named.tellRest(warn);
  choice.tellRest(warn);
  return { mode: "tool", name };
}

/** Which of the tools are allowed has no counterpart: all are. */
function readAllowed(choice: Members, warn: Warn): ToolChoice {
  const allowed = choice.object("allowed_tools") ?? choice;
  const mode = allowed.text("mode") ?? "auto";
  allowed.value("tools");
  changed(warn, allowed.at("tools"), "all tools are allowed, not only these");
  allowed.tellRest(warn);
  return modeOf(mode, allowed.at("mode"));
}

/** `any` is what Mistral calls `required`. */
function modeOf(mode: string, at: string): ToolChoice {
  if (mode === "any") return { mode: "required" };
  if (mode === "auto" || mode === "none" || mode === "required") return { mode };
  throw invalid(`${at} must be auto, none, required or an object`);
}

function readFunctionChoice(body: Members, warn: Warn): ToolChoice | undefined {
  const value = body.value("function_call");
  if (value === undefined) return undefined;
  if (!isJsonObject(value)) {
    if (typeof value === "string") return modeOf(value, "/function_call");
    throw invalid("/function_call must be auto, none or an object");
  }
  const choice = new Members(value, "/function_call");
  const name = choice.needText("name");
  choice.tellRest(warn);
  return { mode: "tool", name };
}
