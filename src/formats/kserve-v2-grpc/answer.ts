import type { AnswerError } from "../../exchange/inference.ts";
import type { JsonObject } from "../../exchange/json.ts";
import { keptWord } from "../bounds.ts";
import type { ReadAnswer } from "../format.ts";
import { BYTES_PREFIX } from "../tensors/index.ts";
import { WORDLESS } from "../wordless.ts";
import type { InferMessage, WireTensor } from "./messages.ts";

/** What is known of an answer, besides that it uses no tokens and says no text of an assistant. */
export type AnswerFacts = {
  readonly model?: string | undefined;
  readonly outputBytes?: number;
  readonly error?: AnswerError | undefined;
  readonly invalid?: string | undefined;
  readonly details?: JsonObject;
};

export function answerOf({ model, outputBytes = 0, error, invalid, details }: AnswerFacts): ReadAnswer {
  return {
    ...WORDLESS,
    invalid,
    model: model === undefined || model === "" ? undefined : keptWord(model),
    outputBytes,
    error,
    errorCode: error?.code ?? null,
    ...(details === undefined ? {} : { details }),
  };
}

/** UTF-8 bytes of what BYTES tensors say. */
export function outputBytesOf({ tensors }: InferMessage): number {
  return tensors.reduce((sum, tensor) => sum + (tensor.datatype === "BYTES" ? bytesIn(tensor) : 0), 0);
}

function bytesIn({ shape, values }: WireTensor): number {
  if (values.in === "contents") return values.fields.reduce((sum, { start, end }) => sum + end - start, 0);
  if (values.in !== "raw") return 0;
  const count = shape.reduce((product, size) => product * size, 1);
  return values.field.end - values.field.start - BYTES_PREFIX * count;
}
