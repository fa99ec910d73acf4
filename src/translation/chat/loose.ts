import { RegentError } from "../../exchange/errors.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import { parseAnswer } from "../../formats/loose.ts";
import type { Warn } from "../translation.ts";
import type { Failure } from "./conversation.ts";
import { dropped } from "./members.ts";

/** What an upstream sends is read loosely: a member of another type says nothing. */

/**
 * The object that a whole answer is, or the error in its place. What comes with the status of an error need not be JSON.
 *
 * @param failureOf tells an error by its object, empty where there is none, and by its status
 * @throws RegentError upstream_invalid for an answer that is neither
 */
export function answerOrFailure(
  bytes: Buffer,
  failureOf: (object: JsonObject) => Failure | undefined,
): { readonly object: JsonObject } | { readonly failure: Failure } {
  const parsed = parseAnswer(bytes);
  const failure = failureOf("invalid" in parsed ? {} : parsed.object);
  if (failure !== undefined) return { failure };
  if ("invalid" in parsed) throw new RegentError("upstream_invalid", `The ${parsed.invalid}.`);
  return parsed;
}

/** An empty text says nothing where a name or an id is expected. */
export function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A time in whole seconds since the epoch, of the years that a date can be written in; undefined for any other number. */
export function secondsOf(value: JsonValue | undefined): number | undefined {
  const isTime = typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= SECONDS_MAX;
  return isTime ? value : undefined;
}

/** The end of the year 9999. */
const SECONDS_MAX = 253_402_300_799;

/** Tells what an object of an answer has besides what is read of it. */
export function tellUnread(object: JsonObject, read: ReadonlySet<string>, pointer: string, warn: Warn): void {
  for (const key of Object.keys(object)) {
    if (!read.has(key) && !isEmpty(object[key]))
      dropped(warn, `${pointer}/${nameOf(key)}`, "it has no counterpart");
  }
}

function isEmpty(value: JsonValue | undefined): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}

/** An upstream chooses its names: what does not look like one is not repeated. */
function nameOf(key: string): string {
  return key.length <= NAME_CHARS_MAX && /^\w+$/.test(key) ? key : "*";
}

/** The longest member of any dialect has some forty. */
const NAME_CHARS_MAX = 64;
