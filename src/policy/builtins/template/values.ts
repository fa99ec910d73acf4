import { sortedEntries } from "../compare.ts";
import { formatFloat } from "../go/float.ts";
import { isArray, isNumber, isObject, numberText, type RegoValue } from "../value.ts";

/** An integer that the template itself wrote or counted; numbers of the data are texts to Go (json.Number). */
export class GoInt {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}
export class GoFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** What a template computes with. Undefined is no value at all: a member that there is not. */
export type TemplateValue = RegoValue | GoInt | GoFloat | undefined;

export const FUNCTION_NAMES: ReadonlySet<string> = new Set([
  ...["and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "slice"],
  ...["print", "printf", "println", "html", "js", "urlquery", "call"],
]);

/** Numbers of the data are strings of Go. */
export function textOf(value: TemplateValue): string | undefined {
  if (typeof value === "string") return value;
  return isDataNumber(value) ? numberText(value) : undefined;
}

export function isDataNumber(value: TemplateValue): value is Extract<RegoValue, number> {
  return value !== undefined && value !== null && !isTemplateNumber(value) && isNumber(value);
}

export function isTemplateNumber(value: TemplateValue): value is GoInt | GoFloat {
  return value instanceof GoInt || value instanceof GoFloat;
}

export function isTrue(value: TemplateValue): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === "boolean") return value;
  if (value instanceof GoInt) return value.value !== 0n;
  if (value instanceof GoFloat) return value.value !== 0;
  return (lengthOf(value) ?? 0) > 0;
}

/** Bytes of a text, members of the rest; undefined for what has no length. */
export function lengthOf(value: TemplateValue): number | undefined {
  const text = textOf(value);
  if (text !== undefined) return Buffer.byteLength(text);
  if (value === undefined || value === null || typeof value === "boolean" || isTemplateNumber(value))
    return undefined;
  if (isArray(value as RegoValue)) return (value as readonly RegoValue[]).length;
  return isObject(value as RegoValue) ? (value as ReadonlyMap<RegoValue, RegoValue>).size : undefined;
}

/** As Go's fmt.Print shows a value. */
export function printed(value: TemplateValue): string {
  const text = textOf(value);
  if (text !== undefined) return text;
  if (value === undefined || value === null) return "<nil>";
  if (typeof value === "boolean") return String(value);
  if (value instanceof GoInt) return String(value.value);
  if (value instanceof GoFloat) return formatFloat(value.value, "g", -1);
  const composite = value as RegoValue;
  if (isArray(composite)) return `[${composite.map(printed).join(" ")}]`;
  if (!isObject(composite)) return "";
  return `map[${sortedEntries(composite)
    .map(([key, item]) => `${printed(key)}:${printed(item)}`)
    .join(" ")}]`;
}

/** What is put into the output: no value is said so. */
export function shown(value: TemplateValue): string {
  return value === undefined || value === null ? "<no value>" : printed(value);
}
