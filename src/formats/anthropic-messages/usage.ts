import type { Answer, Usage } from "../../exchange/inference.ts";
import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { count, member, reportedUsage } from "../loose.ts";

/**
 * The token counts of a message, of `message_start` or of `message_delta`. Null counts as not reported. What the provider
 * did besides for the answer (`iterations` of other models, `server_tool_use`) is not in these counts.
 */
export function readUsage(usage: JsonValue | undefined): Usage | undefined {
  if (!isJsonObject(usage)) return undefined;
  return reportedUsage({
    input: count(usage.input_tokens),
    output: count(usage.output_tokens),
    cachedInput: count(usage.cache_read_input_tokens),
    cacheCreationInput: count(usage.cache_creation_input_tokens),
    reasoning: count(member(usage.output_tokens_details, "thinking_tokens")),
    total: undefined,
  });
}

/**
 * The whole prompt: `input_tokens` has neither what was read from the cache nor what was written to it.
 *
 * @param isFinal whether the count of the answer is that of its end; a stream begins with a count of next to nothing
 */
export function wholeOf(usage: Usage | undefined, isFinal: boolean): Answer["whole"] {
  if (usage?.input === undefined) return undefined;
  const { input, output, cachedInput = 0, cacheCreationInput = 0 } = usage;
  return { input: input + cachedInput + cacheCreationInput, output: isFinal ? output : undefined };
}
