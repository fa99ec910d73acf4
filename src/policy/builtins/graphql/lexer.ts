import { BuiltinError } from "../builtin.ts";

export type TokenKind = "end" | "name" | "int" | "float" | "string" | "block" | Punctuator;
type Punctuator = "!" | "$" | "&" | "(" | ")" | "..." | ":" | "=" | "@" | "[" | "]" | "{" | "|" | "}";

export type Token = {
  readonly kind: TokenKind;
  /** Of a string: what it stands for. */
  readonly value: string;
  /** In UTF-16 units. */
  readonly offset: number;
  /** Comments between the token before and this one, `#` included. */
  readonly comments: readonly string[];
};

// The byte order mark and the comma are blanks in GraphQL.
const BLANKS = /[\t\n\r ,\ufeff]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters end a comment.
const COMMENT = /#[^\u0000-\u0008\u000a-\u001f]*/y;
const PUNCTUATOR = /\.\.\.|[!$&():=@[\]{|}]/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const DIGITS = /[0-9]+/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what a string cannot hold.
const PLAIN_IN_STRING = /[^"\\\u0000-\u0008\u000a-\u001f]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what a string cannot hold.
const PLAIN_IN_BLOCK = /[^"\\\r\u0000-\u0008\u000b-\u001f]*/y;
const QUOTES = /"+/y;
const HEX = /[0-9A-Fa-f]{4}/y;

const ESCAPES: { readonly [character: string]: string } = {
  '"': '"',
  "/": "/",
  "\\": "\\",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** Splits GraphQL text into tokens, one at a time. Every method that reads throws BuiltinError for what is no token. */
export class Lexer {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): Token {
    const comments: string[] = [];
    this.#take(BLANKS);
    for (let comment = this.#take(COMMENT); comment !== ""; comment = this.#take(COMMENT)) {
      comments.push(comment);
      this.#take(BLANKS);
    }
    const offset = this.#at;
    return { ...this.#token(), offset, comments };
  }

  #token(): { readonly kind: TokenKind; readonly value: string } {
    const character = this.#text[this.#at];
    if (character === undefined) return { kind: "end", value: "" };
    const punctuator = this.#take(PUNCTUATOR);
    if (punctuator !== "") return { kind: punctuator as Punctuator, value: "" };
    const name = this.#take(NAME);
    if (name !== "") return { kind: "name", value: name };
    if (this.#text.startsWith('"""', this.#at)) return { kind: "block", value: this.#block() };
    if (character === '"') return { kind: "string", value: this.#string() };
    if (character === "-" || (character >= "0" && character <= "9")) return this.#number();
    throw this.#fault(`unexpected character ${JSON.stringify(character)}`);
  }

  #number(): { readonly kind: TokenKind; readonly value: string } {
    const start = this.#at;
    this.#skip("-");
    const zero = this.#skip("0");
    const digits = this.#take(DIGITS);
    if (zero === (digits !== "")) throw this.#fault("invalid number");
    const fraction = this.#skip(".");
    if (fraction && this.#take(DIGITS) === "") throw this.#fault("invalid number");
    const exponent = this.#skip("e") || this.#skip("E");
    if (exponent) {
      if (!this.#skip("-")) this.#skip("+");
      if (this.#take(DIGITS) === "") throw this.#fault("invalid number");
    }
    return { kind: fraction || exponent ? "float" : "int", value: this.#text.slice(start, this.#at) };
  }

  #string(): string {
    this.#at += 1;
    let value = "";
    for (;;) {
      value += this.#take(PLAIN_IN_STRING);
      if (this.#skip('"')) return value;
      if (!this.#skip("\\")) throw this.#fault("unterminated string, or a character that none may hold");
      value += this.#escape();
    }
  }

  #escape(): string {
    if (this.#skip("u")) {
      const hex = this.#take(HEX);
      if (hex === "") throw this.#fault("invalid character escape sequence");
      // Each escape is one code point: a surrogate is none, and becomes U+FFFD.
      return String.fromCharCode(Number.parseInt(hex, 16)).toWellFormed();
    }
    const escaped = ESCAPES[this.#text[this.#at] ?? ""];
    if (escaped === undefined) throw this.#fault("invalid character escape sequence");
    this.#at += 1;
    return escaped;
  }

  #block(): string {
    this.#at += 3;
    let raw = "";
    for (;;) {
      raw += this.#take(PLAIN_IN_BLOCK);
      const quotes = this.#take(QUOTES);
      // Of more than three quotes the last three are the end.
      if (quotes.length >= 3) return blockValue(raw + quotes.slice(3));
      raw += quotes;
      if (quotes !== "") continue;
      if (this.#skip('\\"""')) raw += '"""';
      else if (this.#skip("\\")) raw += "\\";
      else if (this.#skip("\r\n") || this.#skip("\r")) raw += "\n";
      else throw this.#fault("unterminated string, or a character that none may hold");
    }
  }

  /** The text that a pattern matches here, which is passed over; empty when it matches nothing. */
  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #skip(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #fault(what: string): BuiltinError {
    return new BuiltinError(`${what} at offset ${this.#at} of the GraphQL text`);
  }
}

/** The text of a block string without the indentation that its lines share. */
function blockValue(raw: string): string {
  const lines = raw.split("\n");
  const indents = lines.map(indentOf).filter((indent) => indent !== undefined);
  const common = indents.reduce((least, indent) => Math.min(least, indent), Number.POSITIVE_INFINITY);
  const stripped =
    common === Number.POSITIVE_INFINITY
      ? lines
      : lines.map((line, at) => (at === 0 ? line : line.slice(common)));
  const first = stripped.findIndex((line) => indentOf(line) !== undefined);
  const last = stripped.findLastIndex((line) => indentOf(line) !== undefined);
  return first === -1 ? "" : stripped.slice(first, last + 1).join("\n");
}

/** Blanks at the start of a line; undefined when there is nothing else in it. */
function indentOf(line: string): number | undefined {
  const indent = line.search(/[^ \t]/);
  return indent === -1 ? undefined : indent;
}
