import type { JsonObject, JsonValue } from "./json.ts";

/**
 * The parts of the input that a policy may read: `true` is a value with everything in it; an object says that it
 * matters whether the value is there and of which type, and names the members that count. What is not named has no
 * influence on the decision and need not be handed over.
 */
export type Reads = true | { readonly [member: string]: Reads };

/** A policy of which nothing is known may read everything. */
export const READS_EVERYTHING: Reads = true;

/** What is read of one member of a value; undefined: nothing of it. */
export function readsOf(reads: Reads, member: string): Reads | undefined {
  if (reads === true) return true;
  return Object.hasOwn(reads, member) ? reads[member] : undefined;
}

/**
 * Whether the elements of a list count: not where only its type does. A list in which members of a name are looked for
 * has none, but stays whole: what `with` does to one is not defined.
 */
export function readsElements(reads: Reads): boolean {
  return reads === true || Object.keys(reads).length > 0;
}

/**
 * A value without what is not read. Whether a value is there and of which type stays as it is: an object keeps the
 * members that are read, an array of which only the type counts becomes empty, and all else stays.
 */
export function pruneInput(value: JsonValue, reads: Reads): JsonValue {
  if (reads === true || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return readsElements(reads) ? value : [];
  const from = value as JsonObject;
  const pruned: { [member: string]: JsonValue } = Object.create(null);
  for (const member of Object.keys(reads)) {
    const inner = readsOf(reads, member);
    const kept = Object.hasOwn(from, member) ? from[member] : undefined;
    if (inner !== undefined && kept !== undefined) pruned[member] = pruneInput(kept, inner);
  }
  return pruned;
}
