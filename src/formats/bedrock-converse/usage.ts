import type { Answer, Usage } from "../../exchange/inference.ts";
import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { count, reportedUsage } from "../loose.ts";

/** The `usage` of an answer or of the metadata of a stream (`TokenUsage`). */
export function readUsage(usage: JsonValue | undefined): Usage | undefined {
  if (!isJsonObject(usage)) return undefined;
  return reportedUsage({
    input: count(usage.inputTokens),
    output: count(usage.outputTokens),
    cachedInput: count(usage.cacheReadInputTokens),
    cacheCreationInput: count(usage.cacheWriteInputTokens),
    reasoning: undefined,
    total: count(usage.totalTokens),
  });
}

/**
 * The whole prompt: `inputTokens` has neither what was read from the cache nor what was written to it.
 *
 * @param isCounted whether nothing was written since the answer was counted
 */
export function wholeOf(usage: Usage | undefined, isCounted: boolean): Answer["whole"] {
  if (usage?.input === undefined) return undefined;
  const { input, output, cachedInput = 0, cacheCreationInput = 0 } = usage;
  return { input: input + cachedInput + cacheCreationInput, output: isCounted ? output : undefined };
}
