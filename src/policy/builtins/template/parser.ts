import { BuiltinError } from "../builtin.ts";
import { unquoteGo } from "../go/unquote.ts";
import { type Piece, splitTemplate, type Token } from "./lexer.ts";
import { FUNCTION_NAMES, GoFloat, GoInt } from "./values.ts";

export type Operand =
  | { readonly kind: "dot" }
  | { readonly kind: "nil" }
  | { readonly kind: "constant"; readonly value: boolean | string | GoInt | GoFloat }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "function"; readonly name: string }
  | { readonly kind: "pipeline"; readonly pipeline: Pipeline }
  /** Members of an operand, one after the other. */
  | { readonly kind: "fields"; readonly of: Operand; readonly names: readonly string[] };

export type Command = readonly Operand[];
export type Pipeline = {
  readonly variables: readonly string[];
  /** `=` and not `:=`: the variables are there already. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
};

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly pipeline: Pipeline }
  | {
      readonly kind: "if" | "with" | "range";
      readonly pipeline: Pipeline;
      readonly list: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly kind: "template"; readonly name: string; readonly pipeline: Pipeline | undefined }
  | { readonly kind: "break" | "continue" };

export type Template = {
  readonly main: readonly Node[];
  readonly named: ReadonlyMap<string, readonly Node[]>;
};

/** Blocks and parentheses inside one another at most. */
export const NESTING_MAX = 200;

/** Parses a template of Go's text/template. @throws BuiltinError, RangeError beyond {@link NESTING_MAX}. */
export function parseTemplate(text: string): Template {
  const parser = new TemplateParser(splitTemplate(text));
  return parser.parse();
}

type Ending = { readonly word: "end" | "else" | "eof"; readonly action: ActionReader | undefined };

class TemplateParser {
  readonly #pieces: readonly Piece[];
  readonly #named = new Map<string, readonly Node[]>();
  readonly #variables = ["$"];
  #at = 0;
  #depth = 0;
  #ranges = 0;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  parse(): Template {
    const { nodes, ending } = this.#list();
    if (ending.word !== "eof") throw fault(`unexpected {{${ending.word}}}`);
    return { main: nodes, named: this.#named };
  }

  #list(): { readonly nodes: readonly Node[]; readonly ending: Ending } {
    this.#depth += 1;
    if (this.#depth > NESTING_MAX)
      throw new RangeError(`a template may be nested ${NESTING_MAX} levels deep at most`);
    const nodes: Node[] = [];
    for (let piece = this.#pieces[this.#at++]; piece !== undefined; piece = this.#pieces[this.#at++]) {
      if (piece.kind === "text") {
        nodes.push(piece);
        continue;
      }
      const action = new ActionReader(piece.tokens, this.#variables);
      const word = action.peek().kind === "word" ? action.peek().text : "";
      if (word === "end" || word === "else") {
        action.next();
        if (word === "end") action.finish();
        this.#depth -= 1;
        return { nodes, ending: { word, action } };
      }
      const node = this.#node(action, word);
      if (node !== undefined) nodes.push(node);
    }
    this.#depth -= 1;
    return { nodes, ending: { word: "eof", action: undefined } };
  }

  #node(action: ActionReader, word: string): Node | undefined {
    switch (word) {
      case "if":
      case "with":
      case "range":
        action.next();
        return this.#control(word, action);
      case "define":
        action.next();
        this.#define(action);
        return undefined;
      case "block":
        action.next();
        return this.#block(action);
      case "template":
        action.next();
        return this.#template(action);
      case "break":
      case "continue":
        action.next();
        action.finish();
        if (this.#ranges === 0) throw fault(`{{${word}}} outside {{range}}`);
        return { kind: word };
      default:
        return { kind: "action", pipeline: action.pipeline() };
    }
  }

  #control(kind: "if" | "with" | "range", action: ActionReader): Node {
    const scope = this.#variables.length;
    const pipeline = action.pipeline(kind === "range");
    if (kind === "range") this.#ranges += 1;
    const { nodes, ending } = this.#list();
    if (kind === "range") this.#ranges -= 1;
    const otherwise = ending.word === "else" ? this.#otherwise(kind, ending.action) : this.#ended(ending, []);
    this.#variables.length = scope;
    return { kind, pipeline, list: nodes, otherwise };
  }

  /** `{{else}}`, or `{{else if}}` and `{{else with}}`, which share the end of what they stand in. */
  #otherwise(kind: "if" | "with" | "range", action: ActionReader | undefined): readonly Node[] {
    if (action === undefined) throw fault("unexpected end");
    const { kind: token, text } = action.peek();
    if (token === "word" && text === kind && kind !== "range") {
      action.next();
      return [this.#control(kind, action)];
    }
    action.finish();
    const { nodes, ending } = this.#list();
    return this.#ended(ending, nodes);
  }

  #ended(ending: Ending, nodes: readonly Node[]): readonly Node[] {
    if (ending.word !== "end") throw fault(`unexpected ${ending.word}, expected {{end}}`);
    return nodes;
  }

  #define(action: ActionReader): void {
    if (this.#depth > 1) throw fault("unexpected {{define}}");
    const name = action.quoted();
    action.finish();
    this.#named.set(name, this.#body());
  }

  #block(action: ActionReader): Node {
    const name = action.quoted();
    const pipeline = action.pipeline();
    this.#named.set(name, this.#body());
    return { kind: "template", name, pipeline };
  }

  #body(): readonly Node[] {
    const outer = this.#variables.splice(1);
    const { nodes, ending } = this.#list();
    this.#variables.splice(1, this.#variables.length, ...outer);
    return this.#ended(ending, nodes);
  }

  #template(action: ActionReader): Node {
    const name = action.quoted();
    const pipeline = action.peek().kind === "end" ? undefined : action.pipeline();
    action.finish();
    return { kind: "template", name, pipeline };
  }
}

