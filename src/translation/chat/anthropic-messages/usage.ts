import type { Usage } from "../../../exchange/inference.ts";
import type { JsonValue } from "../../../exchange/json.ts";
import { readUsage } from "../../../formats/anthropic-messages/usage.ts";
import type { WholeUsage } from "../conversation.ts";
import { defined } from "../members.ts";
import { without } from "../usage.ts";

/** `input_tokens` has neither what was read from the cache nor what went into it: the whole prompt has both. */
export function wholeUsage(reported: Usage): WholeUsage {
  const { input, cachedInput = 0, cacheCreationInput = 0 } = reported;
  return input === undefined ? reported : { ...reported, input: input + cachedInput + cacheCreationInput };
}

export function readWholeUsage(usage: JsonValue | undefined): WholeUsage | undefined {
  const reported = readUsage(usage);
  return reported === undefined ? undefined : wholeUsage(reported);
}

/** Counts that were not reported are left out: none of them is zero. */
export function writeUsage(usage: WholeUsage): object {
  const { input, output, cachedInput, cacheCreationInput, reasoning } = usage;
  return defined({
    input_tokens: without(input, cachedInput, cacheCreationInput),
    cache_creation_input_tokens: cacheCreationInput,
    cache_read_input_tokens: cachedInput,
    output_tokens: output,
    output_tokens_details: reasoning === undefined ? undefined : { thinking_tokens: reasoning },
  });
}
