import { isAscii, isUtf8 } from "node:buffer";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import { faultAt, type JsonFault, locateFault } from "./fault.ts";
import { LayoutReader, type Member, type Positions } from "./layout.ts";
import { parsePointer } from "./pointer.ts";
import { findInexact, findLoneSurrogate, type JsonLimits, scanStructure } from "./scan.ts";

/** Deeper than any request schema, and far from where recursion in a reader ends (some servers stop at 100). */
export const JSON_DEPTH_MAX = 64;

/**
 * Objects and arrays in one body. A megabyte of chat has some thousands; four megabytes of `[]` would have two million,
 * at some 50 bytes of memory each.
 */
export const JSON_CONTAINERS_MAX = 250_000;

/**
 * Values in one body. A megabyte of chat has some thousands, and the longest prompts in tokens a hundred thousand; four
 * megabytes of `1,` would have two million, which take forty times their bytes once they are parsed, here and in policy.
 */
export const JSON_VALUES_MAX = 250_000;

/** What every body is held to. */
export const JSON_LIMITS: JsonLimits = {
  depthMax: JSON_DEPTH_MAX,
  containersMax: JSON_CONTAINERS_MAX,
  valuesMax: JSON_VALUES_MAX,
};

/**
 * The squares of the members of all objects, added up: 2,000 members in one object, or a hundred objects of 200. The
 * hash tables of some readers are not seeded, OPA's among them, so a sender can choose keys that all fall into one
 * bucket, where each costs a look at all before it: without a bound, 384 KB of such keys held a policy up for 16 seconds.
 */
export const JSON_MEMBER_SQUARES_MAX = 4_000_000;

/** Digits of one number that all readers take the same way: a double needs 17, its longest usual spelling fewer than 32. */
export const JSON_NUMBER_DIGITS_MAX = 64;

/** A range of bytes, end exclusive. */
export type Span = { readonly start: number; readonly end: number };

/** A number as it was written. */
export type JsonNumber = {
  readonly value: number;
  readonly raw: string;
  /** Whether every reader gets this value: finite, no integer past 2^53-1, not absurdly long. */
  readonly exact: boolean;
};

export type JsonResult =
  | { readonly ok: true; readonly document: JsonDocument }
  | { readonly ok: false; readonly fault: JsonFault };

/**
 * Reads a JSON text (RFC 8259) that every reader understands in the same way: valid UTF-8 without a byte order mark, one
 * value with nothing after it, no key twice in one object however it is spelt, no half surrogate pair, at most
 * {@link JSON_DEPTH_MAX} deep, with at most {@link JSON_CONTAINERS_MAX} objects and arrays and {@link JSON_VALUES_MAX} values, and no objects so large that
 * their keys could be chosen to keep a reader busy ({@link JSON_MEMBER_SQUARES_MAX}).
 *
 * Repeated keys are found by counting: a parsed object holds each key once, the bytes as often as it was written.
 *
 * @param knownKeys looked for on the way, for {@link JsonDocument.hasOtherKeys}
 */
export function readJson(bytes: Buffer, knownKeys?: ReadonlySet<string>): JsonResult {
  const ascii = isAscii(bytes);
  if (!ascii && !isUtf8(bytes)) return refused(bytes, firstInvalidUtf8(bytes), "it is not valid UTF-8");
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    return refused(bytes, 0, "it begins with a byte order mark");
  }
  const text = ascii ? latin1(bytes) : bytes.toString("utf8");
  const structure = scanStructure(text, JSON_LIMITS);
  const value = structure === undefined ? undefined : parse(text);
  const unicodeEscape = text.indexOf("\\u");
  const members = { keys: 0, squares: 0, hasLarge: isLarge(value), hasOthers: knownKeys === undefined };
  if (value !== undefined) countMembers(value, members, knownKeys);
  if (
    structure === undefined ||
    value === undefined ||
    members.keys !== structure.keys ||
    (unicodeEscape >= 0 && findLoneSurrogate(text, unicodeEscape) >= 0)
  ) {
    const stop = locateFault(latin1(bytes), JSON_LIMITS);
    return refused(bytes, stop?.offset ?? 0, stop?.message ?? "it is not JSON");
  }
  if (members.squares > JSON_MEMBER_SQUARES_MAX)
    return refused(bytes, 0, "its objects have too many members");
  const surplus = unicodeEscape < 0 ? bytes.length - text.length : undefined;
  return {
    ok: true,
    document: new JsonDocument(bytes, value, ascii ? { text, structure } : undefined, surplus, members),
  };
}

/** A JSON text and what it says. Positions are found when they are asked for. */
export class JsonDocument {
  readonly bytes: Buffer;
  /** As `JSON.parse` gives it. A key `__proto__` is an own property like any other: index by own keys only. */
  readonly value: JsonValue;
  /**
   * By how many UTF-8 bytes all strings and keys together are longer than their UTF-16 lengths say; undefined when that
   * cannot be told without measuring each, because characters are escaped.
   */
  readonly surplusBytes: number | undefined;
  /** Whether any object has a key that is none of those which were looked for; true where none were. */
  readonly hasOtherKeys: boolean;
  readonly #hasLarge: boolean;
  #positions: Positions | undefined;
  #layouts: LayoutReader | undefined;

