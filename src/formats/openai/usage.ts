import type { Usage } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";

/**
 * The token counts of a response or a chunk: `usage`, or where Groq puts it in a stream, or where Moonshot does. Counts
 * that are no whole numbers from zero up count as not reported.
 */
export function readUsage(body: JsonObject): Usage | undefined {
  const usage = [body.usage, member(body.x_groq, "usage"), usageOfChoice(body.choices)].find(isJsonObject);
  if (usage === undefined) return undefined;
  return withoutUndefined({
    input: count(usage.prompt_tokens),
    output: count(usage.completion_tokens),
    cachedInput: count(member(usage.prompt_tokens_details, "cached_tokens")),
    cacheCreationInput: count(member(usage.prompt_tokens_details, "cache_write_tokens")),
    reasoning: count(member(usage.completion_tokens_details, "reasoning_tokens")),
    total: count(usage.total_tokens),
  });
}

/** Several reports in one stream are running totals: the later one replaces the earlier, count by count. */
export function mergeUsage(earlier: Usage | undefined, later: Usage | undefined): Usage | undefined {
  return earlier === undefined || later === undefined ? (later ?? earlier) : { ...earlier, ...later };
}

function usageOfChoice(choices: JsonValue | undefined): JsonValue | undefined {
  return Array.isArray(choices) ? member(choices[0], "usage") : undefined;
}

function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(value) ? value[key] : undefined;
}

function count(value: JsonValue | undefined): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Not reported is no member, so that merging cannot replace a count by nothing. */
function withoutUndefined(usage: { [K in keyof Usage]-?: number | undefined }): Usage {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== undefined));
}
