import { RegentError } from "../../exchange/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { argumentsText, shallowKeys } from "../../formats/loose.ts";
import type { Warn } from "../translation.ts";
import { changed } from "./members.ts";

/**
 * The arguments of a call as a JSON object, for the dialects that have them so; none are `{}`. Undefined when the text is
 * no object, has a key twice, or is nested too deep to be written down in another body: what a model produced need not be
 * one. Numbers that a double cannot hold keep their spelling.
 */
export function argumentsObject(text: string): JsonObject | undefined {
  if (text.trim() === "") return {};
  const value = parse(text);
  return isJsonObject(value) ? value : undefined;
}

/** Arguments for a dialect that takes nothing but an object: what is none stands in one. */
export function inputOf(
  { arguments: given }: { readonly arguments: string },
  at: string,
  warn: Warn,
): object {
  const input = argumentsObject(given);
  if (input !== undefined) return input;
  changed(warn, at, "arguments that are no JSON object stand in one");
  return { arguments: given };
}

/**
 * The text of arguments that an answer has as JSON.
 *
 * @throws RegentError upstream_invalid for what is nested too deep to be written down: without it the call says another thing
 */
export function answeredArguments(value: JsonValue | undefined): string {
  const text = argumentsText(value);
  if (text === "" && typeof value === "object" && value !== null)
    throw new RegentError("upstream_invalid", "arguments that are nested too deep");
  return text;
}

function parse(text: string): JsonValue | undefined {
  const keys = shallowKeys(text);
  if (keys === undefined) return undefined;
  try {
    const value = JSON.parse(text) as JsonValue;
    // Of a key that is there twice one value would get lost, and which one depends on the reader.
    if (keysIn(value) !== keys) return undefined;
    return isExact(value) ? value : parseSpelt(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Its depth is bounded. */
function keysIn(value: JsonValue): number {
  if (typeof value !== "object" || value === null) return 0;
  const members: readonly JsonValue[] = Object.values(value);
  return members.reduce<number>(
    (sum, member) => sum + keysIn(member),
    Array.isArray(value) ? 0 : members.length,
  );
}

/** Whether all numbers of a value are what was written: no integers past 2^53, nothing past all doubles. */
export function isExact(value: JsonValue): boolean {
  if (typeof value === "number") return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
  if (typeof value !== "object" || value === null) return true;
  return (Array.isArray(value) ? value : Object.values(value)).every(isExact);
}

/** Numbers that would change become what `JSON.stringify` writes down as it was spelt (ECMAScript's `JSON.rawJSON`). */
function parseSpelt(text: string): JsonValue {
  const parse = JSON.parse as (text: string, reviver: SpellingReviver) => JsonValue;
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): JsonValue };
  return parse(text, (_key, value, { source }) =>
    typeof value === "number" && !isExact(value) && source !== undefined ? rawJSON(source) : value,
  );
}

type SpellingReviver = (key: string, value: JsonValue, context: { readonly source?: string }) => JsonValue;
