import { trimEnd } from "../trim.ts";

/** Go's strconv.FormatFloat for 64-bit floats. @see https://pkg.go.dev/strconv#FormatFloat */

/** Decimal digits of a number: `0.DIGITS * 10^point`. No trailing zeros; zero has no digits. */
type Digits = { readonly digits: string; readonly point: number };

/** `precision` -1: the fewest digits that read back as the same number. The sign of zero is kept. */
export function formatFloat(
  value: number,
  verb: "b" | "e" | "E" | "f" | "g" | "G" | "x" | "X",
  precision: number,
): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const magnitude = Math.abs(value);
  const lower = verb.toLowerCase();
  const text = FORMATS[lower]?.(magnitude, precision) ?? "";
  return sign + (verb === lower ? text : text.toUpperCase());
}

const FORMATS: { readonly [verb: string]: (magnitude: number, precision: number) => string } = {
  b: formatBinary,
  e: formatExponent,
  f: formatFixed,
  g: formatGeneral,
  x: formatHex,
};

/** `4503599627370496p-52`: the mantissa as an integer and the power of two. */
function formatBinary(value: number): string {
  const { mantissa, exponent } = partsOf(value);
  return `${mantissa}p${exponent < 0 ? "-" : "+"}${Math.abs(exponent)}`;
}

const FRACTION_BITS = 52;

/** `0x1.8p+01`: the mantissa between 1 and 2 in hex, rounded half to even. */
function formatHex(value: number, precision: number): string {
  const parts = partsOf(value);
  let { mantissa } = parts;
  let exponent = mantissa === 0n ? 0 : parts.exponent + FRACTION_BITS;
  for (; mantissa !== 0n && mantissa < 1n << 52n; exponent--) mantissa <<= 1n;
  if (precision >= 0 && precision < 13) {
    const drop = BigInt(4 * (13 - precision));
    const half = 1n << (drop - 1n);
    const rest = mantissa & ((1n << drop) - 1n);
    mantissa >>= drop;
    if (rest > half || (rest === half && mantissa % 2n === 1n)) mantissa += 1n;
    mantissa <<= drop;
    if (mantissa === 1n << 53n) {
      mantissa >>= 1n;
      exponent += 1;
    }
  }
  const digits = mantissa.toString(16).padStart(14, "0");
  const all = digits.slice(1);
  const fraction = precision < 0 ? trimEnd(all, "0") : all.slice(0, precision).padEnd(precision, "0");
  const sign = exponent < 0 ? "-" : "+";
  const tail = fraction === "" ? "" : `.${fraction}`;
  return `0x${digits[0]}${tail}p${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function formatFixed(value: number, precision: number): string {
  if (precision < 0) return fixedText(shortestDigits(value), Math.max(shortestFraction(value), 0));
  const exact = exactDigits(value);
  return fixedText(roundDigits(exact, exact.point + precision), precision);
}

function formatExponent(value: number, precision: number): string {
  if (precision < 0) {
    const digits = shortestDigits(value);
    return exponentText(digits, Math.max(digits.digits.length - 1, 0));
  }
  return exponentText(roundDigits(exactDigits(value), precision + 1), precision);
}

/** `%g`: an exponent when it is below -4 or not below the precision (21 digits never count: 6 when shortest). */
function formatGeneral(value: number, precision: number): string {
  const shortest = precision < 0;
  const digits = shortest ? shortestDigits(value) : roundDigits(exactDigits(value), Math.max(precision, 1));
  const length = digits.digits.length;
  let limit = shortest ? 6 : Math.max(precision, 1);
  if (limit > length && length >= digits.point) limit = length;
  if (shortest) limit = 6;
  const exponent = length === 0 ? 0 : digits.point - 1;
  if (exponent < -4 || exponent >= limit) return exponentText(digits, Math.max(length - 1, 0));
  return fixedText(digits, Math.max(length - digits.point, 0));
}

function fixedText({ digits, point }: Digits, fraction: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "0";
  if (fraction === 0) return whole;
  const after = point > 0 ? digits.slice(point) : "0".repeat(Math.min(-point, fraction)) + digits;
  return `${whole}.${after.slice(0, fraction).padEnd(fraction, "0")}`;
}

function exponentText({ digits, point }: Digits, fraction: number): string {
  const exponent = digits === "" ? 0 : point - 1;
  const mantissa = digits.padEnd(fraction + 1, "0");
  const tail = fraction === 0 ? "" : `.${mantissa.slice(1, fraction + 1)}`;
  const sign = exponent < 0 ? "-" : "+";
  return `${mantissa[0]}${tail}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** JavaScript's own shortest digits are Go's as well. */
function shortestDigits(value: number): Digits {
  if (value === 0) return { digits: "", point: 0 };
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  return { digits: trimEnd(mantissa.replace(".", ""), "0"), point: Number(exponent) + 1 };
}

function shortestFraction(value: number): number {
  const { digits, point } = shortestDigits(value);
  return digits.length - point;
}

/** All decimal digits of a float: it is a fraction whose denominator is a power of two. */
function exactDigits(value: number): Digits {
  if (value === 0) return { digits: "", point: 0 };
  const { mantissa, exponent } = partsOf(value);
  const scaled = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent);
  const text = String(scaled);
  return { digits: trimEnd(text, "0"), point: text.length + Math.min(exponent, 0) };
}

/** A float as `mantissa * 2^exponent`. */
function partsOf(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const normal = biased !== 0;
  return { mantissa: normal ? fraction | (1n << 52n) : fraction, exponent: (normal ? biased : 1) - 1075 };
}

/** The first `count` digits, rounded half to even. */
function roundDigits({ digits, point }: Digits, count: number): Digits {
  if (count < 0) return { digits: "", point };
  if (count >= digits.length) return { digits, point };
  const kept = digits.slice(0, count);
  const rest = digits.slice(count);
  const half = `5${"0".repeat(rest.length - 1)}`;
  const odd = Number(kept.at(-1) ?? "0") % 2 === 1;
  if (rest < half || (rest === half && !odd)) return { digits: trimEnd(kept, "0"), point };
  const up = String(BigInt(kept === "" ? "0" : kept) + 1n).padStart(count, "0");
  return { digits: trimEnd(up, "0"), point: point + up.length - Math.max(count, 0) };
}
