import type { AnswerError } from "../exchange/inference.ts";
import type { JsonObject } from "../exchange/json.ts";
import { keptWord } from "./bounds.ts";
import type { Refusal, RenderedRefusal } from "./format.ts";

/** An error as a body has it, and its code as on the wire. */
export type PlainError = { readonly error: AnswerError; readonly code: string | null };

/**
 * The error of the servers of tensors, `{"error": "message"}`: KServe (Open Inference Protocol, 2.1), Triton (generate
 * extension) and TensorFlow Serving (REST API). Undefined when a body has none.
 */
export function readPlainError({ error, code }: JsonObject): PlainError | undefined {
  if (typeof error !== "string") return undefined;
  const word = typeof code === "string" ? keptWord(code) : null;
  return { error: { type: null, message: error, code: word }, code: word };
}

/** Their clients choose the exception by the status and show `error`; the code stands beside it, where they skip it. */
export function refusePlainly(refusal: Refusal): RenderedRefusal {
  return { contentType: "application/json", body: Buffer.from(plainErrorText(refusal)) };
}

/** The error as the last event of a stream. */
export function refusePlainlyInStream(refusal: Refusal): Buffer {
  return Buffer.from(`data: ${plainErrorText(refusal)}\n\n`);
}

function plainErrorText({ message, code }: Refusal): string {
  return JSON.stringify({ error: message, code });
}
