import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { RequestDescription } from "../format.ts";
import { type DataTensor, tensorReading } from "../tensors/index.ts";
import { type InferRequest, inputData } from "./message.ts";
import type { WireTensor } from "./tensors.ts";

/** @throws RegentError body_invalid */
export function describeRequest(request: InferRequest): RequestDescription {
  const { body, inputs, tail } = request;
  return {
    toolCalls: [],
    details: {
      id: body.id ?? null,
      tensors: tensorReadings(inputs, (tensor) => inputData(request, tensor)),
      requested_outputs: requestedOutputs(body.outputs),
      ...binaryReading(inputs, tail),
    },
  };
}

/** Tensors as `regent read` prints them; of one in shared memory only what the body says of it. */
export function tensorReadings(
  tensors: readonly WireTensor[],
  dataOf: (tensor: WireTensor) => DataTensor | undefined,
): JsonObject[] {
  return tensors.map((tensor) => {
    const { name, datatype, wireShape } = tensor;
    const data = dataOf(tensor);
    return data === undefined
      ? { name, datatype, shape: wireShape, count: null, data: null }
      : tensorReading(data, wireShape);
  });
}

/** Which tensors were sent in bytes, and how many these are; nothing for a body without such bytes. */
export function binaryReading(tensors: readonly WireTensor[], tail: Buffer | undefined): JsonObject {
  if (tail === undefined) return {};
  const names = tensors.filter(({ values }) => values.in === "tail").map(({ name }) => name);
  return { binary_tensors: names, binary_bytes: tail.length };
}

function requestedOutputs(outputs: JsonValue | undefined): JsonObject[] {
  if (!Array.isArray(outputs)) return [];
  return (outputs as readonly JsonValue[]).filter(isJsonObject).map(({ name, parameters }) => ({
    name: name ?? null,
    binary: (isJsonObject(parameters) ? parameters.binary_data : undefined) ?? null,
  }));
}
