import { arrayIndex } from "./pointer.ts";
import { CONTAINER_WIDTH, endOfString, readKey, type Structure } from "./scan.ts";

/** A JSON text with bytes for characters (Latin-1), and its structure. */
export type Positions = { readonly text: string; readonly structure: Structure };

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
  readonly kind: "object" | "array";
  readonly start: number;
  readonly end: number;
  readonly members: readonly Member[];
  /** Empty for an array. */
  readonly byKey: ReadonlyMap<string, Member>;
};

/** Members looked for one by one in a container before all of them are written down. */
export const SEARCHES_MAX = 4;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;

/** Finds members in a text that is known to be JSON. Nested containers are stepped over, not read. */
export class LayoutReader {
  readonly #text: string;
  readonly #containers: readonly number[];
  readonly #layouts = new Map<number, Layout>();
  readonly #searches = new Map<number, number>();

  constructor({ text, structure }: Positions) {
    this.#text = text;
    this.#containers = structure.containers;
  }

  /** The member of the container at `start` that a pointer's token names. */
  find(start: number, token: string): Member | undefined {
    const searches = this.#searches.get(start) ?? 0;
    this.#searches.set(start, searches + 1);
    const layout = searches < SEARCHES_MAX ? this.#layouts.get(start) : this.at(start);
    if (layout !== undefined) {
      return layout.kind === "array" ? layout.members[arrayIndex(token)] : layout.byKey.get(token);
    }
    const container = this.#containerAt(start);
    return container < 0 ? undefined : this.#search(container, token);
  }

  /** All members of the container at `start`; undefined when none begins there. */
  at(start: number): Layout | undefined {
    const known = this.#layouts.get(start);
    if (known !== undefined) return known;
    const container = this.#containerAt(start);
    if (container < 0) return undefined;
    const layout = this.#read(container);
    this.#layouts.set(start, layout);
    return layout;
  }

  /** The kind and the end of the container at `start`. */
  boundsAt(start: number): { readonly kind: "object" | "array"; readonly end: number } | undefined {
    const container = this.#containerAt(start);
    return container < 0 ? undefined : { kind: this.#kind(container), end: this.#end(container) };
  }

  /** Where the last value of the container that ends at `end` ends, or the place behind its bracket if it is empty. */
  lastEnd(end: number): number {
    let at = end - 1;
    while (this.#text.charCodeAt(at - 1) <= 0x20) at--;
    return at;
  }

  #search(container: number, token: string): Member | undefined {
    const walk = this.#walk(container);
    if (this.#kind(container) === "array") {
      const index = arrayIndex(token);
      return index >= 0 && walk.skip(index) && walk.next() ? walk.member() : undefined;
    }
    while (walk.next()) if (walk.keyIs(token)) return walk.member();
    return undefined;
  }

  #read(container: number): Layout {
    const members: Member[] = [];
    const walk = this.#walk(container);
    while (walk.next()) members.push(walk.member());
    const kind = this.#kind(container);
    const byKey = new Map(kind === "array" ? [] : members.map((member) => [member.key as string, member]));
    return { kind, start: this.#start(container), end: this.#end(container), members, byKey };
  }

  #walk(container: number): Walk {
    const isObject = this.#kind(container) === "object";
    return new Walk(this.#text, this.#containers, container, isObject);
  }

  /** The place in the list of the container that begins at `start`, -1 when none does. */
  #containerAt(start: number): number {
    let low = 0;
    let high = this.#containers.length / CONTAINER_WIDTH;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#start(middle * CONTAINER_WIDTH) < start) low = middle + 1;
      else high = middle;
    }
    const found = low * CONTAINER_WIDTH;
    return this.#containers[found] === start ? found : -1;
  }

  #kind(container: number): "object" | "array" {
    return this.#text.charCodeAt(this.#start(container)) === OPEN_OBJECT ? "object" : "array";
  }

  #start(container: number): number {
    return this.#containers[container] as number;
  }

  #end(container: number): number {
    return this.#containers[container + 1] as number;
  }
}

/** Goes from member to member of one container without making anything of the ones it passes. */
class Walk {
  readonly #text: string;
  readonly #containers: readonly number[];
  readonly #isObject: boolean;
  readonly #last: number;
  /** The next container that begins inside: values are met in the order in which containers begin. */
  #child: number;
  #from: number;
  #keyStart = 0;
  #keyEnd = 0;
  #start = 0;
  #end = 0;
  #to: number;

  constructor(text: string, containers: readonly number[], container: number, isObject: boolean) {
    this.#text = text;
    this.#containers = containers;
    this.#isObject = isObject;
    this.#from = containers[container] as number;
    this.#to = this.#from;
    this.#last = (containers[container + 1] as number) - 1;
    this.#child = container + CONTAINER_WIDTH;
  }

  /** Steps to the next member; false when there is none. */
  next(): boolean {
    const text = this.#text;
    this.#from = this.#to + 1;
    let at = skipSpace(text, this.#from);
    // Also true behind the last member, where `from` lies behind the closing bracket.
    if (at >= this.#last) return false;
    if (this.#isObject) {
      this.#keyStart = at;
      this.#keyEnd = endOfString(text, at + 1) + 1;
      at = skipSpace(text, skipSpace(text, this.#keyEnd) + 1);
    }
    this.#start = at;
    this.#end = this.#endOfValue(at);
    this.#to = skipSpace(text, this.#end);
    return true;
  }

  /** Steps over elements of an array; false when there are fewer. Nothing is kept of them, so it is fast. */
  skip(count: number): boolean {
    const text = this.#text;
    const containers = this.#containers;
    let child = this.#child;
    let at = this.#to;
    for (let skipped = 0; skipped < count; skipped++) {
      at = skipSpace(text, at + 1);
      if (at >= this.#last) return false;
      if (containers[child] === at) {
        at = containers[child + 1] as number;
        child = containers[child + 2] as number;
      } else at = endOfScalar(text, at);
      at = skipSpace(text, at);
    }
    this.#to = at;
    this.#child = child;
    return true;
  }

  keyIs(key: string): boolean {
    const first = this.#text.charCodeAt(this.#keyStart + 1);
    // Most keys can be told apart by their first character, unless that is escaped or not ASCII.
    if (first !== BACKSLASH && first < 0x80 && first !== key.charCodeAt(0) && key !== "") return false;
    return readKey(this.#text, this.#keyStart, this.#keyEnd) === key;
  }

  member(): Member {
    return {
      key: this.#isObject ? readKey(this.#text, this.#keyStart, this.#keyEnd) : undefined,
      keyStart: this.#keyStart,
      keyEnd: this.#keyEnd,
      start: this.#start,
      end: this.#end,
      from: this.#from,
      to: this.#to,
    };
  }

  #endOfValue(start: number): number {
    const containers = this.#containers;
    if (containers[this.#child] === start) {
      const end = containers[this.#child + 1] as number;
      this.#child = containers[this.#child + 2] as number;
      return end;
    }
    return endOfScalar(this.#text, start);
  }
}

/** The end of a text, a number or a word. */
function endOfScalar(text: string, start: number): number {
  if (text.charCodeAt(start) === QUOTE) return endOfString(text, start + 1) + 1;
  let end = start;
  while (!endsScalar(text.charCodeAt(end))) end++;
  return end;
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
