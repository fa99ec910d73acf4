import { BuiltinError } from "./builtin.ts";

const SECOND = 1_000_000_000n;
const HOUR = 3600n * SECOND;

/** Go's units, and OPA's days, weeks and years of 365 days. */
const UNITS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["µs", 1_000n],
  ["μs", 1_000n],
  ["ms", 1_000_000n],
  ["s", SECOND],
  ["m", 60n * SECOND],
  ["h", HOUR],
  ["d", 24n * HOUR],
  ["w", 7n * 24n * HOUR],
  ["y", 365n * 24n * HOUR],
]);

const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|[smhdwy])/y;
const INT64_MAX = 2n ** 63n - 1n;
/** More digits than a duration of 64 bits has, before and behind the point. */
const DIGITS_MAX = 40;

/** Parses `1h30m`, `-1.5s` or `2w` to nanoseconds. @throws BuiltinError */
export function parseDurationNs(text: string): bigint {
  const [, sign = "", rest = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === "0") return 0n;
  let total = 0n;
  PART.lastIndex = 0;
  while (PART.lastIndex < rest.length || rest === "") {
    const [, amount, unit] = PART.exec(rest) ?? [];
    if (amount === undefined || unit === undefined || amount.length > DIGITS_MAX) throw invalid();
    total += scaled(amount, UNITS.get(unit) ?? 0n);
    if (total > INT64_MAX + 1n) throw invalid();
  }
  const signed = sign === "-" ? -total : total;
  if (signed > INT64_MAX) throw invalid();
  return signed;
}

function scaled(amount: string, unit: bigint): bigint {
  const [whole = "", fraction = ""] = amount.split(".");
  return (
    BigInt(whole === "" ? "0" : whole) * unit +
    (BigInt(`0${fraction}`) * unit) / 10n ** BigInt(fraction.length)
  );
}

function invalid(): BuiltinError {
  return new BuiltinError("invalid duration");
}
