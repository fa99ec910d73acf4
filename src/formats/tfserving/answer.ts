import type { JsonObject } from "../../exchange/json.ts";
import type { ReadAnswer } from "../format.ts";
import { type PlainError, readPlainError } from "../plain-error.ts";

/** An answer of tensors: no text of an assistant, no tokens, nothing that ends for a reason. */
export function tensorAnswer(body: JsonObject | undefined, details: JsonObject): ReadAnswer {
  const failure: PlainError | undefined = body && readPlainError(body);
  return {
    invalid: undefined,
    model: undefined,
    usage: undefined,
    whole: { input: 0, output: 0 },
    finishReasons: [],
    text: undefined,
    texts: [undefined],
    outputBytes: 0,
    toolCalls: [],
    reasoningText: undefined,
    refusal: undefined,
    error: failure?.error,
    errorCode: failure?.code ?? null,
    details,
  };
}
