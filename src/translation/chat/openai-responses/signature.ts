import type { ReasoningPart } from "../conversation.ts";

/**
 * A response gives reasoning back in one opaque text. Other dialects prove readable reasoning with a signature, which
 * goes where the opaque text stands; what a provider encrypts is base64 and never begins like this.
 */
const SIGNATURE_MARK = "signature:";

/** What stands in `encrypted_content`. */
export function sealOf({
  signature,
  encrypted,
}: Pick<ReasoningPart, "signature" | "encrypted">): string | undefined {
  return signature === undefined ? encrypted : SIGNATURE_MARK + signature;
}

/** What `encrypted_content` means. */
export function readSeal(seal: string | undefined): Pick<ReasoningPart, "signature" | "encrypted"> {
  if (seal === undefined || seal === "") return {};
  return seal.startsWith(SIGNATURE_MARK)
    ? { signature: seal.slice(SIGNATURE_MARK.length) }
    : { encrypted: seal };
}
