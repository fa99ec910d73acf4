import { readJson } from "../../wire/json/index.ts";
import { textOfUtf8 } from "./go-text.ts";
import { RequestParseError } from "./request-parse-error.ts";

/** Go's decoder stops here. */
export const JSON_NESTING_MAX = 10_000;

/**
 * Reads one JSON value as OPA reads it with Go's decoder, and gives its text back with every number as it was written:
 * bytes that are no UTF-8 and half surrogate pairs become U+FFFD, of repeated keys the last counts, and `null` and
 * whatever stands after it may follow.
 *
 * A text that all readers take the same way, nearly every one, is given back as it came.
 * @throws RequestParseError
 */
export function parseJsonText(bytes: Buffer): string {
  if (readJson(bytes).ok) return bytes.toString("utf8");
  const text = textOfUtf8(bytes);
  const end = firstValueEnd(text);
  const value = text.slice(0, end);
  try {
    JSON.parse(value);
  } catch (error) {
    throw new RequestParseError(`invalid JSON: ${(error as Error).message}`);
  }
  const rest = trimJson(text.slice(end));
  if (rest !== "" && !rest.startsWith("null")) {
    throw new RequestParseError("error: invalid character after top-level value");
  }
  return withoutHalfPairs(withoutRepeatedKeys(value));
}

/** Go and JSON know four white space characters, fewer than `trim()`. */
function trimJson(text: string): string {
  let start = 0;
  while (isSpace(text[start])) start++;
  return text.slice(start);
}

function isSpace(character: string | undefined): boolean {
  return character === " " || character === "\t" || character === "\n" || character === "\r";
}

/**
 * Index behind the first value of a text; somewhere in it when it is no JSON.
 * @throws RequestParseError when it is nested too deeply
 */
function firstValueEnd(text: string): number {
  let at = 0;
  while (isSpace(text[at])) at++;
  const first = text[at];
  if (first === '"') return stringEnd(text, at);
  if (first !== "{" && first !== "[") return scalarEnd(text, at);
  for (let depth = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = stringEnd(text, at) - 1;
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    if (depth === 0) return at + 1;
    if (depth > JSON_NESTING_MAX) throw new RequestParseError("invalid character '[' exceeded max depth");
  }
  return at;
}

/** Index behind the closing quote of the string that begins at a place. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

/** `null` directly behind a number is the next value, as any other letter is. */
function scalarEnd(text: string, start: number): number {
  const word = ["true", "false", "null"].find((each) => text.startsWith(each, start));
  if (word !== undefined) return start + word.length;
  let at = start;
  while (NUMBER_CHARACTERS.has(text[at] ?? "")) at++;
  return at;
}

const NUMBER_CHARACTERS: ReadonlySet<string> = new Set("-+.eE0123456789");

type Range = { readonly start: number; readonly end: number };
/** An open object with its members so far, or an open array. */
type Open = { readonly members: Map<string, Range> | undefined; key: string | undefined; keyStart: number };

/** Takes every member out whose key comes again later in the same object. The text must be valid. */
function withoutRepeatedKeys(text: string): string {
  const removed: Range[] = [];
  const open: Open[] = [];
  const closeMember = (object: Open, end: number) => {
    if (object.members === undefined || object.key === undefined) return;
    const earlier = object.members.get(object.key);
    if (earlier !== undefined) removed.push(earlier);
    object.members.set(object.key, { start: object.keyStart, end });
    object.key = undefined;
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    const current = open.at(-1);
    if (character === "{") open.push({ members: new Map(), key: undefined, keyStart: 0 });
    else if (character === "[") open.push({ members: undefined, key: undefined, keyStart: 0 });
    else if (character === "}" || character === "]") {
      if (current !== undefined) closeMember(current, at);
      open.pop();
    } else if (character === ",") {
      if (current !== undefined) closeMember(current, at + 1);
    } else if (character === '"') {
      const end = stringEnd(text, at);
      if (current?.members !== undefined && current.key === undefined) {
        current.key = JSON.parse(text.slice(at, end)) as string;
        current.keyStart = at;
      }
      at = end - 1;
    }
  }
  return without(text, removed);
}

function without(text: string, removed: Range[]): string {
  let kept = "";
  let from = 0;
  for (const { start, end } of removed.sort((a, b) => a.start - b.start)) {
    // One that lies in another is gone with it.
    if (start >= from) kept += text.slice(from, start);
    from = Math.max(from, end);
  }
  return kept + text.slice(from);
}

/** Replaces escapes of half surrogate pairs by U+FFFD. Other escapes are matched to step over them. */
function withoutHalfPairs(text: string): string {
  if (!text.includes("\\u")) return text;
  return text.replace(ESCAPE, (whole, half: string | undefined) => (half === undefined ? whole : "\ufffd"));
}

const ESCAPE =
  /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\(u[dD][89a-fA-F][0-9a-fA-F]{2})|\\./g;
