import { RegentError } from "../../exchange/errors.ts";
import { type Headers, singleHeader } from "../../exchange/headers.ts";

/** How long the JSON in front of binary tensors is (https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md). */
export const JSON_LENGTH_HEADER = "inference-header-content-length";

/** A body with the binary tensor data extension: JSON, and behind it the bytes of tensors. */
export type SplitBody = {
  readonly json: Buffer;
  /** The bytes of tensors; undefined where all of the body is JSON, because no header says otherwise. */
  readonly tail: Buffer | undefined;
};

/** @throws RegentError body_invalid */
export function splitBody(bytes: Buffer, headers: Headers): SplitBody {
  const { value, repeated } = singleHeader(headers, JSON_LENGTH_HEADER);
  if (value === undefined) return { json: bytes, tail: undefined };
  if (repeated) throw wrong("is repeated");
  if (!/^[0-9]{1,15}$/.test(value)) throw wrong("is not a number");
  const length = Number(value);
  if (length > bytes.length) throw wrong("is larger than the body");
  // With 0 Triton takes all of the body for the one input of the model, which only its configuration describes.
  if (length === 0) throw wrong("is 0, which leaves out what the tensors are");
  return { json: bytes.subarray(0, length), tail: bytes.subarray(length) };
}

function wrong(problem: string): RegentError {
  return new RegentError("body_invalid", `Inference-Header-Content-Length ${problem}`);
}
