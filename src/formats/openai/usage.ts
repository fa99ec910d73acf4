import type { Usage } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { count, member, reportedUsage } from "../loose.ts";

/**
 * The token counts of an answer or a chunk: `usage`, or where Groq puts it in a stream, or where Moonshot does. Counts
 * that are no whole numbers from zero up count as not reported.
 */
export function readUsage(body: JsonObject): Usage | undefined {
  const usage = [body.usage, member(body.x_groq, "usage"), usageOfChoice(body.choices)].find(isJsonObject);
  if (usage === undefined) return undefined;
  return reportedUsage({
    input: count(usage.prompt_tokens),
    output: count(usage.completion_tokens),
    cachedInput: count(member(usage.prompt_tokens_details, "cached_tokens")),
    cacheCreationInput: count(member(usage.prompt_tokens_details, "cache_write_tokens")),
    reasoning: count(member(usage.completion_tokens_details, "reasoning_tokens")),
    total: count(usage.total_tokens),
  });
}

function usageOfChoice(choices: JsonValue | undefined): JsonValue | undefined {
  return Array.isArray(choices) ? member(choices[0], "usage") : undefined;
}
