import type { Warn } from "../../translation.ts";
import type { Conversation, Tool } from "../conversation.ts";
import { defined, dropped } from "../members.ts";

export function writeTools(tools: readonly Tool[], warn: Warn): readonly object[] {
  return tools.map(({ name, description, parameters, strict, cache, at = "/tools" }) => {
    if (cache !== undefined) dropped(warn, `${at}/cache_control`, "OpenAI caches no tools on request");
    return { type: "function", function: defined({ name, description, parameters, strict }) };
  });
}

/** Without tools OpenAI refuses both. */
export function writeToolChoice(conversation: Conversation, warn: Warn): object {
  const { tools, toolChoice, parallelToolCalls, at } = conversation;
  if (tools.length === 0) {
    if (toolChoice !== undefined && toolChoice.mode !== "none" && toolChoice.mode !== "auto")
      dropped(warn, at?.toolChoice ?? "/tool_choice", "there are no tools to choose from");
    return {};
  }
  return defined({
    tool_choice:
      toolChoice?.mode === "tool"
        ? { type: "function", function: { name: toolChoice.name } }
        : toolChoice?.mode,
    parallel_tool_calls: parallelToolCalls,
  });
}
