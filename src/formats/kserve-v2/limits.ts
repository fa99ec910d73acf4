import type { JsonValue } from "../../exchange/json.ts";
import type { DataTensor } from "../tensors/index.ts";

/** Inputs by which the backends for TensorRT-LLM and vLLM bound an answer. */
export const LIMITS: ReadonlySet<string> = new Set([
  "max_tokens",
  "request_output_len",
  "sampling_parameters",
]);

/** Keeps the largest value: one of a batch of requests may use it. */
export function noteLimit(tensor: DataTensor | undefined, limits: { [name: string]: JsonValue }): void {
  if (tensor === undefined || !LIMITS.has(tensor.name) || tensor.data.length === 0) return;
  const { name, datatype, data } = tensor;
  if (datatype === "BYTES") limits[name] = (data as readonly Buffer[]).map((bytes) => bytes.toString("utf8"));
  else limits[name] = largest(data as ArrayLike<number | bigint>);
}

/** As many values as a tensor may have are too many for the arguments of one call. */
function largest(values: ArrayLike<number | bigint>): number {
  let found = -Infinity;
  for (let index = 0; index < values.length; index++) found = Math.max(found, Number(values[index]));
  return found;
}
