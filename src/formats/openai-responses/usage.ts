import type { Usage } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject } from "../../exchange/json.ts";
import { count, member, reportedUsage } from "../loose.ts";

/** The token counts of a response. Counts that are no whole numbers from zero up count as not reported. */
export function readUsage({ usage }: JsonObject): Usage | undefined {
  if (!isJsonObject(usage)) return undefined;
  return reportedUsage({
    input: count(usage.input_tokens),
    output: count(usage.output_tokens),
    cachedInput: count(member(usage.input_tokens_details, "cached_tokens")),
    cacheCreationInput: count(member(usage.input_tokens_details, "cache_write_tokens")),
    reasoning: count(member(usage.output_tokens_details, "reasoning_tokens")),
    total: count(usage.total_tokens),
  });
}
