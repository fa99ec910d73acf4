import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { integerAt, stringAt, stringsAt } from "./operands.ts";
import type { RegoValue } from "./value.ts";

type Args = readonly RegoValue[];

export const stringBuiltins: readonly HostBuiltin[] = [
  {
    name: "strings.any_prefix_match",
    call: (args) => anyMatch(args, (text, prefix) => text.startsWith(prefix)),
  },
  {
    name: "strings.any_suffix_match",
    call: (args) => anyMatch(args, (text, suffix) => text.endsWith(suffix)),
  },
  { name: "strings.count", call: (args) => countOccurrences(stringAt(args, 0), stringAt(args, 1)) },
  {
    name: "strings.split_n",
    call: (args) => splitAtMost(stringAt(args, 0), stringAt(args, 1), integerAt(args, 2)),
  },
  { name: "indexof_n", call: (args) => indexesOf(stringAt(args, 0), stringAt(args, 1)) },
];

/** Each operand is one string, or an array or set of them. */
function anyMatch(args: Args, matches: (text: string, affix: string) => boolean): boolean {
  const texts = oneOrMore(args, 0);
  const affixes = oneOrMore(args, 1);
  return texts.some((text) => affixes.some((affix) => matches(text, affix)));
}

function oneOrMore(args: Args, index: number): readonly string[] {
  const value = args[index];
  return typeof value === "string" ? [value] : stringsAt(args, index);
}

/** Occurrences that do not overlap. The empty string stands before each character and at the end. */
function countOccurrences(text: string, search: string): number {
  if (search === "") return [...text].length + 1;
  return text.split(search).length - 1;
}

/** The first n parts, or the last -n. An empty delimiter splits into characters. */
function splitAtMost(text: string, delimiter: string, count: number): string[] {
  const parts = delimiter === "" ? [...text] : text.split(delimiter);
  return count >= 0 ? parts.slice(0, count) : parts.slice(count);
}

/** Positions in characters, overlapping ones included. */
function indexesOf(text: string, search: string): number[] {
  if (search === "") throw new BuiltinError("empty search character");
  const positions: number[] = [];
  let characters = 0;
  let from = 0;
  for (let at = text.indexOf(search); at !== -1; at = text.indexOf(search, at + 1)) {
    characters += [...text.slice(from, at)].length;
    from = at;
    positions.push(characters);
  }
  return positions;
}
