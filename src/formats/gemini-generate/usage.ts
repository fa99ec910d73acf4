import type { Answer, Usage } from "../../exchange/inference.ts";
import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { count, reportedUsage } from "../loose.ts";

/** Token counts of an answer, with the one that only Gemini has. */
export type GeminiUsage = {
  readonly usage: Usage;
  /** Prompt tokens of what tools of the provider's gave the model: beside `input`, and in `total`. */
  readonly toolUseInput?: number;
};

/** `usageMetadata` (https://ai.google.dev/api/generate-content#UsageMetadata). */
export function readUsage(metadata: JsonValue | undefined): GeminiUsage | undefined {
  if (!isJsonObject(metadata)) return undefined;
  const toolUseInput = count(metadata.toolUsePromptTokenCount);
  return {
    usage: reportedUsage({
      input: count(metadata.promptTokenCount),
      output: count(metadata.candidatesTokenCount),
      cachedInput: count(metadata.cachedContentTokenCount),
      cacheCreationInput: undefined,
      reasoning: count(metadata.thoughtsTokenCount),
      total: count(metadata.totalTokenCount),
    }),
    ...(toolUseInput === undefined ? {} : { toolUseInput }),
  };
}

/** Later events repeat the counts of the answer so far: each replaces the one before it. */
export function mergeUsage(earlier: GeminiUsage | undefined, later: GeminiUsage): GeminiUsage {
  return { ...earlier, ...later, usage: { ...earlier?.usage, ...later.usage } };
}

/**
 * All tokens: `promptTokenCount` has neither what tools gave nor, as Google's servers leave out zeros, needs it to be
 * there; `candidatesTokenCount` has no thoughts. A count of the answer that is not there is what the total leaves.
 *
 * @param isFinal whether the answer was over when it was counted; until then its counts are those of a part
 */
export function wholeOf(counts: GeminiUsage | undefined, isFinal: boolean): Answer["whole"] {
  const { usage, toolUseInput = 0 } = counts ?? {};
  if (usage?.input === undefined) return undefined;
  const input = usage.input + toolUseInput;
  return { input, output: isFinal ? wholeOutput(usage, input) : undefined };
}

function wholeOutput({ output, reasoning, total }: Usage, input: number): number | undefined {
  if (output !== undefined) return output + (reasoning ?? 0);
  if (total !== undefined) return Math.max(total - input, reasoning ?? 0);
  return reasoning;
}
