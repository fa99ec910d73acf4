import type { Warn } from "../../translation.ts";
import type { Conversation, Tool } from "../conversation.ts";
import { defined, dropped } from "../members.ts";
import { writeCache } from "./write-blocks.ts";

/** A schema is demanded, and that it is one of an object. */
export function writeTools(tools: readonly Tool[], warn: Warn): readonly object[] {
  return tools.map(({ name, description, parameters = {}, strict, cache, at }) =>
    defined({
      name,
      description,
      input_schema: Object.hasOwn(parameters, "type") ? parameters : { type: "object", ...parameters },
      strict: strict === true ? true : undefined,
      ...writeCache(cache, at, warn),
    }),
  );
}

/** Without tools Anthropic refuses a choice of them. */
export function writeToolChoice(conversation: Conversation, warn: Warn): object | undefined {
  const { tools, toolChoice, parallelToolCalls, at } = conversation;
  if (tools.length === 0) {
    if (toolChoice?.mode === "required" || toolChoice?.mode === "tool")
      dropped(warn, at?.toolChoice ?? "/tool_choice", "there are no tools to choose from");
    return undefined;
  }
  if (toolChoice === undefined && parallelToolCalls !== false) return undefined;
  const type = TYPES[toolChoice?.mode ?? "auto"];
  return defined({
    type,
    name: toolChoice?.mode === "tool" ? toolChoice.name : undefined,
    disable_parallel_tool_use: parallelToolCalls === false && type !== "none" ? true : undefined,
  });
}

const TYPES = { auto: "auto", none: "none", required: "any", tool: "tool" } as const;
