import type { Warn } from "../../translation.ts";
import { writeThinking } from "../anthropic-messages/thinking.ts";
import type { Conversation, Setting } from "../conversation.ts";
import { changed, defined, dropped } from "../members.ts";

/** Of {@link Conversation.settings}, what Bedrock has a place for. */
export const SETTINGS: ReadonlySet<string> = new Set(["service_tier"]);

export type Fields = {
  /** `additionalModelRequestFields`, in the words of the model's maker. */
  readonly fields: object | undefined;
  /** Whether the model sets temperature and the like by itself, because it thinks. */
  readonly fixesSampling: boolean;
};

/** What Bedrock has no words of its own for, by the maker of the model; in Anthropic's words for one that is not known. */
export function writeFields(conversation: Conversation, warn: Warn): Fields {
  const { model = "" } = conversation;
  if (model.includes("nova")) return novaFields(conversation, warn);
  if (model.includes("openai.")) return openaiFields(conversation, warn);
  return anthropicFields(conversation, warn);
}

function anthropicFields(conversation: Conversation, warn: Warn): Fields {
  const { topK, user, reasoning, at } = conversation;
  const { thinking, effort } = writeThinking(conversation, warn);
  const fixesSampling = thinking !== undefined && reasoning?.mode === "on";
  if (fixesSampling && topK !== undefined) dropped(warn, at?.topK ?? "/top_k", "thinking sets its own");
  return {
    fixesSampling,
    fields: unlessEmpty({
      thinking,
      output_config: effort === undefined ? undefined : { effort },
      top_k: fixesSampling ? undefined : topK,
      metadata: user === undefined ? undefined : { user_id: user },
    }),
  };
}

/** https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html */
function novaFields(conversation: Conversation, warn: Warn): Fields {
  const { topK, reasoning } = conversation;
  tellUser(conversation, warn);
  return {
    fixesSampling: false,
    fields: unlessEmpty({
      inferenceConfig: topK === undefined ? undefined : { topK },
      reasoningConfig:
        reasoning === undefined
          ? undefined
          : reasoning.mode === "off"
            ? { type: "disabled" }
            : { type: "enabled", maxReasoningEffort: effortOf(conversation, NOVA_EFFORTS, warn) },
    }),
  };
}

function openaiFields(conversation: Conversation, warn: Warn): Fields {
  const { topK, reasoning, at } = conversation;
  tellUser(conversation, warn);
  if (topK !== undefined) dropped(warn, at?.topK ?? "/top_k", "OpenAI's models have none");
  if (reasoning?.mode === "off")
    changed(warn, at?.reasoning ?? "/reasoning", "the least effort that the model knows is low");
  const effort =
    reasoning === undefined
      ? undefined
      : reasoning.mode === "off"
        ? "low"
        : effortOf(conversation, OPENAI_EFFORTS, warn);
  return { fixesSampling: false, fields: unlessEmpty({ reasoning_effort: effort }) };
}

type Effort = "minimal" | "low" | "medium" | "high" | "xhigh";

/** The efforts that a maker's models know, for all that there are. */
const NOVA_EFFORTS: { readonly [effort in Effort]: string } = {
  minimal: "low",
  low: "low",
  medium: "medium",
  high: "high",
  xhigh: "high",
};
const OPENAI_EFFORTS = NOVA_EFFORTS;

function effortOf(
  { reasoning, at }: Conversation,
  efforts: { readonly [effort in Effort]: string },
  warn: Warn,
): string {
  const { effort = "medium", budgetTokens } = reasoning?.mode === "on" ? reasoning : {};
  const written = efforts[effort];
  if (budgetTokens !== undefined || written !== effort)
    changed(warn, at?.reasoning ?? "/reasoning", "the model knows three efforts and no budget of thinking");
  return written;
}

function tellUser({ user, at }: Conversation, warn: Warn): void {
  if (user !== undefined) dropped(warn, at?.user ?? "/user", "the model is told of no end user");
}

function unlessEmpty(fields: object): object | undefined {
  const kept = defined(fields);
  return Object.keys(kept).length === 0 ? undefined : kept;
}

/** Tiers have the names that OpenAI gives them; `auto` says nothing. */
export function writeTier(settings: readonly Setting[] = [], warn: Warn): object | undefined {
  const tier = settings.find(({ name }) => name === "service_tier");
  if (tier === undefined || tier.value === "auto") return undefined;
  if (TIERS.has(tier.value)) return { type: tier.value };
  dropped(warn, tier.at, "Bedrock has no tier like it");
  return undefined;
}

const TIERS: ReadonlySet<unknown> = new Set(["default", "priority", "flex", "reserved"]);
