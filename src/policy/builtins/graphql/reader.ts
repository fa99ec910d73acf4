import { BuiltinError } from "../builtin.ts";
import {
  type Argument,
  type ChildValue,
  type CommentGroup,
  type Directive,
  type TypeReference,
  VALUE_KIND,
  type Value,
} from "./ast.ts";
import { Lexer, type Token, type TokenKind } from "./lexer.ts";

/**
 * Selections, values and types inside one another, at most. GraphQL servers refuse far less; each level takes a few
 * frames of the stack, here and when the document is validated.
 */
export const DEPTH_MAX = 200;

/** Tokens between two looks at the clock: about 0.1 ms. */
const TOKENS_PER_LOOK = 500;

/** The tokens of a GraphQL document with one token of look-ahead, and what queries and schemas have in common. */
export class DocumentReader {
  readonly #lexer: Lexer;
  readonly #checkTime: () => void;
  #token: Token;
  #count = 0;
  #depth = 0;

  /** @param checkTime is called now and then and may throw. */
  constructor(text: string, checkTime: () => void) {
    this.#lexer = new Lexer(text);
    this.#checkTime = checkTime;
    this.#token = this.#lexer.next();
  }

  /** The token that comes next. */
  get token(): Token {
    return this.#token;
  }

  /** The comments in front of the token that comes next. */
  get comments(): CommentGroup | undefined {
    const { comments } = this.#token;
    return comments.length === 0 ? undefined : { List: comments.map((comment) => ({ Value: comment })) };
  }

  advance(): Token {
    const token = this.#token;
    this.#count += 1;
    if (this.#count % TOKENS_PER_LOOK === 0) this.#checkTime();
    this.#token = this.#lexer.next();
    return token;
  }

  is(kind: TokenKind): boolean {
    return this.#token.kind === kind;
  }

  /** Whether the next token has this text. A string may have it too, as for gqlparser. */
  isWord(word: string): boolean {
    return this.#token.value === word;
  }

  skip(kind: TokenKind): boolean {
    if (!this.is(kind)) return false;
    this.advance();
    return true;
  }

  expect(kind: TokenKind): Token {
    if (!this.is(kind)) throw this.unexpected(`expected ${kind}`);
    return this.advance();
  }

  keyword(word: string): void {
    if (!this.is("name") || !this.isWord(word)) throw this.unexpected(`expected ${word}`);
    this.advance();
  }

  name(): string {
    return this.expect("name").value;
  }

  unexpected(instead = "this"): BuiltinError {
    const { kind, value, offset } = this.#token;
    return new BuiltinError(
      `${instead}, found ${value === "" ? kind : value.slice(0, 50)} at offset ${offset} of the GraphQL text`,
    );
  }

  /** What stands between two brackets, at least one; nothing when the first bracket is not there. */
  some<T>(open: TokenKind, close: TokenKind, item: () => T): readonly T[] {
    return this.someWithEnd(open, close, item).items;
  }

  /** The same, with the comments in front of the closing bracket. */
  someWithEnd<T>(
    open: TokenKind,
    close: TokenKind,
    item: () => T,
  ): { readonly items: readonly T[]; readonly end?: CommentGroup | undefined } {
    if (!this.skip(open)) return { items: [] };
    const items = this.#until(close, item);
    if (items.length === 0) throw this.unexpected("expected at least one definition");
    const end = this.comments;
    this.advance();
    return { items, end };
  }

  /** One level deeper. @throws RangeError beyond {@link DEPTH_MAX}. */
  nested<T>(work: () => T): T {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX)
      throw new RangeError(`GraphQL documents may be nested ${DEPTH_MAX} levels deep at most`);
    const result = work();
    this.#depth -= 1;
    return result;
  }

  #until<T>(close: TokenKind, item: () => T): T[] {
    const items: T[] = [];
    while (!this.is(close)) items.push(item());
    return items;
  }

  variable(): string {
    this.expect("$");
    return this.name();
  }

  /** @param constant refuses variables. */
  value(constant: boolean): Value {
    return this.nested(() => this.#value(constant));
  }

  #value(constant: boolean): Value {
    const { kind, value } = this.#token;
    if (kind === "[" || kind === "{") return this.#collection(kind, constant);
    if (kind === "$" && !constant) return scalar(VALUE_KIND.variable, this.variable());
    const scalarKind = kind === "name" ? nameKind(value) : SCALAR_KINDS.get(kind);
    if (scalarKind === undefined) throw this.unexpected("expected a value");
    this.advance();
    return scalar(scalarKind, value);
  }

  #collection(open: "[" | "{", constant: boolean): Value {
    const comment = this.comments;
    this.advance();
    const close = open === "[" ? "]" : "}";
    const children = this.#until(close, () =>
      open === "[" ? { Name: "", Value: this.value(constant) } : this.#member(constant),
    );
    this.advance();
    const kind = open === "[" ? VALUE_KIND.list : VALUE_KIND.object;
    return { Raw: "", Kind: kind, Children: children, ExpectedTypeHasDefault: false, Comment: comment };
  }

  #member(constant: boolean): ChildValue {
    const comment = this.comments;
    const name = this.name();
    this.expect(":");
    return { Name: name, Value: this.value(constant), Comment: comment };
  }

  arguments(constant: boolean): readonly Argument[] {
    return this.some("(", ")", () => this.#member(constant));
  }

  directives(constant: boolean): readonly Directive[] {
    const directives: Directive[] = [];
    while (this.skip("@"))
      directives.push({ Name: this.name(), Arguments: this.arguments(constant), Location: "" });
    return directives;
  }

  type(): TypeReference {
    return this.nested(() => {
      if (!this.skip("[")) return { NamedType: this.name(), NonNull: this.skip("!") };
      const element = this.type();
      this.expect("]");
      return { NamedType: "", Elem: element, NonNull: this.skip("!") };
    });
  }
}

const SCALAR_KINDS: ReadonlyMap<TokenKind, number> = new Map([
  ["int", VALUE_KIND.int],
  ["float", VALUE_KIND.float],
  ["string", VALUE_KIND.string],
  ["block", VALUE_KIND.block],
]);

function nameKind(name: string): number {
  if (name === "true" || name === "false") return VALUE_KIND.boolean;
  return name === "null" ? VALUE_KIND.null : VALUE_KIND.enum;
}

function scalar(kind: number, raw: string): Value {
  return { Raw: raw, Kind: kind, Children: [], ExpectedTypeHasDefault: false };
}
