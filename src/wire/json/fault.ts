import { endOfString, findLoneSurrogate, type JsonLimits, readKey } from "./scan.ts";

/** Why bytes are not the JSON Regent reads, and where. The reason never quotes the text. */
export type JsonFault = {
  readonly reason: string;
  /** Bytes from the beginning. */
  readonly offset: number;
  /** From 1. */
  readonly line: number;
  /** Characters, from 1. */
  readonly column: number;
};

/** Builds a fault at an offset. */
export function faultAt(bytes: Buffer, offset: number, reason: string): JsonFault {
  const before = bytes.subarray(0, offset);
  const lineStart = before.lastIndexOf(0x0a) + 1;
  let line = 1;
  for (let at = before.indexOf(0x0a); at >= 0; at = before.indexOf(0x0a, at + 1)) line++;
  return { reason, offset, line, column: before.toString("utf8", lineStart).length + 1 };
}

/** `a key is repeated (line 3, column 7)` */
export function renderJsonFault(fault: JsonFault): string {
  return `${fault.reason} (line ${fault.line}, column ${fault.column})`;
}

type Frame = { readonly close: "}" | "]"; readonly keys: Set<string> | undefined };

/**
 * Reads a text that is known to be at fault once more, slowly, to say what is wrong with it. It is written from RFC 8259
 * without `JSON.parse` for the grammar, so a test can hold the two against each other. `text` is the bytes as Latin-1.
 *
 * Undefined when it finds nothing; the caller refuses all the same.
 */
export function locateFault(text: string, limits: JsonLimits): GrammarStop | undefined {
  try {
    new GrammarReader(text, limits).read();
    return undefined;
  } catch (error) {
    if (error instanceof GrammarStop) return error;
    throw error;
  }
}

/** Ends the reading at the first thing that is wrong. */
class GrammarStop extends Error {
  readonly offset: number;

  constructor(offset: number, reason: string) {
    super(reason);
    this.offset = offset;
  }
}

/** Its recursion is bounded by the depth that is allowed: a hostile text cannot exhaust the stack. */
class GrammarReader {
  readonly #text: string;
  readonly #limits: JsonLimits;
  readonly #frames: Frame[] = [];
  #at = 0;
  #containers = 0;
  #commas = 0;

  constructor(text: string, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  read(): void {
    this.#space();
    if (this.#at === this.#text.length) this.#fail("there is no value", 0);
    this.#value();
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) this.#next(frame);
    this.#space();
    if (this.#at < this.#text.length) this.#fail("there is something after the value");
    const lone = findLoneSurrogate(this.#text, this.#text.indexOf("\\u"));
    if (lone >= 0) this.#fail("half a surrogate pair is escaped", lone);
  }

  /** What follows a value inside a container: a comma and another, or the end. */
  #next(frame: Frame): void {
    this.#space();
    if (this.#take(frame.close)) {
      this.#frames.pop();
      return;
    }
    if (!this.#take(",")) this.#fail(`"," or "${frame.close}" is missing`);
    this.#commas++;
    if (this.#commas >= this.#limits.valuesMax)
      this.#fail(`it has more than ${this.#limits.valuesMax} values`);
    this.#space();
    this.#item(frame);
  }

  #item(frame: Frame): void {
    if (frame.keys !== undefined) this.#key(frame.keys);
    this.#value();
  }

  #key(keys: Set<string>): void {
    const start = this.#at;
    if (this.#text[start] !== '"') this.#fail("a key is missing");
    this.#string();
    const key = readKey(this.#text, start, this.#at);
    if (keys.has(key)) this.#fail("a key is repeated in one object", start);
    keys.add(key);
    this.#space();
    if (!this.#take(":")) this.#fail('":" is missing');
    this.#space();
  }

  #value(): void {
    const first = this.#text[this.#at];
    if (first === "{") this.#open("}", new Set());
    else if (first === "[") this.#open("]", undefined);
    else if (first === '"') this.#string();
    else if (!this.#word("true") && !this.#word("false") && !this.#word("null")) this.#number();
  }

  #open(close: Frame["close"], keys: Set<string> | undefined): void {
    if (this.#frames.length === this.#limits.depthMax)
      this.#fail(`it is nested deeper than ${this.#limits.depthMax}`);
    if (this.#containers === this.#limits.containersMax) {
      this.#fail(`it has more than ${this.#limits.containersMax} objects and arrays`);
    }
    this.#containers++;
    this.#at++;
    this.#space();
    if (this.#take(close)) return;
    const frame = { close, keys };
    this.#frames.push(frame);
    this.#item(frame);
  }

  #string(): void {
    const end = endOfString(this.#text, this.#at + 1);
    if (end < 0) this.#fail("a string does not end");
    for (let i = this.#at + 1; i < end; i++) {
      const char = this.#text[i] as string;
      if (char < " ") this.#fail("a control character stands in a string", i);
      if (char === "\\") i = this.#escape(i);
    }
    this.#at = end + 1;
  }

  /** The index of the last character of the escape that begins at `at`. */
  #escape(at: number): number {
    const kind = this.#text[at + 1] as string;
    if (kind !== "u") return ESCAPES.has(kind) ? at + 1 : this.#fail("an escape is not valid", at);
    for (const digit of this.#text.slice(at + 2, at + 6).padEnd(4)) {
      if (!HEX.has(digit)) this.#fail("an escape is not valid", at);
    }
    return at + 5;
  }

  #number(): void {
    const start = this.#at;
    this.#take("-");
    if (!this.#take("0") && this.#digits() === 0) this.#fail("a value is missing or not valid", start);
    if (this.#take(".") && this.#digits() === 0) this.#fail("a number is not valid", start);
    if (this.#take("e") || this.#take("E")) {
      if (!this.#take("+")) this.#take("-");
      if (this.#digits() === 0) this.#fail("a number is not valid", start);
    }
  }

  #digits(): number {
    const start = this.#at;
    while (isDigit(this.#text[this.#at])) this.#at++;
    return this.#at - start;
  }

  #word(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    while (SPACE.has(this.#text[this.#at] as string)) this.#at++;
  }

  #fail(reason: string, offset = this.#at): never {
    throw new GrammarStop(offset, reason);
  }
}

const SPACE = new Set([" ", "\t", "\n", "\r"]);
const HEX = new Set("0123456789abcdefABCDEF");
const ESCAPES = new Set('"\\/bfnrt');

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= "0" && char <= "9";
}
