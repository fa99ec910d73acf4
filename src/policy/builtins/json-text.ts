import { BuiltinError } from "./builtin.ts";
import { parseRego, type RegoValue } from "./value.ts";

/** Parses JSON to a Rego value; of a repeated key the last one counts. @throws BuiltinError when it is not JSON. */
export function parseJson(text: string): RegoValue {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new BuiltinError(`invalid JSON: ${String(error)}`, { cause: error });
  }
  // What is JSON is Rego too, and read as Rego its numbers keep their digits.
  return parseRego(text);
}
