import { compareNumbers } from "./decimal.ts";
import { isArray, isNumber, isObject, type RegoObject, RegoSet, type RegoValue } from "./value.ts";

/**
 * The order of Rego's values: null, booleans, numbers, strings, arrays, objects, sets; within a type as one expects,
 * strings by their UTF-8 bytes. Zero means equal.
 */
export function compareValues(a: RegoValue, b: RegoValue): number {
  const ranks = rank(a) - rank(b);
  if (ranks !== 0) return ranks;
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (typeof a === "string" && typeof b === "string") return compareStrings(a, b);
  if (isArray(a) && isArray(b)) return compareLists(a, b);
  if (isObject(a) && isObject(b)) return compareObjects(a, b);
  if (a instanceof RegoSet && b instanceof RegoSet) return compareLists(sorted(a.items), sorted(b.items));
  if (a !== null && b !== null && isNumber(a) && isNumber(b)) return compareNumbers(a, b);
  return 0;
}

export function equalValues(a: RegoValue, b: RegoValue): boolean {
  return a === b || compareValues(a, b) === 0;
}

function rank(value: RegoValue): number {
  if (value === null) return 0;
  if (typeof value === "boolean") return 1;
  if (isNumber(value)) return 2;
  if (typeof value === "string") return 3;
  if (isArray(value)) return 4;
  return isObject(value) ? 5 : 6;
}

const SURROGATE = /[\ud800-\udfff]/;

/** By UTF-8 bytes, as Go compares. UTF-16 units give the same order except next to surrogates. */
export function compareStrings(a: string, b: string): number {
  if (SURROGATE.test(a) || SURROGATE.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareLists(a: readonly RegoValue[], b: readonly RegoValue[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = compareValues(a[i] as RegoValue, b[i] as RegoValue);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareObjects(a: RegoObject, b: RegoObject): number {
  return compareLists(sortedEntries(a).flat(), sortedEntries(b).flat()) || a.size - b.size;
}

export function sorted(items: readonly RegoValue[]): readonly RegoValue[] {
  return items.length < 2 ? items : [...items].sort(compareValues);
}

/** Members of an object in the order of their keys. */
export function sortedEntries(object: RegoObject): [RegoValue, RegoValue][] {
  return [...object].sort(([a], [b]) => compareValues(a, b));
}

/** A set of these values, repeats left out. */
export function setOf(items: readonly RegoValue[]): RegoSet {
  const ordered = sorted(items);
  return new RegoSet(
    ordered.filter((item, index) => index === 0 || !equalValues(item, ordered[index - 1] as RegoValue)),
  );
}

/** The value at a key, which may be of any kind. */
export function lookup(object: RegoObject, key: RegoValue): RegoValue | undefined {
  const direct = object.get(key);
  if (direct !== undefined || typeof key === "string") return direct;
  for (const [candidate, value] of object) if (equalValues(candidate, key)) return value;
  return undefined;
}

/** Whether a value is among these. */
export function contains(items: readonly RegoValue[], value: RegoValue): boolean {
  return items.some((item) => equalValues(item, value));
}
