import type { JsonObject, JsonValue } from "../../../exchange/json.ts";
import { JSON_TYPE } from "../../../formats/json-format.ts";
import { ENDPOINTS } from "../../../formats/openai-responses/detect.ts";
import type { TranslatedRequest, Warn } from "../../translation.ts";
import type { Conversation, Message, OutputForm, Reasoning, Tool, ToolChoice } from "../conversation.ts";
import { changed, defined, dropped, invented } from "../members.ts";
import { SHARED_SETTINGS } from "../openai-chat/settings.ts";
import { writeItems } from "./write-items.ts";

/** Writes a request for a response, which nobody but its client keeps unless it says otherwise. */
export function writeRequest(conversation: Conversation, warn: Warn): TranslatedRequest {
  const { messages, tools, toolChoice, reasoning, logprobs, at = {} } = conversation;
  tellLosses(conversation, warn);
  const instructions = leadingInstructions(messages);
  const body = defined({
    model: conversation.model,
    instructions: instructions.length === 0 ? undefined : instructions.map(textOf).join("\n"),
    input: writeItems(messages.slice(instructions.length), warn),
    tools: tools.length === 0 ? undefined : tools.map((tool, index) => writeTool(tool, index, warn)),
    tool_choice: toolChoice === undefined ? undefined : writeChoice(toolChoice),
    parallel_tool_calls: conversation.parallelToolCalls,
    max_output_tokens: conversation.maxOutputTokens,
    temperature: conversation.temperature,
    top_p: conversation.topP,
    top_logprobs: logprobs?.top,
    include: logprobs === undefined ? undefined : ["message.output_text.logprobs"],
    text: writeText(conversation, warn),
    reasoning:
      reasoning === undefined ? undefined : writeReasoning(reasoning, at.reasoning ?? "/reasoning", warn),
    user: conversation.user,
    metadata: conversation.metadata,
    store: false,
    stream: conversation.stream ? true : undefined,
    ...sharedSettings(conversation),
  });
  return {
    bytes: Buffer.from(JSON.stringify(body)),
    contentType: JSON_TYPE,
    path: ENDPOINTS[0]?.path ?? "",
    headers: [],
  };
}

function tellLosses({ at = {}, ...conversation }: Conversation, warn: Warn): void {
  for (const [key, name] of LOST) {
    if (conversation[key] !== undefined)
      dropped(warn, at[key] ?? `/${name}`, `a response has no setting ${name}`);
  }
}

const LOST = [
  ["topK", "top_k"],
  ["stop", "stop"],
  ["seed", "seed"],
  ["presencePenalty", "presence_penalty"],
  ["frequencyPenalty", "frequency_penalty"],
  ["choices", "n"],
] as const;

function sharedSettings({ settings = [] }: Conversation): JsonObject {
  const shared = settings.filter(({ name }) => SHARED_SETTINGS.has(name) && name !== "verbosity");
  return Object.fromEntries(shared.map(({ name, value }) => [name, value]));
}

/** The messages in front that only instruct: they have a member of their own, unless they say more than text. */
function leadingInstructions(messages: readonly Message[]): readonly Message[] {
  const end = messages.findIndex(({ role, name, parts }) => {
    const isPlain = parts.every((part) => part.kind === "text" && part.cache === undefined);
    return (role !== "system" && role !== "developer") || name !== undefined || !isPlain;
  });
  return messages.slice(0, end < 0 ? messages.length : end);
}

function textOf({ parts }: Message): string {
  return parts.map((part) => (part.kind === "text" ? part.text : "")).join("\n");
}

function writeTool({ name, description, parameters, strict, ...tool }: Tool, index: number, warn: Warn) {
  if (tool.cache !== undefined) {
    dropped(warn, tool.at ?? `/tools/${index}`, "a tool is no place for the end of a cached prompt");
  }
  return {
    type: "function",
    name,
    ...defined({ description }),
    parameters: parameters ?? null,
    // Here a tool is strict unless it says otherwise, elsewhere it is not.
    strict: strict ?? false,
  };
}

function writeChoice(choice: ToolChoice): JsonValue {
  return choice.mode === "tool" ? { type: "function", name: choice.name } : choice.mode;
}

function writeText({ output, settings = [], at = {} }: Conversation, warn: Warn): JsonObject | undefined {
  const verbosity = settings.find(({ name }) => name === "verbosity")?.value;
  if (output === undefined && verbosity === undefined) return undefined;
  return {
    ...(output === undefined ? {} : { format: writeFormat(output, at.output ?? "/text/format", warn) }),
    ...(verbosity === undefined ? {} : { verbosity }),
  };
}

function writeFormat(output: OutputForm, at: string, warn: Warn): JsonObject {
  if (output.form !== "json_schema") return { type: output.form };
  if (output.name === undefined) invented(warn, at, "a schema must have a name");
  const { name = "answer", description, schema, strict } = output;
  return { type: "json_schema", name, schema, ...defined({ description, strict }) };
}

function writeReasoning(reasoning: Reasoning, at: string, warn: Warn): JsonObject | undefined {
  if (reasoning.mode === "off") return { effort: "none" };
  const { effort, budgetTokens, shown } = reasoning;
  if (budgetTokens !== undefined) changed(warn, at, "a budget of tokens is carried as an effort");
  const level = effort ?? (budgetTokens === undefined ? undefined : effortOf(budgetTokens));
  const summary = shown === true ? "auto" : undefined;
  return level === undefined && summary === undefined ? undefined : defined({ effort: level, summary });
}

/**
 * The effort that thinks about as much as a budget allows: where a provider knows both, low is near a thousand tokens
 * and high at many thousands.
 */
function effortOf(budgetTokens: number): string {
  if (budgetTokens <= LOW_TOKENS_MAX) return "low";
  return budgetTokens <= MEDIUM_TOKENS_MAX ? "medium" : "high";
}

const LOW_TOKENS_MAX = 2_048;
const MEDIUM_TOKENS_MAX = 12_288;