export function fault(what: string): BuiltinError {
  return new BuiltinError(`template: ${what}`);
}

class ActionReader {
  readonly #tokens: readonly Token[];
  /** Names of the variables that are known here; declarations are added. */
  readonly #variables: string[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], variables: string[]) {
    this.#tokens = tokens;
    this.#variables = variables;
  }

  peek(ahead = 0): Token {
    return this.#tokens[this.#at + ahead] ?? { kind: "end", text: "", space: true };
  }

  next(): Token {
    const token = this.peek();
    this.#at += 1;
    return token;
  }

  finish(): void {
    if (this.peek().kind !== "end") throw this.#unexpected();
  }

  quoted(): string {
    if (this.peek().kind !== "string") throw this.#unexpected();
    return unquoted(this.next().text);
  }

  /** A pipeline that is the rest of the action. */
  pipeline(ofRange = false): Pipeline {
    const pipeline = this.#pipeline(ofRange);
    this.finish();
    return pipeline;
  }

  #pipeline(ofRange = false): Pipeline {
    const { variables, assigns } = this.#declarations(ofRange);
    const commands = [this.#command()];
    while (this.#skip("|")) commands.push(this.#command());
    const later = commands.slice(1).find(([first]) => first?.kind !== "function" && first?.kind !== "fields");
    if (later !== undefined) throw fault("non executable command in pipeline");
    if (!assigns) this.#variables.push(...variables);
    return { variables, assigns, commands };
  }

  #declarations(ofRange: boolean): { readonly variables: readonly string[]; readonly assigns: boolean } {
    const none = { variables: [], assigns: false };
    if (this.peek().kind !== "variable") return none;
    const pair = ofRange && this.peek(1).text === "," && this.peek(2).kind === "variable";
    const operator = this.peek(pair ? 3 : 1);
    if (operator.kind !== "symbol" || (operator.text !== ":=" && operator.text !== "=")) return none;
    const variables = pair ? [this.peek().text, this.peek(2).text] : [this.peek().text];
    this.#at += pair ? 4 : 2;
    const assigns = operator.text === "=";
    if (assigns) for (const name of variables) this.#known(name);
    return { variables, assigns };
  }

  #known(name: string): string {
    if (!this.#variables.includes(name)) throw fault(`undefined variable ${JSON.stringify(name)}`);
    return name;
  }

  #skip(symbol: string): boolean {
    const { kind, text } = this.peek();
    if (kind !== "symbol" || text !== symbol) return false;
    this.#at += 1;
    return true;
  }

  #command(): Command {
    const operands: Operand[] = [];
    for (;;) {
      const { kind, text, space } = this.peek();
      const ends = kind === "end" || (kind === "symbol" && (text === "|" || text === ")"));
      if (ends) break;
      if (!space && operands.length > 0) throw this.#unexpected();
      operands.push(this.#operand());
    }
    if (operands.length === 0) throw fault("missing value for command");
    return operands;
  }

  #operand(): Operand {
    const first = this.#term();
    const names: string[] = [];
    for (
      let token = this.peek();
      token.kind === "field" && !token.space && token.text !== ".";
      token = this.peek()
    )
      names.push(this.next().text.slice(1));
    if (names.length === 0) return first;
    if (first.kind === "constant" || first.kind === "nil") throw fault("unexpected . after a constant");
    return first.kind === "fields"
      ? { ...first, names: [...first.names, ...names] }
      : { kind: "fields", of: first, names };
  }

  #term(): Operand {
    const { kind, text } = this.next();
    switch (kind) {
      case "word":
        return word(text);
      case "field":
        return text === "."
          ? { kind: "dot" }
          : { kind: "fields", of: { kind: "dot" }, names: [text.slice(1)] };
      case "variable":
        return { kind: "variable", name: this.#known(text) };
      case "number":
        return { kind: "constant", value: numberConstant(text) };
      case "character":
        return { kind: "constant", value: new GoInt(BigInt(unquoted(text).codePointAt(0) ?? 0)) };
      case "string":
        return { kind: "constant", value: unquoted(text) };
      default:
        if (text === "(") return this.#parenthesis();
        this.#at -= 1;
        throw this.#unexpected();
    }
  }

  #parenthesis(): Operand {
    this.#depth += 1;
    if (this.#depth > NESTING_MAX)
      throw new RangeError(`a template may be nested ${NESTING_MAX} levels deep at most`);
    const pipeline = this.#pipeline();
    this.#depth -= 1;
    if (!this.#skip(")")) throw fault("unclosed left paren");
    return { kind: "pipeline", pipeline };
  }

  #unexpected(): BuiltinError {
    const { text } = this.peek();
    return fault(`unexpected ${text === "" ? "end of action" : JSON.stringify(text)}`);
  }
}

