import { textsIn } from "./completions.ts";
import { isObject, parseJson, positive } from "./request.ts";
import { tokensOf } from "./text.ts";

export type EmbeddingRequest = {
  readonly model: string;
  readonly texts: readonly string[];
  readonly dimensions: number;
  readonly base64: boolean;
};

const DIMENSIONS_DEFAULT = 8;
const DIMENSIONS_MAX = 4096;

/** Reads a body; undefined when it is no embedding request with texts. */
export function parseEmbeddingRequest(body: Buffer): EmbeddingRequest | undefined {
  const value = parseJson(body);
  if (!isObject(value) || typeof value.model !== "string") return undefined;
  const texts = textsIn(value.input);
  if (texts.length === 0) return undefined;
  return {
    model: value.model,
    texts,
    dimensions: Math.min(DIMENSIONS_MAX, positive(value.dimensions) ?? DIMENSIONS_DEFAULT),
    base64: value.encoding_format === "base64",
  };
}

/** Vectors that say nothing, but are the same for the same text. */
export function embeddingDocument(request: EmbeddingRequest): object {
  const tokens = request.texts.reduce((sum, text) => sum + tokensOf(text).length, 0);
  return {
    object: "list",
    model: request.model,
    data: request.texts.map((text, index) => ({
      object: "embedding",
      index,
      embedding: embedding(text, request),
    })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

function embedding(text: string, { dimensions, base64 }: EmbeddingRequest): readonly number[] | string {
  const numbers = Float32Array.from(
    { length: dimensions },
    (_, index) => (text.charCodeAt(index % text.length) || 0) / 0x10000,
  );
  return base64 ? Buffer.from(numbers.buffer).toString("base64") : [...numbers];
}
