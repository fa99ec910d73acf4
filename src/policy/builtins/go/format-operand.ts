import { formatFloat } from "./float.ts";
import type { Directive, Operand } from "./format.ts";
import { canBackquote, quoteGo } from "./quote.ts";

/** One operand under one verb, as Go's fmt prints it. */
export function formatOperand(operand: Operand, verb: string, directive: Directive): string {
  if (verb !== "v" || operand.type === "*big.Int") return formatVerb(operand, verb, directive);
  // `%#v` is Go syntax: a string in quotes. To numbers neither that nor `%+v` means anything.
  if ((operand.type === "string" || operand.type === "json.Number") && directive.sharp)
    return pad(quoteGo(truncate(operand.value, directive)), directive);
  return formatVerb(operand, verb, { ...directive, plus: false, sharp: false });
}

function formatVerb(operand: Operand, verb: string, directive: Directive): string {
  if (verb === "T") return pad(truncate(operand.type, directive), directive);
  const text = formatTyped(operand, verb, directive);
  // `%!d(string=hi)`: the verb does not fit the operand.
  return text ?? `%!${verb}(${operand.type}=${formatTyped(operand, "v", directive)})`;
}

/** Undefined, here and below: not a verb of this type. */
function formatTyped(operand: Operand, verb: string, directive: Directive): string | undefined {
  switch (operand.type) {
    case "string":
    case "json.Number":
      return formatString(operand.value, verb, directive);
    case "bool":
      return verb === "v" || verb === "t" ? pad(String(operand.value), directive) : undefined;
    case "float64":
      return formatFloat64(operand.value, verb, directive);
    case "int64":
    case "int":
      return formatInteger(operand.value, verb, directive);
    case "*big.Int":
      return formatBigInteger(operand.value, verb, directive);
  }
}

function formatString(text: string, verb: string, directive: Directive): string | undefined {
  switch (verb) {
    case "v":
    case "s":
      return pad(truncate(text, directive), directive);
    case "x":
    case "X":
      return pad(hexString(text, verb, directive), directive);
    case "q":
      return pad(quoted(truncate(text, directive), directive), directive);
    default:
      return undefined;
  }
}

function quoted(text: string, { sharp, plus }: Directive): string {
  return sharp && canBackquote(text) ? `\`${text}\`` : quoteGo(text, '"', plus);
}

function hexString(text: string, verb: string, { precision, space, sharp }: Directive): string {
  const bytes = Buffer.from(text, "utf8").subarray(0, precision);
  const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
  if (pairs.length === 0) return "";
  const prefix = sharp ? "0x" : "";
  const hex = space ? pairs.map((pair) => prefix + pair).join(" ") : prefix + pairs.join("");
  return verb === "X" ? hex.toUpperCase() : hex;
}

const FLOAT_PRECISION = 6;

function formatFloat64(value: number, verb: string, directive: Directive): string | undefined {
  const text = floatText(value, verb, directive.precision);
  if (text === undefined) return undefined;
  // Hexadecimal floats have no form of their own here for the sharp flag.
  const sharp = directive.sharp && !"bxX".includes(verb) && Number.isFinite(value);
  return padNumber(sharp ? keepPoint(text, verb, directive.precision) : text, directive);
}

function floatText(value: number, verb: string, precision: number | undefined): string | undefined {
  switch (verb) {
    case "v":
      return formatFloat(value, "g", precision ?? -1);
    case "g":
    case "G":
    case "x":
    case "X":
      return formatFloat(value, verb, precision ?? -1);
    case "e":
    case "E":
      return formatFloat(value, verb, precision ?? FLOAT_PRECISION);
    case "f":
    case "F":
      return formatFloat(value, "f", precision ?? FLOAT_PRECISION);
    case "b":
      return formatFloat(value, "b", -1);
    default:
      return undefined;
  }
}

/** The sharp flag of floats: always a decimal point, and for %g no trailing zero is dropped. */
function keepPoint(text: string, verb: string, precision: number | undefined): string {
  const [mantissa = "", exponent] = text.split(/(?=[eE])/);
  let kept = mantissa.includes(".") ? mantissa : `${mantissa}.`;
  if (verb === "g" || verb === "G" || verb === "v") {
    const significant = kept.replace(/^-?0*\.?0*/, "").replace(".", "").length;
    const wanted = precision === undefined ? FLOAT_PRECISION : precision || 1;
    kept += "0".repeat(Math.max(wanted - Math.max(significant, mantissa === "0" ? 1 : 0), 0));
  }
  return kept + (exponent ?? "");
}

const BASES: { readonly [verb: string]: number } = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };
const PREFIXES: { readonly [verb: string]: string } = { b: "0b", x: "0x", X: "0X" };

