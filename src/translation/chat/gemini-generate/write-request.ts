import { invalid } from "../../../formats/members.ts";
import type { TranslatedRequest, Warn } from "../../translation.ts";
import type { Conversation } from "../conversation.ts";
import { defined, dropped } from "../members.ts";
import { writeConfig } from "./write-config.ts";
import { writeContents } from "./write-contents.ts";
import { writeToolConfig, writeTools } from "./write-tools.ts";

/** A request for content, at the endpoint of the Gemini API. A stream comes as events only when it is asked for so. */
export function writeRequest(conversation: Conversation, warn: Warn): TranslatedRequest {
  const { model, stream } = conversation;
  if (model === undefined || model === "") throw invalid("model is missing");
  const verb = stream ? "streamGenerateContent?alt=sse" : "generateContent";
  return {
    bytes: Buffer.from(JSON.stringify(bodyOf(conversation, warn))),
    contentType: "application/json",
    path: `/v1beta/models/${encodeURIComponent(model)}:${verb}`,
    headers: [],
  };
}

function bodyOf(conversation: Conversation, warn: Warn): object {
  tellUncarried(conversation, warn);
  const { messages, tools, model = "" } = conversation;
  const config = writeConfig(conversation, warn);
  return defined({
    ...writeContents(messages, model, warn),
    tools: tools.length === 0 ? undefined : [{ functionDeclarations: writeTools(tools, warn) }],
    toolConfig: writeToolConfig(conversation, warn),
    generationConfig: Object.keys(config).length === 0 ? undefined : config,
  });
}

function tellUncarried(conversation: Conversation, warn: Warn): void {
  const { at = {}, parallelToolCalls } = conversation;
  for (const member of ["user", "metadata"] as const) {
    if (conversation[member] !== undefined)
      dropped(warn, at[member] ?? `/${member}`, "Gemini has nothing like it");
  }
  if (parallelToolCalls === false)
    dropped(warn, at.parallelToolCalls ?? "/parallel_tool_calls", "Gemini may call several tools at once");
}
