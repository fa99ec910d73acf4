import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { sorted, sortedEntries } from "./compare.ts";
import { applyPatches } from "./json-patch.ts";
import { arrayAt, objectAt } from "./operands.ts";
import { assertOutputLength } from "./output.ts";
import { renderJson } from "./render-json.ts";
import { isArray, type RegoObject, RegoSet, type RegoValue } from "./value.ts";

export const jsonBuiltins: readonly HostBuiltin[] = [
  {
    name: "json.patch",
    call: (args, context) => applyPatches(args[0] as RegoValue, arrayAt(args, 1), () => context.checkTime()),
  },
  {
    name: "json.marshal_with_options",
    call: (args) => marshal(args[0] as RegoValue, marshalOptions(objectAt(args, 1))),
  },
];

type MarshalOptions = { readonly pretty: boolean; readonly prefix: string; readonly indent: string };

function marshalOptions(options: RegoObject): MarshalOptions {
  let pretty: boolean | undefined;
  const texts = new Map<string, string>();
  for (const [key, value] of options) {
    if (key === "pretty" && typeof value === "boolean") pretty = value;
    else if ((key === "prefix" || key === "indent") && typeof value === "string") texts.set(key, value);
    else throw new BuiltinError(`json.marshal_with_options has no option ${String(key)} of that type`);
  }
  return {
    pretty: pretty ?? texts.size > 0,
    prefix: texts.get("prefix") ?? "",
    indent: texts.get("indent") ?? "\t",
  };
}

function marshal(value: RegoValue, { pretty, prefix, indent }: MarshalOptions): string {
  return pretty ? new IndentedWriter(prefix, indent).write(value) : marshalJson(value);
}

/** JSON as Go's encoding/json writes it: HTML characters are escaped. */
export function marshalJson(value: RegoValue): string {
  return renderJson(value, marshalString);
}

/** JSON over several lines. It looks at the length as it goes on: an indentation counts once a line and level. */
class IndentedWriter {
  readonly #prefix: string;
  readonly #indent: string;
  #text = "";

  constructor(prefix: string, indent: string) {
    this.#prefix = prefix;
    this.#indent = indent;
  }

  write(value: RegoValue): string {
    this.#append(this.#prefix);
    this.#value(value, 0);
    return this.#text;
  }

  #append(text: string): void {
    this.#text += text;
    assertOutputLength("json.marshal_with_options", this.#text.length);
  }

  #line(depth: number): void {
    assertOutputLength("json.marshal_with_options", this.#indent.length * depth);
    this.#append(`\n${this.#prefix}${this.#indent.repeat(depth)}`);
  }

  #value(value: RegoValue, depth: number): void {
    const items = typeof value === "object" && value !== null ? itemsOf(value) : undefined;
    if (items !== undefined) this.#block("[]", items, depth, (item) => this.#value(item, depth + 1));
    else if (value instanceof Map)
      this.#block("{}", members(value), depth, ([key, item]) => {
        this.#append(`${marshalString(key)}: `);
        this.#value(item, depth + 1);
      });
    else this.#append(marshalJson(value));
  }

  #block<T>(brackets: string, items: readonly T[], depth: number, write: (item: T) => void): void {
    if (items.length === 0) {
      this.#append(brackets);
      return;
    }
    this.#append(brackets.slice(0, 1));
    for (const [index, item] of items.entries()) {
      if (index > 0) this.#append(",");
      this.#line(depth + 1);
      write(item);
    }
    this.#line(depth);
    this.#append(brackets.slice(1));
  }
}

/** The elements of an array or a set. */
function itemsOf(value: RegoValue): readonly RegoValue[] | undefined {
  if (value instanceof RegoSet) return sorted(value.items);
  return isArray(value) ? value : undefined;
}

/** Members with keys as text: what is no string becomes its JSON. */
function members(object: RegoObject): [string, RegoValue][] {
  return sortedEntries(object).map(([key, value]) => [
    typeof key === "string" ? key : marshalJson(key),
    value,
  ]);
}

const GO_ESCAPES: { readonly [character: string]: string } = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

function marshalString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    /[<>&\u2028\u2029]/g,
    (found) => GO_ESCAPES[found] ?? found,
  );
}
