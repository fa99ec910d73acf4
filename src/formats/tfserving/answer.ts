import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import type { ReadAnswer } from "../format.ts";
import { type PlainError, readPlainError } from "../plain-error.ts";
import { WORDLESS } from "../wordless.ts";
import { leavesOf } from "./values.ts";

/**
 * An answer of tensors: no text of an assistant, no count of tokens, nothing that ends for a reason. What models say in
 * strings counts as what they wrote: some of them are language models.
 */
export function tensorAnswer(body: JsonObject | undefined, details: JsonObject): ReadAnswer {
  const failure: PlainError | undefined = body && readPlainError(body);
  return {
    ...WORDLESS,
    texts: [undefined],
    outputBytes: body === undefined || failure !== undefined ? 0 : textBytes(body),
    error: failure?.error,
    errorCode: failure?.code ?? null,
    details,
  };
}

/** UTF-8 bytes of the strings in a value. */
function textBytes(value: JsonValue): number {
  let bytes = 0;
  for (const leaf of leavesOf(value, "members"))
    if (typeof leaf === "string") bytes += Buffer.byteLength(leaf, "utf8");
  return bytes;
}