function formatInteger(value: bigint, verb: string, directive: Directive): string | undefined {
  const base = BASES[verb];
  if (base !== undefined) return integerText(value, verb, base, directive);
  switch (verb) {
    case "c":
      return pad(runeOf(value), directive);
    case "q":
      return pad(quoteGo(runeOf(value), "'", directive.plus), directive);
    case "U":
      return pad(unicodeText(value, directive), { ...directive, zero: false });
    default:
      return undefined;
  }
}

function integerText(value: bigint, verb: string, base: number, directive: Directive): string {
  const { precision, sharp, zero, minus, width, plus, space } = directive;
  const negative = value < 0n;
  const sign = negative ? "-" : plus ? "+" : space ? " " : "";
  let digits = (negative ? -value : value).toString(base);
  if (precision === 0 && value === 0n) return " ".repeat(width ?? 0);
  let wanted = precision ?? 0;
  if (precision === undefined && zero && !minus && width !== undefined) wanted = width - sign.length;
  digits = digits.padStart(wanted, "0");
  if (verb === "X") digits = digits.toUpperCase();
  if (sharp && base === 8 && !digits.startsWith("0")) digits = `0${digits}`;
  const prefix = verb === "O" ? "0o" : sharp ? (PREFIXES[verb] ?? "") : "";
  return pad(sign + prefix + digits, { ...directive, zero: false });
}

/** A big.Int formats itself: other verbs, `s` among them, and zeros that fill the width after sign and prefix. */
function formatBigInteger(value: bigint, verb: string, directive: Directive): string {
  const base = verb === "s" ? 10 : BASES[verb];
  if (base === undefined) return `%!${verb}(big.Int=${value})`;
  const { precision, sharp, zero, minus, width, plus, space } = directive;
  const sign = value < 0n ? "-" : plus ? "+" : space ? " " : "";
  const prefix = verb === "O" ? "0o" : sharp ? (base === 8 ? "0" : (PREFIXES[verb] ?? "")) : "";
  let digits = (value < 0n ? -value : value).toString(base);
  if (verb === "X") digits = digits.toUpperCase();
  if (precision !== undefined)
    digits = digits === "0" && precision === 0 ? "" : digits.padStart(precision, "0");
  const length = sign.length + prefix.length + digits.length;
  const missing = Math.max((width ?? 0) - length, 0);
  if (minus) return sign + prefix + digits + " ".repeat(missing);
  if (zero && precision === undefined) return sign + prefix + "0".repeat(missing) + digits;
  return " ".repeat(missing) + sign + prefix + digits;
}

function runeOf(value: bigint): string {
  const valid = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn);
  return valid ? String.fromCodePoint(Number(value)) : "\ufffd";
}

/** `U+0078`, or with the sharp flag `U+0078 'x'`. */
function unicodeText(value: bigint, { precision, sharp }: Directive): string {
  const hex = BigInt.asUintN(64, value).toString(16).toUpperCase();
  const text = `U+${hex.padStart(Math.max(precision ?? 4, 4), "0")}`;
  if (!sharp || value > 0x10ffffn || value < 0n) return text;
  const literal = quoteGo(runeOf(value), "'");
  return literal.startsWith("'\\") && value !== 0x5cn ? text : `${text} '${runeOf(value)}'`;
}

/** Precision cuts a string to so many characters. */
function truncate(text: string, { precision }: Directive): string {
  return precision === undefined ? text : [...text].slice(0, precision).join("");
}

/** Fills up to the width, counted in characters. Zeros only ever fill on the left. */
function pad(text: string, { width, minus, zero }: Directive): string {
  const missing = (width ?? 0) - (width === undefined ? 0 : [...text].length);
  if (missing <= 0) return text;
  if (minus) return text + " ".repeat(missing);
  return (zero ? "0" : " ").repeat(missing) + text;
}

/** A number with its sign: zeros go between sign and digits. */
function padNumber(text: string, directive: Directive): string {
  const negative = text.startsWith("-");
  const plusSigned = text.startsWith("+");
  const digits = negative || plusSigned ? text.slice(1) : text;
  const infinite = digits === "Inf" || digits === "NaN";
  const sign = negative
    ? "-"
    : directive.plus || (plusSigned && directive.plus)
      ? "+"
      : directive.space
        ? " "
        : "";
  const shown = plusSigned && infinite && !directive.space ? `+${digits}` : sign + digits;
  const { width, zero, minus } = directive;
  if (zero && !minus && !infinite && width !== undefined)
    return sign + digits.padStart(width - sign.length, "0");
  return pad(shown, { ...directive, zero: false });
}
