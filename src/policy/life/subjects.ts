import { createHash } from "node:crypto";

/** The whole of a hash, as a number below 1. */
const RANGE = 2 ** 32;

/**
 * Whether a subject is among the share that the candidate decides for: always the same answer for one subject and
 * candidate, and whoever is in a small share is in every larger one.
 * @param candidate what tells candidates apart, so that it is not always the same subjects who try things out
 */
export function isInCanary(subject: string, candidate: string, percent: number): boolean {
  const hash = createHash("sha256").update(candidate).update("\0").update(subject).digest();
  return hash.readUInt32BE(0) / RANGE < percent / 100;
}
