/**
 * Go's fmt.Sprintf for the operands that Rego's sprintf has: 64-bit integers, big integers, floats and strings.
 * @see https://pkg.go.dev/fmt
 */
import { assertOutputLength } from "../output.ts";
import { formatOperand } from "./format-operand.ts";

/** An operand, with its Go type. */
export type Operand =
  | { readonly type: "int64" | "int" | "*big.Int"; readonly value: bigint }
  | { readonly type: "float64"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string" | "json.Number"; readonly value: string };

/** What stands between `%` and the verb. */
export type Directive = {
  plus: boolean;
  minus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  width: number | undefined;
  precision: number | undefined;
};

/** Go's own bound on widths and precisions; a larger one is an error in the text. */
const SIZE_MAX = 1_000_000;

export function sprintfGo(format: string, operands: readonly Operand[]): string {
  return new Formatter(format, operands).run();
}

class Formatter {
  readonly #format: string;
  readonly #operands: readonly Operand[];
  #output = "";
  #at = 0;
  #next = 0;
  /** An explicit index (`%[2]d`) was used somewhere: operands left over are then no mistake. */
  #reordered = false;
  /** The index of the current directive was a good one. */
  #goodIndex = true;
  #afterIndex = false;

  constructor(format: string, operands: readonly Operand[]) {
    this.#format = format;
    this.#operands = operands;
  }

  run(): string {
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf("%", this.#at);
      this.#output += this.#format.slice(this.#at, percent === -1 ? undefined : percent);
      if (percent === -1) break;
      this.#at = percent + 1;
      this.#directive();
      assertOutputLength("sprintf", this.#output.length);
    }
    if (!this.#reordered && this.#next < this.#operands.length) this.#output += this.#extra();
    return this.#output;
  }

  #directive(): void {
    this.#goodIndex = true;
    this.#afterIndex = false;
    const directive = this.#flags();
    this.#index();
    this.#width(directive);
    this.#precision(directive);
    if (!this.#afterIndex) this.#index();
    const verb = this.#verb();
    if (verb === undefined) this.#output += "%!(NOVERB)";
    else if (verb === "%") this.#output += "%";
    else if (!this.#goodIndex) this.#output += `%!${verb}(BADINDEX)`;
    else this.#operand(directive, verb);
  }

  #operand(directive: Directive, verb: string): void {
    const operand = this.#operands[this.#next];
    if (operand === undefined) {
      this.#output += `%!${verb}(MISSING)`;
      return;
    }
    this.#next += 1;
    this.#output += formatOperand(operand, verb, directive);
  }

  #flags(): Directive {
    const directive = plainDirective();
    for (; ; this.#at++) {
      switch (this.#format[this.#at]) {
        case "#":
          directive.sharp = true;
          break;
        case "0":
          directive.zero = true;
          break;
        case "+":
          directive.plus = true;
          break;
        case "-":
          directive.minus = true;
          break;
        case " ":
          directive.space = true;
          break;
        default:
          return directive;
      }
    }
  }

  /** `[2]`: the operand to use next. */
  #index(): void {
    if (this.#format[this.#at] !== "[") return;
    this.#reordered = true;
    const close = this.#format.indexOf("]", this.#at);
    const text = close === -1 ? "" : this.#format.slice(this.#at + 1, close);
    this.#at = close === -1 ? this.#at + 1 : close + 1;
    const index = /^\d+$/.test(text) ? Number(text) - 1 : -1;
    this.#afterIndex = close !== -1;
    if (index >= 0 && index < this.#operands.length && Number(text) <= SIZE_MAX) this.#next = index;
    else this.#goodIndex = false;
  }

  #width(directive: Directive): void {
    if (this.#format[this.#at] === "*") {
      this.#at += 1;
      const width = this.#sizeOperand();
      if (width === undefined) this.#output += "%!(BADWIDTH)";
      directive.width = width === undefined ? undefined : Math.abs(width);
      if (width !== undefined && width < 0) {
        directive.minus = true;
        directive.zero = false;
      }
      this.#afterIndex = false;
      return;
    }
    directive.width = this.#digits();
    if (this.#afterIndex && directive.width !== undefined) this.#goodIndex = false;
  }

  #precision(directive: Directive): void {
    // A point at the very end is taken for the verb.
    if (this.#format[this.#at] !== "." || this.#at + 1 === this.#format.length) return;
    this.#at += 1;
    if (this.#afterIndex) this.#goodIndex = false;
    this.#index();
    if (this.#format[this.#at] === "*") {
      this.#at += 1;
      const precision = this.#sizeOperand();
      if (precision === undefined || precision < 0) this.#output += "%!(BADPREC)";
      else directive.precision = precision;
      this.#afterIndex = false;
      return;
    }
    directive.precision = this.#digits() ?? 0;
  }

  /** The operand that `*` takes; undefined when it is none or too large. */
  #sizeOperand(): number | undefined {
    const operand = this.#operands[this.#next];
    if (operand === undefined) return undefined;
    this.#next += 1;
    if (operand.type !== "int64" && operand.type !== "int") return undefined;
    const size = Number(operand.value);
    return Math.abs(size) > SIZE_MAX ? undefined : size;
  }

  #digits(): number | undefined {
    const [text] = /^\d+/.exec(this.#format.slice(this.#at, this.#at + 20)) ?? [];
    if (text === undefined) return undefined;
    this.#at += text.length;
    const size = Number(text);
    return size > SIZE_MAX ? undefined : size;
  }

  #verb(): string | undefined {
    const codePoint = this.#format.codePointAt(this.#at);
    if (codePoint === undefined) return undefined;
    const verb = String.fromCodePoint(codePoint);
    this.#at += verb.length;
    return verb;
  }

  #extra(): string {
    const extra = this.#operands
      .slice(this.#next)
      .map((operand) => `${operand.type}=${formatOperand(operand, "v", plainDirective())}`);
    return `%!(EXTRA ${extra.join(", ")})`;
  }
}

export function plainDirective(): Directive {
  return {
    plus: false,
    minus: false,
    sharp: false,
    space: false,
    zero: false,
    width: undefined,
    precision: undefined,
  };
}