  /** Use {@link readJson}. */
  constructor(
    bytes: Buffer,
    value: JsonValue,
    positions: Positions | undefined,
    surplusBytes: number | undefined,
    { hasLarge, hasOthers } = NOT_LOOKED_FOR,
  ) {
    this.bytes = bytes;
    this.value = value;
    this.surplusBytes = surplusBytes;
    this.#hasLarge = hasLarge;
    this.hasOtherKeys = hasOthers;
    this.#positions = positions;
  }

  /**
   * The first number that not all readers take for the same value: a whole one past 2^53-1, which some round and some do
   * not, or one past all doubles. Undefined when there is none, which costs nothing to find out unless a number is large.
   */
  inexactNumber(): JsonFault | undefined {
    if (!this.#hasLarge) return undefined;
    const offset = findInexact(latin1(this.bytes));
    return offset < 0
      ? undefined
      : faultAt(this.bytes, offset, "a number is not taken the same way by every reader");
  }

  /** The bytes of the value (or of the key, quotes included) that a pointer names. Undefined when there is none. */
  span(pointer: string): Span | undefined {
    const parsed = parsePointer(pointer);
    if (parsed === undefined) return undefined;
    let value = this.rootSpan();
    let member: Member | undefined;
    for (const token of parsed.tokens) {
      member = this.layouts.find(value.start, token);
      if (member === undefined) return undefined;
      value = member;
    }
    if (!parsed.isKey) return { start: value.start, end: value.end };
    return member?.key === undefined ? undefined : { start: member.keyStart, end: member.keyEnd };
  }

  /** The text of a value as it was written. */
  raw(pointer: string): string | undefined {
    const span = this.span(pointer);
    return span === undefined ? undefined : this.bytes.toString("utf8", span.start, span.end);
  }

  /** The number that a pointer names, with its spelling. Undefined when there is none. */
  number(pointer: string): JsonNumber | undefined {
    const raw = this.raw(pointer);
    if (raw === undefined || !/^[-0-9]/.test(raw)) return undefined;
    const value = Number(raw);
    return { value, raw, exact: isExact(value, raw) };
  }

  /** The bytes of the whole value, without the white space around it. */
  rootSpan(): Span {
    const { bytes } = this;
    let start = 0;
    let end = bytes.length;
    while ((bytes[start] as number) <= 0x20) start++;
    while ((bytes[end - 1] as number) <= 0x20) end--;
    return { start, end };
  }

  /** Where members stand. A text that is not all ASCII is read once more for it, with bytes for characters. */
  get layouts(): LayoutReader {
    this.#layouts ??= new LayoutReader(this.#positions ?? positionsOf(this.bytes));
    return this.#layouts;
  }
}

function positionsOf(bytes: Buffer): Positions {
  const text = latin1(bytes);
  const structure = scanStructure(text, JSON_LIMITS);
  if (structure === undefined) throw new Error("a text that was read cannot be read again");
  return { text, structure };
}

function isExact(value: number, raw: string): boolean {
  if (!Number.isFinite(value) || raw.length > JSON_NUMBER_DIGITS_MAX) return false;
  return /[.eE]/.test(raw) || Number.isSafeInteger(value);
}

/** Undefined when the text is no JSON; a JSON text never means undefined. */
function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

type Sum = { keys: number; squares: number; hasLarge: boolean; hasOthers: boolean };

const NOT_LOOKED_FOR = { hasLarge: false, hasOthers: true };

/**
 * Adds up the keys of all objects in a value, and their squares by object, and looks for large numbers and keys that are
 * not known. Its depth is known to be bounded.
 */
function countMembers(value: JsonValue, sum: Sum, known: ReadonlySet<string> | undefined): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const element of value as readonly JsonValue[]) {
      if (typeof element === "object") countMembers(element, sum, known);
      else if (typeof element === "number" && isLarge(element)) sum.hasLarge = true;
    }
    return;
  }
  let members = 0;
  for (const key in value) {
    members++;
    if (!sum.hasOthers && known?.has(key) === false) sum.hasOthers = true;
    const member = (value as JsonObject)[key] as JsonValue;
    if (typeof member === "object") countMembers(member, sum, known);
    else if (typeof member === "number" && isLarge(member)) sum.hasLarge = true;
  }
  sum.keys += members;
  sum.squares += members * members;
}

/** Whether a number may have been rounded to what it is. */
function isLarge(value: JsonValue | undefined): boolean {
  return typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER;
}

/** `toString("latin1")` copies twice. */
function latin1(bytes: Buffer): string {
  return (bytes as Buffer & { latin1Slice(): string }).latin1Slice();
}

function refused(bytes: Buffer, offset: number, reason: string): JsonResult {
  return { ok: false, fault: faultAt(bytes, offset, reason) };
}

/** Bisects: a prefix is valid up to the fault, except for a character that it cuts. */
function firstInvalidUtf8(bytes: Buffer): number {
  let valid = 0;
  let invalid = bytes.length;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    if (isUtf8(bytes.subarray(0, boundary(bytes, middle, valid)))) valid = middle;
    else invalid = middle;
  }
  return boundary(bytes, valid, 0);
}

/** The last position at or before `at` where a character begins, at most three bytes back. */
function boundary(bytes: Buffer, at: number, from: number): number {
  let start = at;
  while (start > from && start > at - 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start--;
  return start;
}
