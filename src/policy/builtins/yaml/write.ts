/** A Rego value as YAML, in the form of Go's yaml.v3 with an indentation of two. */
import { formatFloat } from "../go/float.ts";
import {
  isArray,
  isNumber,
  numberText,
  type RegoArray,
  type RegoNumber,
  type RegoObject,
  type RegoValue,
} from "../value.ts";
import { compareNaturally } from "./natural-order.ts";
import { resolveScalar } from "./scalar.ts";

/** @param value JSON: arrays, objects with strings as keys, and scalars. */
export function writeYaml(value: RegoValue): string {
  return `${block(value, 0, "")}\n`;
}

/** @param lead what the first line stands behind: nothing, or the indicator of an item. */
function block(value: RegoValue, indent: number, lead: string): string {
  if (isArray(value)) return value.length === 0 ? `${lead}[]` : lead + sequence(value, indent);
  if (value instanceof Map) return value.size === 0 ? `${lead}{}` : lead + mapping(value, indent);
  return lead + scalar(value, indent + (lead === "" && indent === 0 ? STEP : 0), false);
}

const STEP = 2;

function sequence(items: RegoArray, indent: number): string {
  const pad = " ".repeat(indent);
  return items.map((item) => block(item, indent + STEP, "- ")).join(`\n${pad}`);
}

function mapping(object: RegoObject, indent: number): string {
  const pad = " ".repeat(indent);
  return entriesOf(object)
    .map(([key, value]) => member(key, value, indent))
    .join(`\n${pad}`);
}

function entriesOf(object: RegoObject): readonly (readonly [string, RegoValue])[] {
  return [...object]
    .map(([key, value]) => [String(key), value] as const)
    .sort(([a], [b]) => compareNaturally(a, b));
}

/** Bytes of a key that stands in front of its value on one line. */
const SIMPLE_KEY_BYTES_MAX = 128;

function member(key: string, value: RegoValue, indent: number): string {
  const pad = " ".repeat(indent);
  const simple = Buffer.byteLength(key) <= SIMPLE_KEY_BYTES_MAX && !/[\r\n\u0085\u2028\u2029]/.test(key);
  if (!simple) return `? ${scalar(key, indent + STEP, false)}\n${pad}${block(value, indent + STEP, ": ")}`;
  const name = `${scalar(key, indent, true)}:`;
  const nested = (isArray(value) && value.length > 0) || (value instanceof Map && value.size > 0);
  if (!nested) return `${name} ${block(value, indent + STEP, "")}`;
  return `${name}\n${pad}${" ".repeat(STEP)}${block(value, indent + STEP, "")}`;
}

function scalar(value: RegoValue, indent: number, isKey: boolean): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (isNumber(value)) return number(value);
  const text = String(value);
  switch (scalarStyle(text, isKey)) {
    case "plain":
      return text;
    case "single":
      return `'${text.replaceAll("'", "''")}'`;
    case "literal":
      return literal(text, indent);
    default:
      return doubleQuoted(text);
  }
}

/** Integers keep their digits up to 64 bits; everything else is a 64-bit float. */
function number(value: RegoNumber): string {
  const resolved = resolveScalar(numberText(value));
  if (resolved.kind === "integer") return String(resolved.value);
  return formatFloat(Number(numberText(value)), "g", -1);
}

type Style = "plain" | "single" | "double" | "literal";

/** Words that YAML 1.1 takes for booleans, and numbers to the base of 60, are quoted for older readers. */
const OLD_WORDS = /^(?:[yYnN]|[yY]es|YES|[oO]n|ON|[nN]o|NO|[oO]ff|OFF)$/;
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

function scalarStyle(text: string, isKey: boolean): Style {
  const features = featuresOf(text);
  if (text.includes("\n")) return isKey || !features.blockAllowed ? "double" : "literal";
  const { kind } = resolveScalar(text);
  const meansItself = (kind === "string" || kind === "merge") && !OLD_WORDS.test(text) && !BASE_60.test(text);
  if (!meansItself) return "double";
  if (features.plainAllowed) return "plain";
  return features.singleAllowed ? "single" : "double";
}

type Features = {
  readonly plainAllowed: boolean;
  readonly singleAllowed: boolean;
  readonly blockAllowed: boolean;
};

const BREAKS = "\n\r\u0085\u2028\u2029";
const BLANK_AT_EDGE = new RegExp(`^[ ${BREAKS}]|[ ${BREAKS}]$`);
/** Where a plain text would be taken for something else. */
const INDICATOR = new RegExp(
  `^(?:---|\\.\\.\\.)|^[#,[\\]{}&*!|>'"%@\`]|^[?:-](?=[ \\t${BREAKS}]|$)|:(?=[ \\t${BREAKS}]|$)|(?<=[ \\t${BREAKS}])#`,
);
/** What YAML may not hold as it is. Characters beyond the basic plane could be, but Go escapes them. */
const SPECIAL = /[^\n\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;

function featuresOf(text: string): Features {
  const special = SPECIAL.test(text.replaceAll("\t", ""));
  const spaceBeforeBreak = new RegExp(` [${BREAKS}]`).test(text);
  const breakBeforeSpace = new RegExp(`[${BREAKS}] `).test(text);
  const hasBreak = new RegExp(`[${BREAKS}]`).test(text);
  const singleAllowed = !special && !text.includes("\t") && !spaceBeforeBreak && !breakBeforeSpace;
  return {
    plainAllowed: singleAllowed && !hasBreak && !BLANK_AT_EDGE.test(text) && !INDICATOR.test(text),
    singleAllowed,
    blockAllowed: !special && !spaceBeforeBreak && !text.endsWith(" "),
  };
}

function chomping(text: string): "" | "-" | "+" {
  if (!text.endsWith("\n")) return "-";
  return text === "\n" || /[\n\r]\n$/.test(text) ? "+" : "";
}

function literal(text: string, indent: number): string {
  const pad = " ".repeat(indent);
  const hint = /^[ \n\r]/.test(text) ? String(STEP) : "";
  const lines = text.endsWith("\n") ? text.slice(0, -1).split("\n") : text.split("\n");
  return `|${hint}${chomping(text)}\n${lines.map((line) => (line === "" ? "" : pad + line)).join("\n")}`;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\u0000", "\\0"],
  ["\u0007", "\\a"],
  ["\b", "\\b"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\v", "\\v"],
  ["\f", "\\f"],
  ["\r", "\\r"],
  ["\u001b", "\\e"],
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\u0085", "\\N"],
  ["\u2028", "\\L"],
  ["\u2029", "\\P"],
]);

function doubleQuoted(text: string): string {
  let quoted = "";
  for (const character of text) {
    const escaped = ESCAPES.get(character);
    quoted += escaped ?? (SPECIAL.test(character) ? numericEscape(character.codePointAt(0) ?? 0) : character);
  }
  return `"${quoted}"`;
}

function numericEscape(code: number): string {
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
