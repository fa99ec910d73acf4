import type { JsonObject } from "../../../exchange/json.ts";
import { readUsage } from "../../../formats/openai/usage.ts";
import type { WholeUsage } from "../conversation.ts";
import { defined } from "../members.ts";
import { totalOf } from "../usage.ts";

/**
 * OpenAI's prompt tokens have the cached ones in them, its completion tokens those of reasoning. At xAI they have not; the
 * total shows it.
 */
export function readWholeUsage(body: JsonObject): WholeUsage | undefined {
  const usage = readUsage(body);
  if (usage === undefined) return undefined;
  const { input, output, reasoning, total } = usage;
  const isApart =
    input !== undefined &&
    output !== undefined &&
    reasoning !== undefined &&
    reasoning > 0 &&
    total === input + output + reasoning;
  return isApart ? { ...usage, output: output + reasoning } : usage;
}

export function writeUsage(usage: WholeUsage): object {
  const { input, output, cachedInput, cacheCreationInput, reasoning } = usage;
  const cached = defined({ cached_tokens: cachedInput, cache_write_tokens: cacheCreationInput });
  return defined({
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: totalOf(usage),
    prompt_tokens_details: Object.keys(cached).length === 0 ? undefined : cached,
    completion_tokens_details: reasoning === undefined ? undefined : { reasoning_tokens: reasoning },
  });
}
