import { endOfString, readKey, type Structure } from "./scan.ts";

/** One member of an object or element of an array, by its bytes. */
export type Member = {
  /** Undefined in an array. */
  readonly key: string | undefined;
  /** The key with its quotes; both 0 in an array. */
  readonly keyStart: number;
  readonly keyEnd: number;
  /** The value. */
  readonly start: number;
  readonly end: number;
  /** From behind the bracket or comma before it to the comma or bracket after it. */
  readonly from: number;
  readonly to: number;
};

/** How an object or array is laid out. `start` is its opening bracket, `end` is behind the closing one. */
export type Layout = {
  readonly start: number;
  readonly end: number;
  readonly members: readonly Member[];
} & ({ readonly kind: "array" } | { readonly kind: "object"; readonly byKey: ReadonlyMap<string, Member> });

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;

/** Finds members in a text that is known to be JSON, and remembers what it found. Positions are bytes (Latin-1). */
export class LayoutReader {
  readonly #text: string;
  readonly #structure: Structure;
  readonly #known = new Map<number, Layout>();

  constructor(text: string, structure: Structure) {
    this.#text = text;
    this.#structure = structure;
  }

  /** Undefined when no container begins at `start`. */
  at(start: number): Layout | undefined {
    const known = this.#known.get(start);
    if (known !== undefined) return known;
    const container = this.#containerAt(start);
    if (container < 0) return undefined;
    const layout = this.#read(container);
    this.#known.set(start, layout);
    return layout;
  }

  #read(container: number): Layout {
    const start = this.#start(container);
    const end = this.#end(container);
    const isObject = this.#text.charCodeAt(start) === OPEN_OBJECT;
    const members: Member[] = [];
    // The next container that begins inside this one: values are met in the same order.
    let child = container + 1;
    let from = start + 1;
    while (skipSpace(this.#text, from) < end - 1) {
      const member = this.#member(from, isObject, child);
      members.push(member);
      if (this.#start(child) === member.start) child = this.#after(child);
      from = member.to + 1;
      if (this.#text.charCodeAt(member.to) !== COMMA) break;
    }
    if (!isObject) return { kind: "array", start, end, members };
    return { kind: "object", start, end, members, byKey: new Map(members.map((m) => [m.key as string, m])) };
  }

  #member(from: number, isObject: boolean, child: number): Member {
    const text = this.#text;
    let at = skipSpace(text, from);
    const keyStart = isObject ? at : 0;
    const keyEnd = isObject ? endOfString(text, at + 1) + 1 : 0;
    if (isObject) at = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = this.#endOfValue(at, child);
    return {
      key: isObject ? readKey(text, keyStart, keyEnd) : undefined,
      keyStart,
      keyEnd,
      start: at,
      end,
      from,
      to: skipSpace(text, end),
    };
  }

  #endOfValue(start: number, child: number): number {
    if (this.#start(child) === start) return this.#end(child);
    if (this.#text.charCodeAt(start) === QUOTE) return endOfString(this.#text, start + 1) + 1;
    let end = start;
    while (!endsScalar(this.#text.charCodeAt(end))) end++;
    return end;
  }

  /** The first container that begins behind the end of another. */
  #after(container: number): number {
    return this.#firstFrom(this.#end(container), container + 1);
  }

  #containerAt(start: number): number {
    const found = this.#firstFrom(start, 0);
    return this.#start(found) === start ? found : -1;
  }

  /** The first container at or behind a position, by bisection: they stand in the order in which they begin. */
  #firstFrom(position: number, from: number): number {
    let low = from;
    let high = this.#structure.containers.length / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#start(middle) < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** NaN behind the last container. */
  #start(container: number): number {
    return this.#structure.containers[2 * container] ?? Number.NaN;
  }

  #end(container: number): number {
    return this.#structure.containers[2 * container + 1] as number;
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at++;
  }
}

/** Comma, closing bracket, white space, or the end of the text. */
function endsScalar(code: number): boolean {
  return code === COMMA || code === 0x5d || code === 0x7d || code <= 0x20 || Number.isNaN(code);
}
