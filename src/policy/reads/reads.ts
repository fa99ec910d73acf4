import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { BundleError } from "../bundle/error.ts";

/**
 * The parts of the input that a policy may read: `true` is a value with everything in it; an object says that it
 * matters whether the value is there and of which type, and names the members that count. What is not named has no
 * influence on the decision and need not be handed over.
 */
export type Reads = true | { readonly [member: string]: Reads };

/** A policy of which nothing is known may read everything. */
export const READS_EVERYTHING: Reads = true;

/** Names below each other. The analysis goes 16 deep; a manifest that nests deeper was not written by it. */
export const READS_DEPTH_MAX = 32;
/** Members in all. 1,000 rules that read ten members each are 10,000. */
export const READS_MEMBERS_MAX = 100_000;

/** What is read of one member of a value; undefined: nothing of it. */
export function readsOf(reads: Reads, member: string): Reads | undefined {
  if (reads === true) return true;
  return Object.hasOwn(reads, member) ? reads[member] : undefined;
}

/** Whether everything in a value is read, or at least the value that stands at a path in it. */
export function readsAt(reads: Reads, path: readonly string[]): Reads | undefined {
  let at: Reads | undefined = reads;
  for (const member of path) {
    if (at === undefined) return undefined;
    at = readsOf(at, member);
  }
  return at;
}

/**
 * Reads as a manifest has them: `true` or objects of them.
 * @param place where it stands, for messages
 * @throws BundleError that names the member that is something else
 */
export function parseReads(value: JsonValue | undefined, place: string): Reads {
  const left = { members: READS_MEMBERS_MAX };
  return parse(value, place, READS_DEPTH_MAX, left);
}

function parse(value: JsonValue | undefined, place: string, depth: number, left: { members: number }): Reads {
  if (value === true) return true;
  if (!isJsonObject(value)) throw new BundleError(`${place} must be true or an object`);
  if (depth === 0) throw new BundleError(`${place} is nested more than ${READS_DEPTH_MAX} deep`);
  const reads: { [member: string]: Reads } = Object.create(null);
  for (const [member, inner] of Object.entries(value)) {
    left.members -= 1;
    if (left.members < 0) throw new BundleError(`${place} and what stands before it has too many members`);
    reads[member] = parse(inner, `${place}.${member}`, depth - 1, left);
  }
  return reads;
}

/**
 * A value without what is not read. Whether a value is there and of which type stays as it is: an object keeps the
 * members that are read, an array of which no whole is read becomes empty (a member of a name it never has), and
 * all else stays.
 */
export function pruneInput(value: JsonValue, reads: Reads): JsonValue {
  if (reads === true || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return [];
  const from = value as JsonObject;
  const pruned: { [member: string]: JsonValue } = Object.create(null);
  for (const member of Object.keys(reads)) {
    const inner = readsOf(reads, member);
    const kept = Object.hasOwn(from, member) ? from[member] : undefined;
    if (inner !== undefined && kept !== undefined) pruned[member] = pruneInput(kept, inner);
  }
  return pruned;
}
