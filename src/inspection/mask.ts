import { createHmac, randomBytes } from "node:crypto";
import type { Finding } from "../exchange/finding.ts";

/** Hex digits of a hash: 64 bits tell the values of one conversation apart. */
const HASH_LENGTH = 16;

/**
 * Made for this process and never written down: a plain hash of a card or social security number is found again by
 * trying them all. So equal values have equal hashes only until the process ends.
 */
const PROCESS_KEY = randomBytes(32);

/**
 * The text with findings taken out: `<EMAIL_ADDRESS>` for `mask`, `<EMAIL_ADDRESS:0123456789abcdef>` for `hash`, where
 * equal values have equal hashes.
 *
 * @param findings of this text, in any order; where two overlap, the first takes the whole of both
 */
export function maskText(
  text: string,
  findings: readonly Finding[],
  actionOf: (type: string) => "mask" | "hash",
  key: Buffer = PROCESS_KEY,
): string {
  let masked = "";
  let done = 0;
  for (const { type, start, end } of findings.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (start >= done) {
      const value = text.slice(start, end);
      const hash = actionOf(type) === "hash" ? `:${hashOf(value, key)}` : "";
      masked += `${text.slice(done, start)}<${type}${hash}>`;
    }
    done = Math.max(done, end);
  }
  return masked + text.slice(done);
}

function hashOf(value: string, key: Buffer): string {
  return createHmac("sha256", key).update(value).digest("hex").slice(0, HASH_LENGTH);
}
