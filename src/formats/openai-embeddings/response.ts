import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { ReadAnswer } from "../format.ts";
import { AnswerBuilder } from "../openai/answer.ts";
import { readWhole } from "../openai/response.ts";

/** Reads a list of embeddings (https://platform.openai.com/docs/api-reference/embeddings/object). */
export function readResponse(_status: number, body: Buffer): ReadAnswer {
  const builder = new AnswerBuilder(true);
  let vectors: Vectors | undefined;
  return readWhole(body, {
    add(value) {
      vectors = vectorsOf(value.data);
      return builder.add(value, noPart);
    },
    answer: () => (vectors === undefined ? builder.answer() : { ...builder.answer(), details: vectors }),
  });
}

/** An embedding says nothing. */
export function noPart(): undefined {}

type Vectors = {
  /** How many there are. */
  readonly vectors: number;
  /** Numbers in the first one. */
  readonly dimensions: number | null;
  /** How the first one is written. */
  readonly encoding: "float" | "base64" | null;
};

/** Bytes of a number in base64: 32-bit floats, little end first. */
const FLOAT_BYTES = 4;

function vectorsOf(data: JsonValue | undefined): Vectors | undefined {
  if (!Array.isArray(data)) return undefined;
  const first: JsonValue | undefined = data[0];
  return { vectors: data.length, ...shapeOf(isJsonObject(first) ? first : {}) };
}

function shapeOf({ embedding }: JsonObject): Omit<Vectors, "vectors"> {
  if (Array.isArray(embedding)) return { dimensions: embedding.length, encoding: "float" };
  if (typeof embedding !== "string") return { dimensions: null, encoding: null };
  return {
    dimensions: Math.floor(Buffer.byteLength(embedding, "base64") / FLOAT_BYTES),
    encoding: "base64",
  };
}
