import type { JsonObject } from "../../../exchange/json.ts";
import { readUsage as readReported } from "../../../formats/openai-responses/usage.ts";
import type { WholeUsage } from "../conversation.ts";
import { totalOf } from "../usage.ts";

/** A response counts the whole prompt and the whole answer as it is. */
export function readUsage(response: JsonObject): WholeUsage | undefined {
  return readReported(response);
}

/**
 * The counts of a response; null where none were reported. Its clients read every member without looking whether it is
 * there, so a part that was not told apart is none.
 */
export function writeUsage(usage: WholeUsage | undefined): JsonObject | null {
  if (usage === undefined || (usage.input === undefined && usage.output === undefined)) return null;
  const { input = 0, output = 0, cachedInput = 0, cacheCreationInput = 0, reasoning = 0 } = usage;
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cachedInput, cache_write_tokens: cacheCreationInput },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: totalOf(usage) ?? input + output,
  };
}
