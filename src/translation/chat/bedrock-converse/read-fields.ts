import type { Warn } from "../../translation.ts";
import { readEffort, readThinking } from "../anthropic-messages/read-thinking.ts";
import type { Conversation, Reasoning } from "../conversation.ts";
import { defined, type Members } from "../members.ts";

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

/** Among the models are some whose efforts begin with `minimal`. */
function reasoningOf(
  thinking: Members | undefined,
  effort: string | undefined,
  at: string,
  warn: Warn,
): Reasoning | undefined {
  return readThinking(thinking, readEffort(effort, "minimal", at, warn), at, warn);
}

/** `{"type": "enabled", "maxReasoningEffort": "low"}` */
function novaReasoning(fields: Members, warn: Warn): Reasoning | undefined {
  const config = fields.object("reasoningConfig");
  if (config === undefined) return undefined;
  const isOn = config.needText("type") === "enabled";
  const effort = config.text("maxReasoningEffort");
  config.tellRest(warn);
  if (!isOn) return { mode: "off" };
  return {
    mode: "on",
    ...defined({ effort: readEffort(effort, "minimal", config.at("maxReasoningEffort"), warn) }),
  };
}
