import { RegentError } from "../../exchange/errors.ts";
import { GOVERNED_MEMBERS, PLAIN_KEYS } from "./schema.ts";

/** The error for a body that is JSON but no chat completion. */
export function invalid(problem: string): RegentError {
  return new RegentError("body_invalid", `${problem}.`);
}

/**
 * Refuses a member that servers which ignore case take for one that Regent acts on: Go's decoder reads `Model` as
 * `model`, and the Kelvin sign and the long s as the letters they look like.
 *
 * @throws RegentError body_invalid
 */
export function assertPlainSpelling(key: string): void {
  if (PLAIN_KEYS.has(key)) return;
  const folded = key.toUpperCase().toLowerCase();
  if (GOVERNED_MEMBERS.has(folded)) {
    throw invalid(`A member is spelt almost like ${folded}, which servers read differently`);
  }
}