function word(text: string): Operand {
  if (text === "true" || text === "false") return { kind: "constant", value: text === "true" };
  if (text === "nil") return { kind: "nil" };
  if (!FUNCTION_NAMES.has(text)) throw fault(`function ${JSON.stringify(text)} not defined`);
  return { kind: "function", name: text };
}

function unquoted(literal: string): string {
  const text = unquoteGo(literal);
  if (text === undefined) throw fault(`bad literal ${literal}`);
  return text;
}

function numberConstant(text: string): GoInt | GoFloat {
  const plain = text.replaceAll("_", "");
  const sign = plain.startsWith("-") ? -1 : 1;
  const digits = plain.replace(/^[-+]/, "");
  if (/^0[xXbBoO]/.test(digits) || /^\d+$/.test(digits)) {
    const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
    if (/^0\d/.test(octal)) throw fault(`bad number syntax: ${JSON.stringify(text)}`);
    const value = BigInt(octal) * BigInt(sign);
    if (BigInt.asIntN(64, value) !== value) throw fault(`integer overflow: ${JSON.stringify(text)}`);
    return new GoInt(value);
  }
  const value = Number(digits) * sign;
  if (!Number.isFinite(value)) throw fault(`bad number syntax: ${JSON.stringify(text)}`);
  return new GoFloat(value);
}
