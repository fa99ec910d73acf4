import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import type { Reads } from "../../exchange/reads.ts";
import { BundleError } from "../bundle/error.ts";

/** Names below each other. The analysis goes 16 deep; a manifest that nests deeper was not written by it. */
export const READS_DEPTH_MAX = 32;
/** Members in all. 1,000 rules that read ten members each are 10,000. */
export const READS_MEMBERS_MAX = 100_000;

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
