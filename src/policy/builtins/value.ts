/**
 * The values of Rego as builtins see them. They are more than JSON: numbers keep the digits they were written with,
 * objects may have keys of any kind, and there are sets.
 */
export type RegoValue = null | boolean | RegoNumber | string | RegoArray | RegoObject | RegoSet;
/** A number that JavaScript holds exactly, or its text. */
export type RegoNumber = number | Numeral;
export type RegoArray = readonly RegoValue[];
/** Keys that are strings, booleans, null or plain numbers can be looked up directly. */
export type RegoObject = ReadonlyMap<RegoValue, RegoValue>;

/** A number whose text says more than a JavaScript number can: `1.10`, `1e400`, 20 digits. */
export class Numeral {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A set; no element is in it twice. Build one with `setOf` (compare.ts) unless the elements are known to differ. */
export class RegoSet {
  readonly items: RegoArray;
  constructor(items: RegoArray) {
    this.items = items;
  }
}

export function isObject(value: RegoValue): value is RegoObject {
  return value instanceof Map;
}

export function isNumber(value: RegoValue): value is RegoNumber {
  return typeof value === "number" || value instanceof Numeral;
}

export function isArray(value: RegoValue): value is RegoArray {
  return Array.isArray(value);
}

/** The number that a text stands for. The text is kept when a JavaScript number would be written otherwise. */
export function numberFrom(text: string): RegoNumber {
  const value = Number(text);
  return String(value) === text ? value : new Numeral(text);
}

/** A number's text: how it is written in JSON. */
export function numberText(value: RegoNumber): string {
  return typeof value === "number" ? String(value) : value.text;
}

/** The text of `opa_value_dump`: JSON with sets (`{1, 2}`, `set()`) and object keys of any kind. */
export function parseRego(text: string): RegoValue {
  const parser = new RegoParser(text);
  const value = parser.value();
  parser.end();
  return value;
}

/** Writes a value so that `opa_value_parse` reads it. */
export function renderRego(value: RegoValue): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value.toWellFormed());
  if (isNumber(value)) return numberText(value);
  if (value instanceof RegoSet)
    return value.items.length === 0 ? "set()" : `{${value.items.map(renderRego).join(",")}}`;
  if (isArray(value)) return `[${value.map(renderRego).join(",")}]`;
  return `{${[...value].map(([key, item]) => `${renderRego(key)}:${renderRego(item)}`).join(",")}}`;
}

const NUMBER = /-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

class RegoParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  end(): void {
    this.#blanks();
    if (this.#at !== this.#text.length) throw this.#fault();
  }

  value(): RegoValue {
    this.#blanks();
    switch (this.#text[this.#at]) {
      case '"':
        return this.#string();
      case "[":
        this.#at += 1;
        return this.#elements("]");
      case "{":
        this.#at += 1;
        return this.#objectOrSet();
      case "n":
        return this.#word("null", null);
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "s":
        return this.#word("set()", new RegoSet([]));
      default:
        return this.#number();
    }
  }

  #string(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (end !== -1 && this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1);
    if (end === -1) throw this.#fault();
    this.#at = end + 1;
    const raw = this.#text.slice(start + 1, end);
    return raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
  }

  #isEscaped(quote: number): boolean {
    let slashes = 0;
    while (this.#text[quote - 1 - slashes] === "\\") slashes += 1;
    return slashes % 2 === 1;
  }

  #number(): RegoNumber {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) throw this.#fault();
    this.#at += match[0].length;
    return numberFrom(match[0]);
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#fault();
    this.#at += word.length;
    return value;
  }

  /** The elements up to the closing bracket, which is consumed. */
  #elements(close: string): RegoValue[] {
    const items: RegoValue[] = [];
    if (this.#take(close)) return items;
    do items.push(this.value());
    while (this.#take(","));
    if (!this.#take(close)) throw this.#fault();
    return items;
  }

  #objectOrSet(): RegoObject | RegoSet {
    if (this.#take("}")) return new Map();
    const first = this.value();
    if (this.#take(":")) return this.#members(first);
    const rest = this.#take(",") ? this.#elements("}") : this.#closed([]);
    return new RegoSet([first, ...rest]);
  }

  #members(firstKey: RegoValue): RegoObject {
    const members = new Map<RegoValue, RegoValue>([[firstKey, this.value()]]);
    while (this.#take(",")) {
      const key = this.value();
      if (!this.#take(":")) throw this.#fault();
      members.set(key, this.value());
    }
    return this.#closed(members);
  }

  #closed<T>(value: T): T {
    if (!this.#take("}")) throw this.#fault();
    return value;
  }

  #take(symbol: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== symbol) return false;
    this.#at += 1;
    return true;
  }

  #blanks(): void {
    while (isBlank(this.#text.charCodeAt(this.#at))) this.#at += 1;
  }

  #fault(): Error {
    return new Error(`a Rego value cannot be read at offset ${this.#at}`);
  }
}
