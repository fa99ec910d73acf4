import type { WholeUsage } from "./conversation.ts";

/** The count of all tokens, where the dialect that was read has none. */
export function totalOf({ total, input, output }: WholeUsage): number | undefined {
  if (total !== undefined) return total;
  return input === undefined || output === undefined ? undefined : input + output;
}

/** What is left of a whole when parts of it are counted apart; never below 0. */
export function without(
  whole: number | undefined,
  ...parts: readonly (number | undefined)[]
): number | undefined {
  if (whole === undefined) return undefined;
  return Math.max(
    0,
    parts.reduce<number>((left, part) => left - (part ?? 0), whole),
  );
}
