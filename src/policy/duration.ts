/** Milliseconds of each unit that a duration may be written in. */
const UNIT_MS: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const DURATION = /^(?:\d{1,9}(?:ms|s|m|h|d))+$/;
const PART = /(\d+)(ms|s|m|h|d)/g;

/** Parses `30s`, `1h`, `1h30m` or `7d` to milliseconds. Undefined when the text is anything else. */
export function parseDurationMs(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(PART))
    totalMs += Number(amount) * (UNIT_MS[unit ?? ""] ?? NaN);
  return Number.isSafeInteger(totalMs) ? totalMs : undefined;
}
