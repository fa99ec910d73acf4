import type { Estimate } from "../exchange/budget.ts";
import type { Inference, OpaquePart } from "../exchange/inference.ts";
import type { Model } from "../exchange/model.ts";

/** English text in the encodings of current models takes about four bytes a token; other scripts take fewer bytes each. */
const BYTES_PER_TOKEN = 4;
/** What the chat template puts around every message: role, delimiters (OpenAI's cookbook counts 3, and 1 for a name). */
const TOKENS_PER_TEXT = 4;
/** What primes the answer. */
const TOKENS_PER_REQUEST = 3;
/** An image, sound or file that was not read. A high-detail image of 1024 x 1024 is 765 tokens, larger ones up to 1500. */
const TOKENS_PER_OPAQUE_PART = 1_500;
/** The longest answer, where neither the client nor the registry bounds it: what common models give at most by default. */
export const OUTPUT_TOKENS_DEFAULT = 4_096;

/**
 * What a call may cost at most, known before it is made. The input is a guess from the size of its text: code and
 * scripts other than Latin may take twice as many tokens. The output is a bound: what the client asked for, cut to what
 * the model ever gives, for each answer it asked for.
 */
export function estimate(inference: Inference, model: Model | undefined): Estimate {
  const inputTokens =
    tokensOf(inference.textBytes) +
    inference.textParts.length * TOKENS_PER_TEXT +
    inference.opaqueParts.reduce((sum, part) => sum + tokensOfOpaque(part), 0) +
    TOKENS_PER_REQUEST;
  const outputTokensMax = Math.min(
    answerTokensMax(inference, model) * inference.choices,
    Number.MAX_SAFE_INTEGER,
  );
  return { inputTokens, outputTokensMax, costUsd: costUsd(inputTokens, outputTokensMax, model) };
}

/** What is encrypted stands for text, and its signature for nothing; the size of anything else says little. */
function tokensOfOpaque({ tokens, modality, bytes }: OpaquePart): number {
  if (tokens !== undefined) return tokens;
  return modality === "encrypted" && bytes !== undefined ? tokensOf(bytes) : TOKENS_PER_OPAQUE_PART;
}

/** Rough number of tokens of a text, by its UTF-8 bytes. */
export function tokensOf(textBytes: number): number {
  return Math.ceil(textBytes / BYTES_PER_TOKEN);
}

function answerTokensMax({ maxOutputTokens }: Inference, model: Model | undefined): number {
  const modelMax = model?.maxOutputTokens;
  if (maxOutputTokens === undefined) return modelMax ?? OUTPUT_TOKENS_DEFAULT;
  return modelMax === undefined ? maxOutputTokens : Math.min(maxOutputTokens, modelMax);
}

function costUsd(inputTokens: number, outputTokens: number, model: Model | undefined): number | undefined {
  const price = model?.price;
  return price && (inputTokens * price.input + outputTokens * price.output) / 1_000_000;
}
