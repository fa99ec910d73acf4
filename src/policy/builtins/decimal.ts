import { trimEnd } from "./trim.ts";
import { Numeral, numberText, type RegoNumber } from "./value.ts";

/** A number as `digits * 10^exponent`, exactly. Zero has the digits 0n and the exponent 0. */
export type Decimal = { readonly digits: bigint; readonly exponent: number };

/**
 * Integers are written out up to so many digits. `1e1000000000` is 12 bytes of input and a gigabyte of digits; OPA
 * aborts on far smaller ones.
 */
export const INTEGER_DIGITS_MAX = 10_000;

const NUMBER = /^(-?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** The exact value of a number. */
export function decimalOf(number: RegoNumber): Decimal {
  const match = NUMBER.exec(numberText(number));
  if (match === null) throw new RangeError("not a number");
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const trimmed = trimEnd(digits, "0");
  if (trimmed === "") return { digits: 0n, exponent: 0 };
  return {
    digits: BigInt(`${sign}${trimmed}`),
    exponent: Number(exponent) - fraction.length + (digits.length - trimmed.length),
  };
}

/** The integer that a decimal is; undefined when it has a fraction or more than {@link INTEGER_DIGITS_MAX} digits. */
export function integerOf({ digits, exponent }: Decimal): bigint | undefined {
  if (exponent < 0 || exponent > INTEGER_DIGITS_MAX) return undefined;
  return digits * 10n ** BigInt(exponent);
}

/** A number from an integer of any size. */
export function numberOf(integer: bigint): RegoNumber {
  const value = Number(integer);
  return Number.isSafeInteger(value) ? value : new Numeral(String(integer));
}

/** Negative, zero or positive, as a is less than, equal to or greater than b. Exact, and cheap for huge exponents. */
export function compareNumbers(a: RegoNumber, b: RegoNumber): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return compareDecimals(decimalOf(a), decimalOf(b));
}

/** The same for decimals. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const signs = sign(a) - sign(b);
  if (signs !== 0 || a.digits === 0n) return signs;
  const magnitude = (magnitudeOf(a) - magnitudeOf(b)) * sign(a);
  if (magnitude !== 0) return magnitude;
  // Equal magnitudes: the exponents differ by no more than the digits that were written down.
  const shift = a.exponent - b.exponent;
  const left = shift > 0 ? a.digits * 10n ** BigInt(shift) : a.digits;
  const right = shift < 0 ? b.digits * 10n ** BigInt(-shift) : b.digits;
  return left < right ? -1 : left > right ? 1 : 0;
}

function sign({ digits }: Decimal): number {
  return digits < 0n ? -1 : digits > 0n ? 1 : 0;
}

/** The exponent of the leading digit. */
function magnitudeOf({ digits, exponent }: Decimal): number {
  return exponent + String(digits < 0n ? -digits : digits).length;
}
