import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { sorted, sortedEntries } from "./compare.ts";
import { applyPatches } from "./json-patch.ts";
import { arrayAt, objectAt } from "./operands.ts";
import { renderJson } from "./render-json.ts";
import { isArray, type RegoObject, RegoSet, type RegoValue } from "./value.ts";

export const jsonBuiltins: readonly HostBuiltin[] = [
  { name: "json.patch", call: (args) => applyPatches(args[0] as RegoValue, arrayAt(args, 1)) },
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
  if (!pretty) return marshalJson(value);
  return prefix + indented(value, prefix, indent, 0);
}

/** JSON as Go's encoding/json writes it: HTML characters are escaped. */
export function marshalJson(value: RegoValue): string {
  return renderJson(value, marshalString);
}

function indented(value: RegoValue, prefix: string, indent: string, depth: number): string {
  const items = typeof value === "object" && value !== null ? itemsOf(value) : undefined;
  const line = `\n${prefix}${indent.repeat(depth + 1)}`;
  const end = `\n${prefix}${indent.repeat(depth)}`;
  if (items !== undefined) {
    if (items.length === 0) return "[]";
    return `[${items.map((item) => line + indented(item, prefix, indent, depth + 1)).join(",")}${end}]`;
  }
  if (!(value instanceof Map)) return marshalJson(value);
  if (value.size === 0) return "{}";
  const parts = members(value).map(
    ([key, item]) => `${line}${marshalString(key)}: ${indented(item, prefix, indent, depth + 1)}`,
  );
  return `{${parts.join(",")}${end}}`;
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
