import { type Matcher, RE2JS } from "re2js";
import { BoundedCache } from "./bounded-cache.ts";
import { type BuiltinContext, BuiltinError, type HostBuiltin } from "./builtin.ts";
import { globsIntersect } from "./globs.ts";
import { integerAt, stringAt } from "./operands.ts";
import { assertOutputLength } from "./output.ts";

/** Compiled patterns that are kept, as many as OPA keeps. Patterns mostly stand in policies, so they repeat. */
export const PATTERNS_MAX = 100;

export const regexBuiltins: readonly HostBuiltin[] = [
  {
    name: "regex.find_n",
    call: (args, context) => {
      const [pattern, text, count] = [stringAt(args, 0), stringAt(args, 1), integerAt(args, 2)];
      const limit = count < 0 ? Number.POSITIVE_INFINITY : count;
      return matchesOf(pattern, text, limit, context).map((match) => match.text);
    },
  },
  { name: "regex.split", call: (args, context) => split(stringAt(args, 0), stringAt(args, 1), context) },
  {
    name: "regex.replace",
    call: (args, context) => replace(stringAt(args, 0), stringAt(args, 1), stringAt(args, 2), context),
  },
  {
    name: "regex.template_match",
    call: (args, context) => {
      const pattern = templatePattern(stringAt(args, 0), stringAt(args, 2), stringAt(args, 3), context);
      const text = stringAt(args, 1);
      const compiled = compile(pattern);
      announceSearch(compiled, text, context);
      return compiled.matcher(text).find();
    },
  },
  { name: "regex.globs_match", call: (args) => globsIntersect(stringAt(args, 0), stringAt(args, 1)) },
];

/** What one instruction of a pattern may cost for each character, milliseconds. Most patterns take a hundredth of it. */
const STEP_MS = 0.000_025;
/** Instructions times characters of one search at most: it cannot be interrupted, and takes a second at worst. */
export const SEARCH_STEPS_MAX = 40_000_000;

/** To be called before a search. @throws RangeError beyond {@link SEARCH_STEPS_MAX}, RegentError policy_timeout */
export function announceSearch(
  pattern: RE2JS,
  text: string,
  context: Pick<BuiltinContext, "announce">,
): void {
  const steps = pattern.programSize() * text.length;
  if (steps > SEARCH_STEPS_MAX)
    throw new RangeError("a regular expression is too large for a text of that length");
  context.announce(steps * STEP_MS);
}

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

/** Matches between two looks at the clock. */
const MATCHES_PER_LOOK = 16;

/**
 * Matches in order that do not overlap, as Go finds them: an empty match right behind another match does not count.
 * `visit` sees the matcher at each match.
 */
function matchesOf(
  pattern: string,
  text: string,
  limit: number,
  context: BuiltinContext,
  visit?: (matcher: Matcher) => void,
): Match[] {
  const compiled = compile(pattern);
  announceSearch(compiled, text, context);
  const matcher = compiled.matcher(text);
  const matches: Match[] = [];
  let previousEnd = -1;
  for (let from = 0; from <= text.length && matches.length < limit && matcher.find(from); ) {
    // Each search may go through the whole rest of the text.
    if (matches.length % MATCHES_PER_LOOK === 0) context.checkTime();
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

function split(pattern: string, text: string, context: BuiltinContext): string[] {
  if (pattern !== "" && text === "") return [""];
  const parts: string[] = [];
  let from = 0;
  let end = 0;
  for (const match of matchesOf(pattern, text, Number.POSITIVE_INFINITY, context)) {
    end = match.start;
    if (match.end !== 0) parts.push(text.slice(from, end));
    from = match.end;
  }
  if (end !== text.length) parts.push(text.slice(from));
  return parts;
}

function replace(text: string, pattern: string, replacement: string, context: BuiltinContext): string {
  let output = "";
  let from = 0;
  matchesOf(pattern, text, Number.POSITIVE_INFINITY, context, (matcher) => {
    output += text.slice(from, matcher.start()) + expand(replacement, matcher);
    assertOutputLength("regex.replace", output.length);
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
function templatePattern(template: string, start: string, end: string, context: BuiltinContext): string {
  for (const delimiter of [start, end]) {
    if (Buffer.byteLength(delimiter) !== 1)
      throw new BuiltinError("a delimiter has to be exactly one character long");
  }
  let pattern = "^";
  let after = 0;
  for (const [from, to] of delimited(template, start, end)) {
    const inner = template.slice(from + 1, to - 1);
    context.checkTime();
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
