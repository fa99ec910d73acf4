/** The functions that every template of Go has. @see https://pkg.go.dev/text/template#hdr-Functions */
import { compareStrings } from "../compare.ts";
import { type Operand as Printable, sprintfGo } from "../go/format.ts";
import { assertOutputLength } from "../output.ts";
import { isArray, isObject, type RegoObject, type RegoValue } from "../value.ts";
import { fault } from "./parser.ts";
import {
  GoFloat,
  GoInt,
  isDataNumber,
  isTemplateNumber,
  isTrue,
  lengthOf,
  printed,
  type TemplateValue,
  textOf,
} from "./values.ts";

type Arguments = readonly TemplateValue[];

/** `and` and `or` are not here: they do not evaluate all of their arguments. */
export function callFunction(name: string, args: Arguments): TemplateValue {
  const text = TEXT_FUNCTIONS[name]?.(args);
  if (text !== undefined) {
    assertOutputLength(`strings.render_template: ${name}`, text.length);
    return text;
  }
  const called = FUNCTIONS[name];
  if (called === undefined) throw fault(`error calling ${name}: not a function`);
  return called(args.map((arg) => arg ?? null));
}

const TEXT_FUNCTIONS: { readonly [name: string]: (args: Arguments) => string } = {
  print: sprint,
  println: (args) => `${args.map(printed).join(" ")}\n`,
  printf: (args) => printf(args),
  html: (args) => joined(args).replace(/[&<>'"\0]/g, (found) => HTML[found] ?? found),
  js: (args) => escapeJs(joined(args)),
  urlquery: (args) =>
    encodeURIComponent(joined(args).toWellFormed())
      .replace(/[!'()*]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll("%20", "+"),
};

const HTML: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&#39;",
  '"': "&#34;",
  "\0": "\ufffd",
};

const FUNCTIONS: { readonly [name: string]: (args: Arguments) => TemplateValue } = {
  not: (args) => !isTrue(only(args, 1, "not")[0]),
  eq: (args) => equals(args),
  ne: (args) => !equals(only(args, 2, "ne")),
  lt: (args) => order(only(args, 2, "lt")) < 0,
  le: (args) => order(only(args, 2, "le")) <= 0,
  gt: (args) => order(only(args, 2, "gt")) > 0,
  ge: (args) => order(only(args, 2, "ge")) >= 0,
  len: (args) => {
    const length = lengthOf(only(args, 1, "len")[0]);
    if (length === undefined) throw fault("error calling len: the value has no length");
    return new GoInt(BigInt(length));
  },
  index: (args) => {
    if (args.length === 0) throw fault("wrong number of args for index: want at least 1 got 0");
    return args.slice(1).reduce(member, args[0]);
  },
  slice: (args) => slice(args),
};

function only(args: Arguments, count: number, name: string): Arguments {
  if (args.length !== count)
    throw fault(`wrong number of args for ${name}: want ${count} got ${args.length}`);
  return args;
}

/** Blanks stand between two arguments of which neither is a text. */
function sprint(args: Arguments): string {
  return args
    .map((arg, index) => {
      const spaced = index > 0 && textOf(arg) === undefined && textOf(args[index - 1]) === undefined;
      return (spaced ? " " : "") + printed(arg);
    })
    .join("");
}

function joined(args: Arguments): string {
  const [first] = args;
  return args.length === 1 && typeof first === "string" ? first : sprint(args);
}

function printf(args: Arguments): string {
  const [format, ...rest] = args;
  if (typeof format !== "string") throw fault("wrong type of value for printf; expected string");
  return sprintfGo(format, rest.map(printable));
}

/** Texts and numbers keep their types; of everything else only the usual form is known. */
function printable(value: TemplateValue): Printable {
  if (value instanceof GoInt) return { type: "int", value: value.value };
  if (value instanceof GoFloat) return { type: "float64", value: value.value };
  if (typeof value === "boolean") return { type: "bool", value };
  if (isDataNumber(value)) return { type: "json.Number", value: printed(value) };
  return { type: "string", value: printed(value) };
}

const JS: ReadonlyMap<string, string> = new Map([
  ["\\", "\\\\"],
  ["'", "\\'"],
  ['"', '\\"'],
  ["<", "\\u003C"],
  [">", "\\u003E"],
  ["&", "\\u0026"],
  ["=", "\\u003D"],
]);

function escapeJs(text: string): string {
  return [...text]
    .map((character) => {
      const code = character.codePointAt(0) ?? 0;
      const control =
        code < 0x20 || code === 0x7f || (code > 0x7f && !/[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character));
      return (
        JS.get(character) ?? (control ? `\\u${code.toString(16).toUpperCase().padStart(4, "0")}` : character)
      );
    })
    .join("");
}

type Kind = "bool" | "int" | "float" | "string" | "other";

function kindOf(value: TemplateValue): Kind {
  if (typeof value === "boolean") return "bool";
  if (value instanceof GoInt) return "int";
  if (value instanceof GoFloat) return "float";
  return typeof value === "string" || isDataNumber(value) ? "string" : "other";
}

/** Whether the first argument is one of the others. */
function equals([first, ...others]: Arguments): boolean {
  if (others.length === 0) throw fault("error calling eq: missing argument for comparison");
  return others.some((other) => equal(first, other));
}

function equal(a: TemplateValue, b: TemplateValue): boolean {
  const [left, right] = [kindOf(a), kindOf(b)];
  if (left !== right) {
    if (a !== null && b !== null) throw fault("error calling eq: incompatible types for comparison");
    return false;
  }
  if (left === "other") {
    if (a === null || b === null) return a === b;
    throw fault("error calling eq: non-comparable type");
  }
  return left === "bool" ? a === b : order([a, b]) === 0;
}

function order([a, b]: Arguments): number {
  if (a instanceof GoInt && b instanceof GoInt) return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
  if (a instanceof GoFloat && b instanceof GoFloat) return a.value - b.value;
  const [left, right] = [textOf(a), textOf(b)];
  if (left !== undefined && right !== undefined) return compareStrings(left, right);
  throw fault("error calling lt: incompatible types for comparison");
}

function member(value: TemplateValue, index: TemplateValue): TemplateValue {
  if (value === undefined || value === null) throw fault("error calling index: index of untyped nil");
  const composite = value as RegoValue;
  if (!isTemplateNumber(value) && isObject(composite)) {
    if (typeof index !== "string") throw fault("error calling index: value has the wrong type");
    return (composite as RegoObject).get(index) ?? null;
  }
  const text = textOf(value);
  const items =
    text === undefined ? composite : [...Buffer.from(text)].map((byte) => new GoInt(BigInt(byte)));
  if (isTemplateNumber(value) || !Array.isArray(items)) throw fault("error calling index: can't index item");
  const at = position(index, items.length - 1);
  return items[at] as TemplateValue;
}

function position(index: TemplateValue, max: number): number {
  if (!(index instanceof GoInt)) throw fault("cannot index slice/array with that type");
  if (index.value < 0n || index.value > BigInt(max)) throw fault(`index out of range: ${index.value}`);
  return Number(index.value);
}

function slice([value, ...bounds]: Arguments): TemplateValue {
  const text = textOf(value);
  const items = text === undefined ? (value as RegoValue) : Buffer.from(text);
  const sliceable = Buffer.isBuffer(items) || (items !== null && !isTemplateNumber(value) && isArray(items));
  if (!sliceable || bounds.length > (text === undefined ? 3 : 2))
    throw fault("error calling slice: can't slice item");
  const { length } = items as readonly unknown[];
  const [from = 0, to = length, capacity = length] = bounds.map((bound) => position(bound, length));
  if (from > to || to > capacity) throw fault(`invalid slice index: ${from} > ${to}`);
  return Buffer.isBuffer(items)
    ? items.toString("utf8", from, to)
    : (items as readonly RegoValue[]).slice(from, to);
}
