/**
 * One pass over a JSON text. Where positions matter the bytes are read as Latin-1, so that a place in the string is a
 * place in the bytes. It trusts the grammar, which `JSON.parse` checks anyway, and gives what `JSON.parse` forgets: how deep it is, how many
 * keys were written, and where each container begins and ends.
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** How much a text may hold. */
export type JsonLimits = {
  /** Containers in one another. */
  readonly depthMax: number;
  /** Objects and arrays in all. */
  readonly containersMax: number;
  /** Values in all, but for the first of each container. */
  readonly valuesMax: number;
};

/** What a scan found. */
export type Structure = {
  /**
   * Three numbers for each container, in the order in which they begin: where it begins, where it ends (exclusive), and
   * at which number of this list the first container behind it stands.
   */
  readonly containers: readonly number[];
  /** Keys as written, repeated ones included. */
  readonly keys: number;
};

/** Numbers that {@link Structure} has for a container. */
export const CONTAINER_WIDTH = 3;

/** Characters looked at one by one before `indexOf` is called: keys end sooner than a call costs. */
const NEAR = 16;

/**
 * Undefined when the text holds more than the limits allow, or is no JSON. The loop is written out in
 * one function because it meets every character outside strings: calls and closures here cost a fifth of the reading.
 */
export function scanStructure(text: string, limits: JsonLimits): Structure | undefined {
  const { depthMax, containersMax, valuesMax } = limits;
  const containers: number[] = [];
  const open: number[] = [];
  const { length } = text;
  let keys = 0;
  let commas = 0;
  let isMember = false;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      // The value of a member is the place for long texts; what stands elsewhere is mostly a key.
      const near = isMember ? i : i + NEAR;
      isMember = false;
      for (i++; ; i++) {
        const inside = text.charCodeAt(i);
        if (inside === QUOTE) break;
        if (inside !== BACKSLASH && i < near) continue;
        i = endOfString(text, i);
        if (i < 0) return undefined;
        break;
      }
    } else if (code === COMMA) {
      isMember = false;
      // Each comma stands before one more value.
      if (++commas >= valuesMax) return undefined;
    } else if (code === COLON) {
      keys++;
      isMember = true;
    } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (open.length === depthMax || containers.length === CONTAINER_WIDTH * containersMax) return undefined;
      isMember = false;
      open.push(containers.length);
      containers.push(i, 0, 0);
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      const container = open.pop();
      if (container === undefined) return undefined;
      containers[container + 1] = i + 1;
      containers[container + 2] = containers.length;
    }
  }
  return open.length === 0 ? { containers, keys } : undefined;
}

/** The index of the quote that ends a string, from its first character or any other that is not escaped; -1 if none. */
export function endOfString(text: string, from: number): number {
  let quote = text.indexOf('"', from);
  while (quote > 0 && text.charCodeAt(quote - 1) === BACKSLASH && isEscaped(text, quote)) {
    quote = text.indexOf('"', quote + 1);
  }
  return quote;
}

/** Whether an odd number of backslashes stands before a character of a string. */
function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === BACKSLASH) before--;
  return ((at - before) & 1) === 0;
}

/**
 * The index of the first escape that makes half a surrogate pair, -1 when there is none.
 *
 * @param from where the first `\\u` of the text stands, -1 when there is none
 */
export function findLoneSurrogate(text: string, from: number): number {
  let at = from;
  while (at >= 0) {
    if (isEscaped(text, at)) {
      at = text.indexOf("\\u", at + 2);
      continue;
    }
    const unit = hexAt(text, at + 2);
    let next = at + 6;
    if (unit >= 0xdc00 && unit <= 0xdfff) return at;
    if (unit >= 0xd800 && unit <= 0xdbff) {
      const low = text.startsWith("\\u", next) ? hexAt(text, next + 2) : 0;
      if (low < 0xdc00 || low > 0xdfff) return at;
      next += 6;
    }
    at = text.indexOf("\\u", next);
  }
  return -1;
}

/** The index of the first number that is whole and past 2^53-1, or past all doubles; -1 when there is none. */
export function findInexact(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(text, i + 1);
      if (i < 0) return -1;
    } else if (code === MINUS || isDigit(code)) {
      const start = i;
      let isWhole = true;
      for (i++; isNumber(text.charCodeAt(i)); i++) isWhole &&= isDigit(text.charCodeAt(i));
      const value = Number(text.slice(start, i));
      if (isWhole ? !Number.isSafeInteger(value) : !Number.isFinite(value)) return start;
    }
  }
  return -1;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Digits, `.`, `e`, `E` and signs. */
function isNumber(code: number): boolean {
  return isDigit(code) || code === 0x2e || (code | 0x20) === 0x65 || code === MINUS || code === 0x2b;
}

function hexAt(text: string, at: number): number {
  return Number.parseInt(text.slice(at, at + 4), 16);
}

/** The key that stands, quotes included, at a range of bytes. */
export function readKey(text: string, start: number, end: number): string {
  const key = Buffer.from(text.slice(start, end), "latin1").toString("utf8");
  return key.includes("\\") ? (JSON.parse(key) as string) : key.slice(1, -1);
}
