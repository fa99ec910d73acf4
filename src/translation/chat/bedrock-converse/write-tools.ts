import type { Warn } from "../../translation.ts";
import type { Conversation, Tool } from "../conversation.ts";
import { defined, dropped } from "../members.ts";
import { cachePoint } from "./write-blocks.ts";

/** Tools and which of them is to be called. Bedrock has no word for "none": then they are not offered. */
export function writeToolConfig(conversation: Conversation, warn: Warn): object | undefined {
  const { tools, toolChoice, at } = conversation;
  if (tools.length === 0) {
    if (toolChoice?.mode === "required" || toolChoice?.mode === "tool")
      dropped(warn, at?.toolChoice ?? "/tool_choice", "there are no tools to choose from");
    return undefined;
  }
  if (toolChoice?.mode === "none") {
    // With calls in the history Bedrock demands the list.
    if (!hasCalls(conversation)) {
      dropped(warn, at?.tools ?? "/tools", "tools that must not be called are not offered");
      return undefined;
    }
    dropped(warn, at?.toolChoice ?? "/tool_choice", "Bedrock cannot be told to call none");
  }
  return {
    tools: tools.flatMap((tool) => writeTool(tool, warn)),
    ...defined({ toolChoice: writeChoice(toolChoice) }),
  };
}

function hasCalls({ messages }: Conversation): boolean {
  return messages.some(({ parts }) =>
    parts.some(({ kind }) => kind === "tool_call" || kind === "tool_result"),
  );
}

/** A schema is demanded, and that it is one of an object. */
function writeTool(tool: Tool, warn: Warn): readonly object[] {
  const { name, description, parameters = {}, strict, cache, at } = tool;
  const json = Object.hasOwn(parameters, "type") ? parameters : { type: "object", ...parameters };
  const spec = {
    toolSpec: defined({
      name,
      description: description === "" ? undefined : description,
      inputSchema: { json },
      strict: strict === true ? true : undefined,
    }),
  };
  return cache === undefined ? [spec] : [spec, cachePoint(cache, at, warn)];
}

function writeChoice(choice: Conversation["toolChoice"]): object | undefined {
  switch (choice?.mode) {
    case "auto":
      return { auto: {} };
    case "required":
      return { any: {} };
    case "tool":
      return { tool: { name: choice.name } };
    default:
      return undefined;
  }
}
