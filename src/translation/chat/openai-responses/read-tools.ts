import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import { invalid } from "../../../formats/members.ts";
import type { Warn } from "../../translation.ts";
import type { Conversation, Tool, ToolChoice } from "../conversation.ts";
import { changed, defined, dropped, type Members } from "../members.ts";
import { objectsIn } from "./members.ts";

/**
 * Tools that the client runs, and which of them the model is to call. Those that the provider brings along are left out.
 *
 * @throws RegentError body_invalid
 */
export function readTools(body: Members, warn: Warn): Pick<Conversation, "tools" | "toolChoice"> {
  const offered = objectsIn(body, "tools").flatMap((tool) => readTool(tool, warn));
  const { toolChoice, allowed } = readChoice(body, warn);
  const tools = offered.filter((tool) => {
    const isAllowed = allowed?.has(tool.name) ?? true;
    if (!isAllowed) dropped(warn, tool.at ?? "/tools", "a tool that is not allowed is not offered");
    return isAllowed;
  });
  return { tools, ...(tools.length === 0 ? {} : defined({ toolChoice })) };
}

function readTool(tool: Members, warn: Warn): Tool[] {
  if (tool.text("type") !== "function") {
    dropped(warn, tool.pointer, "only functions can be offered to a model of another dialect");
    return [];
  }
  const name = tool.needText("name");
  if (name === "") throw invalid(`${tool.at("name")} must not be empty`);
  const about = defined({
    description: tool.text("description"),
    parameters: tool.json("parameters"),
    strict: tool.flag("strict"),
  });
  tool.tellRest(warn);
  return [{ name, ...about, at: tool.pointer }];
}

type Choice = { readonly toolChoice?: ToolChoice; readonly allowed?: ReadonlySet<string> };

function readChoice(body: Members, warn: Warn): Choice {
  const choice = body.value("tool_choice");
  if (choice === undefined) return {};
  if (isMode(choice)) return { toolChoice: { mode: choice } };
  if (!isJsonObject(choice)) throw invalid("tool_choice must be one of its words or an object");
  if (choice.type === "function" && typeof choice.name === "string") {
    return { toolChoice: { mode: "tool", name: choice.name } };
  }
  if (choice.type === "allowed_tools" && (choice.mode === "auto" || choice.mode === "required")) {
    changed(warn, body.at("tool_choice"), "only the tools that are allowed are offered");
    return { toolChoice: { mode: choice.mode }, allowed: new Set(namesIn(choice)) };
  }
  dropped(warn, body.at("tool_choice"), "a tool that the provider brings along cannot be chosen");
  return {};
}

function isMode(choice: JsonValue): choice is "auto" | "none" | "required" {
  return choice === "auto" || choice === "none" || choice === "required";
}

function namesIn({ tools }: JsonObject): string[] {
  const list: readonly JsonValue[] = Array.isArray(tools) ? tools : [];
  return list.flatMap((tool) => (isJsonObject(tool) && typeof tool.name === "string" ? [tool.name] : []));
}
