import type { Answer } from "../../exchange/inference.ts";
import type { StreamFraming, StreamProgress } from "../../formats/index.ts";

/** Rough number of tokens of a text, by its UTF-8 bytes. */
type TokensOf = (textBytes: number) => number;

/** Tokens of a whole answer, all choices together: as reported, else as its text has at a guess. */
export function outputTokensOf({ usage, whole, outputBytes }: Answer, tokensOf: TokensOf): number {
  const reported = whole === undefined ? usage?.output : whole.output;
  return reported ?? tokensOf(outputBytes);
}

/** The same of an answer that still goes on. */
export function isBeyond(outputTokensMax: number, tokensOf: TokensOf): (progress: StreamProgress) => boolean {
  return ({ outputTokens, outputBytes }) => (outputTokens ?? tokensOf(outputBytes)) > outputTokensMax;
}

/** Whether streams in a framing say how long they are, so that they can be held to a length. */
export function saysLength({ stream }: StreamFraming): boolean {
  return stream.progress?.(stream.initial({ hideUsage: false, keepText: false })) !== undefined;
}
