/**
 * The parts of the input that a policy may read: `true` is a value with everything in it, an object names the members
 * that count. What is not named has no influence on the decision and need not be handed over.
 */
export type Reads = true | { readonly [member: string]: Reads };

/** A policy of which nothing is known may read everything. */
export const READS_EVERYTHING: Reads = true;

/** What is read of one member of a value; undefined: nothing of it. */
export function readsOf(reads: Reads, member: string): Reads | undefined {
  if (reads === true) return true;
  return Object.hasOwn(reads, member) ? reads[member] : undefined;
}
