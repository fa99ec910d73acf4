import { type Matcher, RE2JS } from "re2js";
import { BoundedCache } from "./bounded-cache.ts";
import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { globsIntersect } from "./globs.ts";
import { integerAt, stringAt } from "./operands.ts";

/** Compiled patterns that are kept, as many as OPA keeps. Patterns mostly stand in policies, so they repeat. */
export const PATTERNS_MAX = 100;

export const regexBuiltins: readonly HostBuiltin[] = [
  {
    name: "regex.find_n",
    call: (args) => {
      const count = integerAt(args, 2);
      return matchesOf(
        stringAt(args, 0),
        stringAt(args, 1),
        count < 0 ? Number.POSITIVE_INFINITY : count,
      ).map(({ text }) => text);
    },
  },
  { name: "regex.split", call: (args) => split(stringAt(args, 0), stringAt(args, 1)) },
  { name: "regex.replace", call: (args) => replace(stringAt(args, 0), stringAt(args, 1), stringAt(args, 2)) },
  {
    name: "regex.template_match",
    call: (args) =>
      compile(templatePattern(stringAt(args, 0), stringAt(args, 2), stringAt(args, 3)))
        .matcher(stringAt(args, 1))
        .find(),
  },
  { name: "regex.globs_match", call: (args) => globsIntersect(stringAt(args, 0), stringAt(args, 1)) },
];

const patterns = new BoundedCache<RE2JS>(PATTERNS_MAX);

/** A pattern of RE2, which matches in time linear in the text. @throws BuiltinError */
export function compile(pattern: string): RE2JS {
  return patterns.get(pattern, () => {
    try {
      return RE2JS.compile(pattern);
    } catch (error) {
      throw new BuiltinError(`invalid regular expression: ${String(error)}`, { cause: error });
    }
  });
}

type Match = { readonly start: number; readonly end: number; readonly text: string };

/**
 * Matches in order that do not overlap, as Go finds them: an empty match right behind another match does not count.
 * `visit` sees the matcher at each match.
 */
function matchesOf(
  pattern: string,
  text: string,
  limit: number,
  visit?: (matcher: Matcher) => void,
): Match[] {
  const matcher = compile(pattern).matcher(text);
  const matches: Match[] = [];
  let previousEnd = -1;
  for (let from = 0; from <= text.length && matches.length < limit && matcher.find(from); ) {
    const start = matcher.start();
    const end = matcher.end();
    const empty = start === end;
    if (!(empty && start === previousEnd)) {
      matches.push({ start, end, text: text.slice(start, end) });
      visit?.(matcher);
    }
    previousEnd = end;
    from = empty ? end + characterLength(text, end) : end;
  }
  return matches;
}

function characterLength(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

function split(pattern: string, text: string): string[] {
  if (pattern !== "" && text === "") return [""];
  const parts: string[] = [];
  let from = 0;
  let end = 0;
  for (const match of matchesOf(pattern, text, Number.POSITIVE_INFINITY)) {
    end = match.start;
    if (match.end !== 0) parts.push(text.slice(from, end));
    from = match.end;
  }
  if (end !== text.length) parts.push(text.slice(from));
  return parts;
}

function replace(text: string, pattern: string, replacement: string): string {
  let output = "";
  let from = 0;
  matchesOf(pattern, text, Number.POSITIVE_INFINITY, (matcher) => {
    output += text.slice(from, matcher.start()) + expand(replacement, matcher);
    from = matcher.end();
  });
  return output + text.slice(from);
}

const REFERENCE = /\$(?:\$|(\w+)|\{(\w+)\})/g;

/** `$1`, `$name`, `${name}` and `$$` of a replacement. A group that there is not is empty. */
function expand(replacement: string, matcher: Matcher): string {
  return replacement.replace(REFERENCE, (whole, plain?: string, braced?: string) => {
    const name = plain ?? braced;
    if (name === undefined) return whole === "$$" ? "$" : whole;
    try {
      return matcher.group(/^\d+$/.test(name) ? Number(name) : name) ?? "";
    } catch {
      return "";
    }
  });
}

/** A template such as `urn:{.*}:x`: plain text with regular expressions between the delimiters. */
function templatePattern(template: string, start: string, end: string): string {
  for (const delimiter of [start, end]) {
    if (Buffer.byteLength(delimiter) !== 1)
      throw new BuiltinError("a delimiter has to be exactly one character long");
  }
  let pattern = "^";
  let after = 0;
  for (const [from, to] of delimited(template, start, end)) {
    const inner = template.slice(from + 1, to - 1);
    compile(`^${inner}$`);
    pattern += `${RE2JS.quote(template.slice(after, from))}(${inner})`;
    after = to;
  }
  return `${pattern}${RE2JS.quote(template.slice(after))}$`;
}

function delimited(template: string, start: string, end: string): [number, number][] {
  const ranges: [number, number][] = [];
  let level = 0;
  let from = 0;
  for (let at = 0; at < template.length; at++) {
    if (template[at] === start) {
      level += 1;
      if (level === 1) from = at;
    } else if (template[at] === end) {
      level -= 1;
      if (level === 0) ranges.push([from, at + 1]);
      if (level < 0) break;
    }
  }
  if (level !== 0) throw new BuiltinError("unbalanced delimiters in the template");
  return ranges;
}
