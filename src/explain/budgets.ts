import { parseDurationMs } from "../document/units.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";

/** One limit of a request and what it came to. Amounts are of the unit. */
export type BudgetArithmetic = {
  readonly key: string;
  readonly unit: string;
  readonly window: string;
  readonly limit: number;
  readonly used: number;
  readonly reserved: number;
  /** Before this request: the limit without what was used and reserved. */
  readonly left: number;
  /** What this request may have come to. */
  readonly wanted: number;
  readonly fits: boolean;
  /** RFC 3339: when the window ends that the request fell into. */
  readonly windowEnds?: string;
  /** What would have made it fit; empty when it did. */
  readonly wouldFit: readonly string[];
};

export type Tokens = { readonly inputTokens: number; readonly outputTokensMax: number };

/**
 * The limits that policy asked for, beside the state of the budgets that it was told. A budget that nothing was said of
 * had not been used in this window.
 */
export function budgetsOf(
  result: JsonValue | undefined,
  input: JsonValue | undefined,
  estimate: Tokens | undefined,
  timestamp: string,
): readonly BudgetArithmetic[] {
  const limits = objectsAt(result, "limits");
  const states = objectsAt(input, "budgets");
  return limits.flatMap((limit) => {
    const { key, unit, amount, window } = limit;
    if (typeof key !== "string" || typeof unit !== "string" || typeof amount !== "number") return [];
    const windowMs = typeof window === "string" ? parseDurationMs(window) : undefined;
    const state = states.find(
      (each) => each.key === key && each.unit === unit && windowMs === durationOf(each.window),
    );
    const [used, reserved] = [numberOf(state?.used), numberOf(state?.reserved)];
    const [left, wanted] = [amount - used - reserved, wantedOf(unit, estimate)];
    const ends = windowEnds(timestamp, windowMs);
    const fits = wanted <= left;
    return [
      {
        ...{ key, unit, window: String(window), limit: amount, used, reserved, left, wanted, fits },
        ...(ends !== undefined && { windowEnds: ends }),
        wouldFit: fits ? [] : remedies({ unit, amount, left, wanted, used, reserved, ends }, estimate),
      },
    ];
  });
}

function wantedOf(unit: string, estimate: Tokens | undefined): number {
  return unit === "tokens" ? (estimate?.inputTokens ?? 0) + (estimate?.outputTokensMax ?? 0) : 1;
}

type Unfit = {
  readonly unit: string;
  readonly amount: number;
  readonly left: number;
  readonly wanted: number;
  readonly used: number;
  readonly reserved: number;
  readonly ends: string | undefined;
};

function remedies(
  { unit, left, wanted, used, reserved, ends, amount }: Unfit,
  estimate: Tokens | undefined,
): readonly string[] {
  const output = left - (estimate?.inputTokens ?? 0);
  return [
    ...(unit === "tokens" && output >= 1 ? [`ask for at most ${output} output tokens (max_tokens)`] : []),
    ...(wanted <= amount && ends !== undefined ? [`ask again after ${ends}, when the window ends`] : []),
    `a limit of at least ${used + reserved + wanted} ${unit}`,
  ];
}

/** Windows are fixed and aligned to the epoch. */
function windowEnds(timestamp: string, windowMs: number | undefined): string | undefined {
  const ms = Date.parse(timestamp);
  if (windowMs === undefined || windowMs <= 0 || Number.isNaN(ms)) return undefined;
  const ends = new Date((Math.floor(ms / windowMs) + 1) * windowMs);
  return Number.isNaN(ends.getTime()) ? undefined : ends.toISOString();
}

function durationOf(value: JsonValue | undefined): number | undefined {
  return typeof value === "string" ? parseDurationMs(value) : undefined;
}

function numberOf(value: JsonValue | undefined): number {
  return typeof value === "number" ? value : 0;
}

function objectsAt(value: JsonValue | undefined, member: string): readonly JsonObject[] {
  const list = isJsonObject(value) && Object.hasOwn(value, member) ? value[member] : undefined;
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

/** What was charged and how the number came about, as a sentence. */
export function chargeText(record: JsonObject): string | undefined {
  const { charge, usage, estimate } = record;
  if (!isJsonObject(charge)) return undefined;
  const { tokens, source, costUsd, clamped } = charge;
  const of = (object: JsonValue | undefined, member: string) =>
    isJsonObject(object) ? object[member] : undefined;
  const how: { readonly [source: string]: string } = {
    reported: `the model server reported ${of(usage, "input") ?? "?"} of input and ${of(usage, "output") ?? "?"} of output`,
    estimated: `nothing was reported: the estimate of the prompt (${of(estimate, "inputTokens") ?? "?"}) and of what was answered`,
    reserved:
      clamped === true
        ? "the count that was reported cannot be true: what was reserved is charged"
        : "the answer could not be read: what was reserved is charged",
  };
  const cost = typeof costUsd === "number" ? `, ${costUsd} USD` : "";
  return `${tokens} tokens${cost}: ${how[String(source)] ?? String(source)}`;
}
