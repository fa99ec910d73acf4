import type { TranslatedRequest, Warn } from "../../translation.ts";
import type { Conversation, OutputForm, Setting } from "../conversation.ts";
import { changed, defined, dropped, invented } from "../members.ts";
import { type Thinking, writeThinking } from "./thinking.ts";
import { writeMessages } from "./write-messages.ts";
import { writeToolChoice, writeTools } from "./write-tools.ts";

/** Tokens of an answer where the client set no bound: Anthropic demands one. */
export const MAX_TOKENS_DEFAULT = 4096;

/** The version of the API that this is written for. */
const VERSION = "2023-06-01";

/** Of {@link Conversation.settings}, what Anthropic has a place for. */
export const SETTINGS: ReadonlySet<string> = new Set(["service_tier", "safety_identifier"]);

/** A request for a message. */
export function writeRequest(conversation: Conversation, warn: Warn): TranslatedRequest {
  return {
    bytes: Buffer.from(JSON.stringify(bodyOf(conversation, warn))),
    contentType: "application/json",
    path: "/v1/messages",
    headers: [["anthropic-version", VERSION]],
  };
}

function bodyOf(conversation: Conversation, warn: Warn): object {
  tellUncarried(conversation, warn);
  const thinking = writeThinking(conversation, warn);
  const format = writeOutput(conversation.output, conversation.at?.output ?? "/response_format", warn);
  const config = defined({ effort: thinking.effort, format });
  const user = writeUser(conversation, warn);
  return defined({
    model: conversation.model,
    max_tokens: writeMaxTokens(conversation, thinking, warn),
    ...writeMessages(conversation.messages, warn),
    tools: conversation.tools.length === 0 ? undefined : writeTools(conversation.tools, warn),
    tool_choice: writeToolChoice(conversation, warn),
    ...writeSampling(conversation, thinking, warn),
    stop_sequences: writeStop(conversation, warn),
    thinking: thinking.thinking,
    output_config: Object.keys(config).length === 0 ? undefined : config,
    metadata: user === undefined ? undefined : { user_id: user },
    service_tier: writeTier(conversation.settings, warn),
    stream: conversation.stream ? true : undefined,
  });
}

function tellUncarried(conversation: Conversation, warn: Warn): void {
  for (const member of UNCARRIED) {
    if (conversation[member] === undefined) continue;
    dropped(warn, conversation.at?.[member] ?? `/${member}`, "Anthropic has nothing like it");
  }
}

const UNCARRIED = [
  "seed",
  "presencePenalty",
  "frequencyPenalty",
  "choices",
  "logprobs",
  "metadata",
] as const satisfies readonly (keyof Conversation)[];

/** Thinking is part of the answer's tokens. A bound above the model's own would be refused by some, and charged for nothing. */
function writeMaxTokens(
  { maxOutputTokens, modelOutputTokens, at }: Conversation,
  { budget = 0 }: Thinking,
  warn: Warn,
): number {
  if (maxOutputTokens !== undefined) return maxOutputTokens;
  invented(warn, at?.maxOutputTokens ?? "/max_tokens", "Anthropic demands a bound of the answer");
  return Math.min(budget + MAX_TOKENS_DEFAULT, modelOutputTokens ?? Number.POSITIVE_INFINITY);
}

/** With thinking Anthropic takes no temperature, no `top_k`, and a `top_p` of at least 0.95. */
function writeSampling(conversation: Conversation, { thinking }: Thinking, warn: Warn): object {
  const { temperature, topP, topK, reasoning, at = {} } = conversation;
  const thinks = thinking !== undefined && reasoning?.mode === "on";
  if (thinks && temperature !== undefined && temperature !== 1)
    dropped(warn, at.temperature ?? "/temperature", "thinking sets its own");
  if (thinks && topK !== undefined) dropped(warn, at.topK ?? "/top_k", "thinking sets its own");
  const isTopPFit = !thinks || topP === undefined || topP >= 0.95;
  if (!isTopPFit) dropped(warn, at.topP ?? "/top_p", "thinking takes none below 0.95");
  if (!thinks && temperature !== undefined && temperature > 1)
    changed(warn, at.temperature ?? "/temperature", "Anthropic's ends at 1");
  return {
    temperature: thinks || temperature === undefined ? undefined : Math.min(1, temperature),
    top_p: isTopPFit ? topP : undefined,
    top_k: thinks ? undefined : topK,
  };
}

/** Anthropic refuses what is nothing but white space. */
function writeStop({ stop, at }: Conversation, warn: Warn): readonly string[] | undefined {
  const kept = stop?.filter((sequence) => sequence.trim() !== "");
  if (kept?.length !== stop?.length)
    dropped(warn, at?.stop ?? "/stop", "Anthropic does not stop at nothing but white space");
  return kept?.length === 0 ? undefined : kept;
}

/** The schema's name and description go into the schema, where they say the same. */
function writeOutput(output: OutputForm | undefined, at: string, warn: Warn): object | undefined {
  if (output === undefined) return undefined;
  if (output.form !== "json_schema") {
    if (output.form === "json_object")
      dropped(warn, at, "Anthropic keeps to a schema only, not to JSON of any form");
    return undefined;
  }
  const { name, description, strict, schema } = output;
  if (strict === false) changed(warn, at, "Anthropic always keeps to the schema");
  const isTitled = Object.hasOwn(schema, "title");
  const isDescribed = Object.hasOwn(schema, "description");
  if (name !== undefined && isTitled) dropped(warn, at, "the schema has a title");
  if (description !== undefined && isDescribed) dropped(warn, at, "the schema has a description");
  return {
    type: "json_schema",
    schema: {
      ...(isTitled || name === undefined ? {} : { title: name }),
      ...(isDescribed || description === undefined ? {} : { description }),
      ...schema,
    },
  };
}

/** OpenAI's `safety_identifier` is what `user` was, so it is the user where none is named. */
function writeUser({ user, settings = [] }: Conversation, warn: Warn): string | undefined {
  const safety = settings.find(({ name }) => name === "safety_identifier");
  if (safety === undefined || safety.value === user) return user;
  if (user === undefined && typeof safety.value === "string") return safety.value;
  dropped(warn, safety.at, "the user is named besides");
  return user;
}

function writeTier(settings: readonly Setting[] = [], warn: Warn): string | undefined {
  const tier = settings.find(({ name }) => name === "service_tier");
  if (tier === undefined) return undefined;
  if (tier.value === "default") return "standard_only";
  if (tier.value === "priority")
    changed(warn, tier.at, "Anthropic uses its priority capacity where there is some");
  else dropped(warn, tier.at, "Anthropic has no tier like it");
  return tier.value === "priority" ? "auto" : undefined;
}
