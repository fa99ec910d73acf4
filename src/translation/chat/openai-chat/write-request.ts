import type { JsonObject, JsonValue } from "../../../exchange/json.ts";
import type { TranslatedRequest, Warn } from "../../translation.ts";
import type { Conversation, OutputForm, Reasoning } from "../conversation.ts";
import { changed, defined, dropped, invented } from "../members.ts";
import { SHARED_SETTINGS } from "./settings.ts";
import { writeMessages } from "./write-messages.ts";
import { writeToolChoice, writeTools } from "./write-tools.ts";

/** A chat completion request of OpenAI's. */
export function writeRequest(conversation: Conversation, warn: Warn): TranslatedRequest {
  return {
    bytes: Buffer.from(JSON.stringify(bodyOf(conversation, warn))),
    contentType: "application/json",
    path: "/v1/chat/completions",
    headers: [],
  };
}

function bodyOf(conversation: Conversation, warn: Warn): object {
  const { stream, includeUsage, tools, logprobs, at = {} } = conversation;
  if (conversation.topK !== undefined) dropped(warn, at.topK ?? "/top_k", "OpenAI has no top_k");
  return defined({
    model: conversation.model,
    messages: writeMessages(conversation.messages, warn),
    tools: tools.length === 0 ? undefined : writeTools(tools, warn),
    ...writeToolChoice(conversation, warn),
    max_completion_tokens: conversation.maxOutputTokens,
    temperature: conversation.temperature,
    top_p: conversation.topP,
    stop: writeStop(conversation, warn),
    seed: conversation.seed,
    presence_penalty: conversation.presencePenalty,
    frequency_penalty: conversation.frequencyPenalty,
    n: conversation.choices,
    logprobs: logprobs === undefined ? undefined : true,
    top_logprobs: logprobs?.top,
    response_format: writeOutput(conversation.output, at.output, warn),
    reasoning_effort: writeReasoning(conversation.reasoning, at.reasoning ?? "/reasoning", warn),
    user: conversation.user,
    metadata: conversation.metadata,
    stream: stream ? true : undefined,
    stream_options: stream && includeUsage ? { include_usage: true } : undefined,
    ...writeSettings(conversation),
  });
}

/** OpenAI takes no more. */
export const STOP_SEQUENCES_MAX = 4;

function writeStop({ stop, at }: Conversation, warn: Warn): readonly string[] | undefined {
  if (stop === undefined || stop.length === 0) return undefined;
  if (stop.length > STOP_SEQUENCES_MAX)
    dropped(warn, at?.stop ?? "/stop", `only the first ${STOP_SEQUENCES_MAX} stop sequences are taken`);
  return stop.slice(0, STOP_SEQUENCES_MAX);
}

function writeOutput(output: OutputForm | undefined, at = "/response_format", warn: Warn) {
  if (output === undefined) return undefined;
  if (output.form !== "json_schema") return { type: output.form };
  if (output.name === undefined) invented(warn, at, "OpenAI demands a name of the schema");
  return {
    type: "json_schema",
    json_schema: defined({
      name: output.name ?? SCHEMA_NAME,
      description: output.description,
      strict: output.strict,
      schema: output.schema,
    }),
  };
}

const SCHEMA_NAME = "answer";

/**
 * An effort in place of a budget: with the borders between the budgets that effort stands for where a dialect knows only
 * budgets.
 */
function writeReasoning(reasoning: Reasoning | undefined, at: string, warn: Warn): string | undefined {
  if (reasoning === undefined) return undefined;
  if (reasoning.mode === "off") return "none";
  const { effort, budgetTokens, shown } = reasoning;
  if (shown !== undefined) dropped(warn, at, "OpenAI's chat does not say whether thinking is shown");
  if (effort !== undefined) {
    if (budgetTokens !== undefined) changed(warn, at, "the effort is kept, not the budget");
    return effort;
  }
  // Where nothing is said of it, models decide by themselves how much they think.
  if (budgetTokens === undefined) return undefined;
  changed(warn, at, "a budget of thinking becomes an effort");
  if (budgetTokens <= 1024) return "low";
  return budgetTokens <= 2048 ? "medium" : "high";
}

/** A name that came out of a body is a key of its own, whatever it is. */
function writeSettings({ settings = [] }: Conversation): JsonObject {
  const carried = settings.filter(({ name }) => SHARED_SETTINGS.has(name));
  return Object.fromEntries(carried.map(({ name, value }): [string, JsonValue] => [name, value]));
}
