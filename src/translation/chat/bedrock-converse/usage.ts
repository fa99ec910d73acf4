import type { JsonValue } from "../../../exchange/json.ts";
import { readUsage } from "../../../formats/bedrock-converse/usage.ts";
import type { WholeUsage } from "../conversation.ts";
import { defined } from "../members.ts";
import { totalOf, without } from "../usage.ts";

/** `inputTokens` has neither what was read from the cache nor what went into it: the whole prompt has both. */
export function readWholeUsage(usage: JsonValue | undefined): WholeUsage | undefined {
  const reported = readUsage(usage);
  if (reported?.input === undefined) return reported;
  const { input, cachedInput = 0, cacheCreationInput = 0 } = reported;
  return { ...reported, input: input + cachedInput + cacheCreationInput };
}

/** Counts that were not reported are left out: none of them is zero. */
export function writeUsage(usage: WholeUsage): object {
  const { input, output, cachedInput, cacheCreationInput } = usage;
  return defined({
    inputTokens: without(input, cachedInput, cacheCreationInput),
    outputTokens: output,
    totalTokens: totalOf(usage),
    cacheReadInputTokens: cachedInput,
    cacheWriteInputTokens: cacheCreationInput,
  });
}
