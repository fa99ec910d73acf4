import type { JsonValue } from "../../exchange/json.ts";
import { isJsonObject } from "../../exchange/json.ts";

/** The parts of a decision's path: names, and integers as numbers. */
export type DecisionPath = readonly (string | number)[];

/** Where a decision stands: an entrypoint of the bundle, and the members to follow inside its result. */
export type DecisionPlace = { readonly entrypoint: string; readonly below: readonly string[] };

/**
 * Splits the option `path` of opa-envoy-plugin: at slashes, empty parts dropped, integers as Go's `strconv.Atoi` reads
 * them (`01` and `+1` are 1), dots stay inside a part. `data` in front is a part as any other.
 */
export function parseDecisionPath(path: string): DecisionPath {
  const parts = path.split("/").filter((part) => part !== "");
  // The addition makes 0 of -0, as an integer has it.
  return parts.map((part) => (INTEGER.test(part) && isExact(part) ? Number(part) + 0 : part));
}

const INTEGER = /^[+-]?[0-9]+$/;

/** What JavaScript cannot hold exactly stays text, and is then found nowhere. */
function isExact(text: string): boolean {
  return Number.isSafeInteger(Number(text));
}

/** The name that a bundle's entrypoint for this path has: `opa build -e NAME`. */
export function entrypointOf(path: DecisionPath): string {
  return path.join("/");
}

/**
 * Finds the entrypoint that answers for a path: the path itself, else the longest one above it whose result holds it.
 * Only names are followed into a result: in its JSON an integer could be an index or a member of a set, which are not
 * the same to Rego. Undefined: the bundle has nothing there.
 */
export function locateDecision(
  path: DecisionPath,
  has: (entrypoint: string) => boolean,
): DecisionPlace | undefined {
  const below: string[] = [];
  for (let length = path.length; length > 0; length--) {
    const entrypoint = entrypointOf(path.slice(0, length));
    if (has(entrypoint)) return { entrypoint, below };
    const part = path[length - 1];
    if (typeof part !== "string") return undefined;
    below.unshift(part);
  }
  return undefined;
}

/** What stands in a result at some members of it; undefined where there is nothing. */
export function resultBelow(result: JsonValue | undefined, below: readonly string[]): JsonValue | undefined {
  let value = result;
  for (const name of below) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}
