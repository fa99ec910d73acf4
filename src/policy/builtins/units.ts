import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { decimalOf, numberOf } from "./decimal.ts";
import { stringAt } from "./operands.ts";
import { numberFrom, type RegoNumber } from "./value.ts";

export const unitBuiltins: readonly HostBuiltin[] = [
  { name: "units.parse", call: (args) => parseUnits(stringAt(args, 0)) },
  { name: "units.parse_bytes", call: (args) => parseBytes(stringAt(args, 0)) },
];

const LETTERS = ["k", "m", "g", "t", "p", "e"];

/** Powers of 1000 and, with an `i`, of 1024, by unit in lower case; bytes may add a `b`. */
const BYTE_UNITS: ReadonlyMap<string, bigint> = new Map([
  ["", 1n],
  ...LETTERS.flatMap((letter, index): [string, bigint][] => {
    const power = BigInt(index + 1);
    return [
      [letter, 1000n ** power],
      [`${letter}b`, 1000n ** power],
      [`${letter}i`, 1024n ** power],
      [`${letter}ib`, 1024n ** power],
    ];
  }),
]);

/** An exponent of more digits is refused: what it stands for cannot be written down. */
const EXPONENT_DIGITS_MAX = 6;

/** Go's big.Float keeps so many bits of a mantissa when it reads a text. */
const MANTISSA_BITS = 64n;

function parseBytes(raw: string): RegoNumber {
  const text = raw.toLowerCase().replaceAll('"', "");
  const { amount, unit } = splitUnit(text);
  const factor = BYTE_UNITS.get(unit);
  if (factor === undefined) throw new BuiltinError(`byte unit ${unit} not recognized`);
  const { digits, exponent } = decimal(amount);
  const [numerator, denominator] = ratio(digits * factor, exponent);
  return numberOf(roundToMantissa(numerator, denominator));
}

/** The integer part of a ratio, after rounding it to as many bits as Go's big.Float has. */
function roundToMantissa(numerator: bigint, denominator: bigint): bigint {
  const whole = numerator / denominator;
  const shift = BigInt(whole.toString(2).length) - MANTISSA_BITS;
  if (shift <= 0n) {
    // Nearly an integer counts as one: 0.3 * 1000 must not become 299.
    const scaled = ((numerator << (-shift + 1n)) / denominator + 1n) >> 1n;
    return scaled >> -shift;
  }
  const rest = whole & ((1n << shift) - 1n);
  const half = 1n << (shift - 1n);
  const base = whole >> shift;
  const up = rest > half || (rest === half && base % 2n === 1n);
  return (up ? base + 1n : base) << shift;
}

function parseUnits(raw: string): RegoNumber {
  const { amount, unit } = splitUnit(raw.replaceAll('"', ""));
  const { digits, exponent } = decimal(amount);
  if (unit === "m") return rationalNumber(...multiply(ratio(digits, exponent), MILLI));
  return rationalNumber(...ratio(digits * unitFactor(unit), exponent));
}

/** 0.001 as a float is not quite 1/1000, and OPA computes with the float. */
const MILLI: readonly [bigint, bigint] = [1152921504606847n, 2n ** 60n];

function multiply([a, b]: readonly [bigint, bigint], [c, d]: readonly [bigint, bigint]): [bigint, bigint] {
  return [a * c, b * d];
}

/** The first letter tells `m` (milli) from `M`; the second may be of either case. */
function unitFactor(unit: string): bigint {
  const first = unit.slice(0, 1);
  const rest = unit.slice(1).toLowerCase();
  const factor = rest.includes("b") ? undefined : BYTE_UNITS.get(first.toLowerCase() + rest);
  if (factor === undefined) throw new BuiltinError(`unit ${unit} not recognized`);
  return factor;
}

const FRACTION_DIGITS = 10;

function rationalNumber(numerator: bigint, denominator: bigint): RegoNumber {
  if (numerator % denominator === 0n) return numberOf(numerator / denominator);
  const magnitude = numerator < 0n ? -numerator : numerator;
  const scaled = (magnitude * 10n ** BigInt(FRACTION_DIGITS) * 2n + denominator) / (denominator * 2n);
  const text = String(scaled).padStart(FRACTION_DIGITS + 1, "0");
  const sign = numerator < 0n ? "-" : "";
  return numberFrom(`${sign}${text.slice(0, -FRACTION_DIGITS)}.${text.slice(-FRACTION_DIGITS)}`);
}

function ratio(digits: bigint, exponent: number): [bigint, bigint] {
  return exponent >= 0 ? [digits * 10n ** BigInt(exponent), 1n] : [digits, 10n ** BigInt(-exponent)];
}

const AMOUNT = /^(?:[\d.]|[eE][+-]?\d|[+-])*/;

function splitUnit(text: string): { amount: string; unit: string } {
  if (text.includes(" ")) throw new BuiltinError("spaces not allowed in resource strings");
  const [amount = ""] = AMOUNT.exec(text) ?? [];
  if (amount === "") throw new BuiltinError("no amount provided");
  const [, exponent = ""] = /[eE][+-]?(\d+)/.exec(amount) ?? [];
  if (exponent.length > EXPONENT_DIGITS_MAX) throw new BuiltinError("exponent too large");
  return { amount, unit: text.slice(amount.length) };
}

/** 10^999999 has a million digits: enough to be cut off, so a smaller bound serves. */
const EXPONENT_MAX = 5_000;

function decimal(amount: string): { digits: bigint; exponent: number } {
  const [, sign = "", whole = "", fraction = "", exponent = ""] =
    /^([+-]?)(\d*)(?:\.(\d*))?((?:[eE][+-]?\d+)?)$/.exec(amount) ?? [];
  if (whole === "" && fraction === "") throw new BuiltinError("could not parse amount to a number");
  const parsed = decimalOf(
    numberFrom(`${sign === "-" ? "-" : ""}${whole || "0"}.${fraction || "0"}${exponent}`),
  );
  if (Math.abs(parsed.exponent) > EXPONENT_MAX) throw new BuiltinError("exponent too large");
  return parsed;
}
