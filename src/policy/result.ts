import { RegentError } from "../exchange/errors.ts";
import type { JsonValue } from "../exchange/json.ts";
import { renderJson, toJson } from "./builtins/render-json.ts";
import { parseRego } from "./builtins/value.ts";

/**
 * The result set of an evaluation as `opa_value_dump` writes it, taken apart: `{{"result": VALUE}}`, or `set()` when
 * the entrypoint is undefined. VALUE is JSON with blanks, except where it holds sets or keys that are no strings.
 */
export function resultOf(resultSet: string): string | undefined {
  if (resultSet === "set()") return undefined;
  if (!resultSet.startsWith(PREFIX) || !resultSet.endsWith(SUFFIX))
    throw new RegentError("policy_trap", undefined, {
      cause: new Error("the result set has an unknown form"),
    });
  return resultSet.slice(PREFIX.length, -SUFFIX.length);
}

const PREFIX = '{{"result": ';
const SUFFIX = "}}";

/**
 * A brace that does not open an object with a string for a key, or an empty set. It may also be found inside a string:
 * then the careful way is taken without need.
 */
const BEYOND_JSON = /\{(?:"(?:[^"\\]|\\.)*"[,}]|[^"}])|set\(\)/;

/** A result as JSON text: sets as arrays in order, as OPA gives them, and every number with all its digits. */
export function resultJson(result: string): string {
  return BEYOND_JSON.test(result) || /[^\d]\.\d/.test(result) ? renderJson(parseRego(result)) : result;
}

/** A result as a JSON value. */
export function resultValue(result: string): JsonValue {
  if (BEYOND_JSON.test(result)) return toJson(parseRego(result));
  try {
    return JSON.parse(result) as JsonValue;
  } catch {
    // A number such as `.5`.
    return toJson(parseRego(result));
  }
}
