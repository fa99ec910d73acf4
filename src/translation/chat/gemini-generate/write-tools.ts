import type { Warn } from "../../translation.ts";
import type { Conversation, Tool } from "../conversation.ts";
import { defined, dropped } from "../members.ts";

/** Schemas stand where Gemini takes JSON schema as it is. */
export function writeTools(tools: readonly Tool[], warn: Warn): readonly object[] {
  return tools.map(({ name, description, parameters, strict, cache, at = "/tools" }) => {
    if (cache !== undefined) dropped(warn, at, "Gemini caches by itself");
    if (strict === true) dropped(warn, `${at}/strict`, "Gemini does not hold calls to the schema");
    return defined({ name, description, parametersJsonSchema: parameters });
  });
}

export function writeToolConfig({ tools, toolChoice, at }: Conversation, warn: Warn): object | undefined {
  if (toolChoice === undefined) return undefined;
  if (tools.length === 0) {
    if (toolChoice.mode !== "none" && toolChoice.mode !== "auto")
      dropped(warn, at?.toolChoice ?? "/tool_choice", "there are no tools to choose from");
    return undefined;
  }
  return {
    functionCallingConfig:
      toolChoice.mode === "tool"
        ? { mode: "ANY", allowedFunctionNames: [toolChoice.name] }
        : { mode: MODES[toolChoice.mode] },
  };
}

const MODES = { auto: "AUTO", none: "NONE", required: "ANY" } as const;
