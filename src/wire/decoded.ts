/** Decoded bytes for one coded byte. Chat compresses some 3 to 20 times; 200 MB of zeros come as 194 KB, which is 1,000. */
export const DECODED_RATIO_MAX = 100;

/** Below this the ratio does not matter: a short body of one repeated word is no attack. */
export const DECODED_RATIO_FREE_BYTES = 64 * 1024;

export type Decoded =
  | { readonly ok: true; readonly bytes: Buffer }
  /**
   * `unsupported`: no coding that Regent reads, or bytes that are not what the header says. `too_large`: over a cap.
   * `reason` completes "the request has …".
   */
  | { readonly ok: false; readonly fault: "unsupported" | "too_large"; readonly reason: string };
