import { RegentError } from "../../exchange/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import {
  assertRawSize,
  type DataTensor,
  type Datatype,
  decodeJson,
  decodeRaw,
  flatten,
  isDatatype,
  readShape,
  type TensorData,
  tensorFault,
} from "../tensors/index.ts";

/** Tensors of one body: tables are sent with one for each column, and none has thousands of them. */
export const TENSORS_MAX = 4096;

/** A tensor as a body describes it, with the place of its values. They are decoded when they are asked for. */
export type WireTensor = {
  /** Among the inputs or outputs. */
  readonly index: number;
  readonly name: string;
  readonly datatype: Datatype;
  /** As in the body: some clients send -1 for "as many as there are". */
  readonly wireShape: JsonValue;
  /** Elements in each dimension. */
  readonly shape: readonly number[];
  readonly parameters: JsonObject;
  readonly values: WireValues;
};

export type WireValues =
  /** In the member `data`. */
  | { readonly in: "json"; readonly value: JsonValue }
  /** Behind the JSON. */
  | { readonly in: "tail"; readonly bytes: Buffer; readonly start: number }
  /** In memory that the client shares with the server. */
  | { readonly in: "shared memory" };

/** Which tensors of a body are meant. */
export type TensorList = "inputs" | "outputs";

/**
 * The tensors of a body. Their sizes are checked, and that the bytes behind the JSON are used up.
 *
 * @throws RegentError body_invalid, naming the tensor
 */
export function readTensors(body: JsonObject, list: TensorList, tail: Buffer | undefined): WireTensor[] {
  const values = body[list];
  if (values === undefined) throw fault(`no ${list}`);
  if (!Array.isArray(values)) throw fault(`${list} must be a list`);
  if (values.length > TENSORS_MAX) throw fault(`more than ${TENSORS_MAX} ${list}`);
  const tensors: WireTensor[] = [];
  const names = new Set<string>();
  let at = 0;
  for (const [index, value] of (values as readonly JsonValue[]).entries()) {
    const tensor = readTensor(value, index, list, tail, at);
    if (names.has(tensor.name)) throw tensorFault(tensor.name, "given twice");
    names.add(tensor.name);
    tensors.push(tensor);
    if (tensor.values.in === "tail") at += tensor.values.bytes.length;
  }
  const left = (tail?.length ?? 0) - at;
  if (left > 0) throw fault(`${left} bytes behind the last tensor`);
  return tensors;
}

/**
 * A tensor with all its values. Undefined for one in shared memory.
 *
 * @param spelling the JSON text of the tensor's `data`
 * @throws RegentError body_invalid, naming the tensor
 */
export function dataTensor(tensor: WireTensor, spelling: () => string): DataTensor | undefined {
  const { name, datatype, shape, parameters } = tensor;
  const data = dataOf(tensor, spelling);
  return data && { name, datatype, shape, data, parameters };
}

function dataOf(
  { name, datatype, shape, values }: WireTensor,
  spelling: () => string,
): TensorData | undefined {
  switch (values.in) {
    case "json":
      return decodeJson(name, datatype, shape, values.value, spelling);
    case "tail":
      return decodeRaw(name, datatype, shape, values.bytes);
    case "shared memory":
      return undefined;
  }
}

function readTensor(
  value: JsonValue,
  index: number,
  list: TensorList,
  tail: Buffer | undefined,
  at: number,
): WireTensor {
  const kind = list === "inputs" ? "input" : "output";
  if (!isJsonObject(value)) throw fault(`${kind} ${index} must be an object`);
  const { name, datatype, data, shape: wireShape } = value;
  if (typeof name !== "string" || name === "") throw fault(`${kind} without a name`);
  if (!isDatatype(datatype)) {
    const given = typeof datatype === "string" ? datatype : "datatype";
    throw tensorFault(name, `${given} is not a datatype of the protocol`);
  }
  const parameters = value.parameters ?? {};
  if (!isJsonObject(parameters)) throw tensorFault(name, "parameters must be an object");
  const values = placeOfValues(name, data, parameters, tail, at);
  const shape = shapeOf(name, wireShape, values);
  if (values.in === "tail") assertRawSize(name, datatype, shape, values.bytes);
  return { index, name, datatype, wireShape: wireShape as JsonValue, shape, parameters, values };
}

function placeOfValues(
  name: string,
  data: JsonValue | undefined,
  parameters: JsonObject,
  tail: Buffer | undefined,
  at: number,
): WireValues {
  const { binary_data_size: size, shared_memory_region: region } = parameters;
  if (region !== undefined) {
    if (data !== undefined || size !== undefined)
      throw tensorFault(name, "both in shared memory and in the body");
    return { in: "shared memory" };
  }
  if (size === undefined) {
    if (data === undefined) throw tensorFault(name, "no data");
    return { in: "json", value: data };
  }
  if (data !== undefined) throw tensorFault(name, "both data and binary_data_size");
  if (typeof size !== "number" || !Number.isSafeInteger(size))
    throw tensorFault(name, "binary_data_size must be a whole number");
  if (size < 0) throw tensorFault(name, "binary_data_size is negative");
  if (tail === undefined)
    throw tensorFault(name, "binary_data_size without the header Inference-Header-Content-Length");
  const left = tail.length - at;
  if (size > left) throw tensorFault(name, `${size} bytes announced, ${left} left`);
  return { in: "tail", bytes: tail.subarray(at, at + size), start: at };
}

/** TorchServe's clients send -1 alone for a shape that they leave open. */
function shapeOf(name: string, shape: JsonValue | undefined, values: WireValues): readonly number[] {
  if (shape === -1 && values.in === "json") return [flatten(name, values.value).leaves.length];
  return readShape(name, shape);
}

function fault(problem: string): RegentError {
  return new RegentError("body_invalid", problem);
}
