import { type GeminiUsage, wholeOf } from "../../../formats/gemini-generate/usage.ts";
import type { WholeUsage } from "../conversation.ts";
import { defined } from "../members.ts";
import { totalOf, without } from "../usage.ts";

/** The answer has its thoughts in it, and the prompt what Google's tools gave. */
export function wholeUsage(counts: GeminiUsage | undefined): WholeUsage | undefined {
  if (counts === undefined) return undefined;
  const whole = wholeOf(counts, true);
  return { ...counts.usage, ...defined({ input: whole?.input, output: whole?.output }) };
}

/** `usageMetadata`, in which thoughts are counted apart from the answer. */
export function writeUsage(usage: WholeUsage): object {
  const { input, output, cachedInput, reasoning } = usage;
  return defined({
    promptTokenCount: input,
    candidatesTokenCount: without(output, reasoning),
    cachedContentTokenCount: cachedInput,
    thoughtsTokenCount: reasoning,
    totalTokenCount: totalOf(usage),
  });
}
