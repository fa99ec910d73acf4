import { invalid } from "../../../formats/members.ts";
import type { Warn } from "../../translation.ts";
import type { Conversation, Reasoning } from "../conversation.ts";
import { changed, defined, dropped, type Members } from "../members.ts";

type Read = Pick<Conversation, "topK" | "reasoning" | "user">;

/**
 * What `additionalModelRequestFields` say in the words of the model's maker: Anthropic's `thinking`, `output_config`,
 * `top_k` and `metadata`, Amazon's `inferenceConfig` and `reasoningConfig`, OpenAI's `reasoning_effort`. The rest is told.
 */
export function readModelFields(body: Members, output: Members | undefined, warn: Warn): Read {
  const fields = body.object("additionalModelRequestFields");
  const effort = output?.text("effort");
  const effortAt = "/outputConfig/effort";
  if (fields === undefined) return defined({ reasoning: reasoningOf(undefined, effort, effortAt, warn) });
  const metadata = fields.object("metadata");
  // Qwen's models take an effort here, others an object.
  const stated = fields.value("reasoning_config");
  const statedEffort = typeof stated === "string" ? stated : undefined;
  const nova = fields.object("inferenceConfig");
  const config = fields.object("output_config");
  const read = defined({
    topK: fields.count("top_k") ?? nova?.count("topK"),
    reasoning:
      reasoningOf(
        fields.object("thinking") ??
          (statedEffort === undefined ? fields.object("reasoning_config") : undefined),
        effort ?? config?.text("effort") ?? fields.text("reasoning_effort") ?? statedEffort,
        effort === undefined ? fields.pointer : effortAt,
        warn,
      ) ?? novaReasoning(fields, warn),
    user: metadata?.text("user_id") || undefined,
  });
  for (const members of [metadata, nova, config, fields]) members?.tellRest(warn);
  return read;
}

function reasoningOf(
  thinking: Members | undefined,
  effort: string | undefined,
  at: string,
  warn: Warn,
): Reasoning | undefined {
  const known = effort === undefined ? undefined : effortOf(effort, at, warn);
  if (thinking === undefined) return known === undefined ? undefined : { mode: "on", effort: known };
  const type = thinking.needText("type");
  const budgetTokens = thinking.count("budget_tokens");
  const display = thinking.text("display");
  thinking.tellRest(warn);
  if (type === "disabled") {
    if (known !== undefined) dropped(warn, at, "without thinking an effort has no counterpart");
    return { mode: "off" };
  }
  if (type !== "enabled" && type !== "adaptive") throw invalid(`${thinking.at("type")} is not known`);
  return {
    mode: "on",
    ...defined({
      effort: known,
      budgetTokens,
      shown: display === undefined ? undefined : display !== "omitted",
      adaptive: type === "adaptive" ? true : undefined,
    }),
  };
}

/** `{"type": "enabled", "maxReasoningEffort": "low"}` */
function novaReasoning(fields: Members, warn: Warn): Reasoning | undefined {
  const config = fields.object("reasoningConfig");
  if (config === undefined) return undefined;
  const isOn = config.needText("type") === "enabled";
  const effort = config.text("maxReasoningEffort");
  config.tellRest(warn);
  if (!isOn) return { mode: "off" };
  const known = effort === undefined ? undefined : effortOf(effort, config.at("maxReasoningEffort"), warn);
  return { mode: "on", ...defined({ effort: known }) };
}

function effortOf(effort: string, at: string, warn: Warn) {
  switch (effort) {
    case "minimal":
    case "low":
    case "medium":
    case "high":
    case "xhigh":
      return effort;
    case "max":
      changed(warn, at, "the most that other dialects know is xhigh");
      return "xhigh";
    default:
      dropped(warn, at, "an effort of this name is not known");
      return undefined;
  }
}
