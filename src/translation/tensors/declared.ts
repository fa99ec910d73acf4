import { RegentError } from "../../exchange/errors.ts";
import type { TensorDeclaration, TensorInterface } from "../../exchange/model-interface.ts";
import { elementCount, shapeText, tensorFault } from "../../formats/tensors/index.ts";
import type { TensorReply, TensorRequest } from "./dialect.ts";
import type { Side } from "./names.ts";
import { type TensorValue, textsOfBytes, typedValue } from "./value.ts";

/**
 * A request as the model is declared to take it: every tensor with the name, the datatype and the shape that it can have.
 *
 * @throws RegentError body_invalid, naming the tensor, for what contradicts the declaration
 */
export function requestAsDeclared(
  request: TensorRequest,
  { inputs, outputs }: TensorInterface,
): TensorRequest {
  if (outputs !== undefined) {
    const given = byName(outputs);
    for (const name of request.outputs ?? []) declarationOf(name, "outputs", given);
  }
  if (inputs === undefined) return request;
  const declared = byName(inputs);
  const tensors = request.tensors.map((tensor) =>
    fitted(tensor, declarationOf(tensor.name, "inputs", declared)),
  );
  const given = new Set(tensors.map(({ name }) => name));
  const lacking = inputs.find(({ name, optional }) => optional !== true && !given.has(name));
  if (lacking !== undefined) throw tensorFault(lacking.name, "missing");
  return { ...request, tensors };
}

/**
 * An answer as the model is declared to give it. What a server says of its own tensors counts.
 *
 * @throws RegentError body_invalid, naming the tensor, for what its dialect leaves open and the declaration contradicts
 */
export function replyAsDeclared(reply: TensorReply, { outputs }: TensorInterface): TensorReply {
  if (outputs === undefined) return reply;
  const declared = byName(outputs);
  const tensors = reply.tensors.map((tensor) => {
    if (tensor.datatype !== undefined) return decoded(tensor, declared.get(tensor.name ?? ""));
    const { bytes: _ofRequests, ...value } = fitted(tensor, declarationOf(tensor.name, "outputs", declared));
    return value;
  });
  return { ...reply, tensors };
}

type Declarations = ReadonlyMap<string, TensorDeclaration>;

function byName(tensors: readonly TensorDeclaration[]): Declarations {
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
}

/** Of a tensor without a name: the only one that it can be. */
function declarationOf(name: string | undefined, side: Side, declared: Declarations): TensorDeclaration {
  if (name !== undefined) {
    const declaration = declared.get(name);
    if (declaration === undefined) throw tensorFault(name, `the model has no such ${side.slice(0, -1)}`);
    return declaration;
  }
  const [only, ...others] = declared.values();
  if (only !== undefined && others.length === 0) return only;
  const names = [...declared.keys()].join(", ");
  throw new RegentError("body_invalid", `the ${side} have no names, and the model has ${names || "none"}`);
}

function fitted(tensor: TensorValue, declaration: TensorDeclaration): TensorValue {
  const { name, datatype, shape: wanted, bytes } = declaration;
  if (tensor.datatype !== undefined && tensor.datatype !== datatype)
    throw tensorFault(name, `${tensor.datatype} given for ${datatype}`);
  const shape = tensor.datatype === undefined ? wholeShape(name, tensor.shape, wanted) : tensor.shape;
  assertFits(name, shape, wanted);
  return {
    ...tensor,
    name,
    shape,
    datatype,
    ...(bytes && { bytes }),
    texts(nonfinite) {
      const data = tensor.data(name, datatype);
      return bytes === undefined
        ? tensor.texts(nonfinite)
        : textsOfBytes(name, data as readonly Buffer[], bytes);
    },
  };
}

/** An empty list does not say how long the lists in it would be. */
function wholeShape(
  name: string,
  shape: readonly number[],
  wanted: readonly number[] | undefined,
): readonly number[] {
  if (wanted === undefined || wanted.length <= shape.length || elementCount(name, shape) > 0) return shape;
  if (shape.at(-1) !== 0) throw tensorFault(name, `shape ${shapeText(shape)} has no values`);
  return [...shape, ...wanted.slice(shape.length).map((size) => Math.max(size, 0))];
}

/** @throws RegentError body_invalid, naming the tensor, unless its sizes are those of the declaration where it has them */
function assertFits(name: string, shape: readonly number[], wanted: readonly number[] | undefined): void {
  if (wanted === undefined) return;
  const fits =
    shape.length === wanted.length && wanted.every((size, index) => size < 0 || size === shape[index]);
  if (!fits) throw tensorFault(name, `shape ${shapeText(shape)} does not fit ${shapeText(wanted)}`);
}

/** The bytes that a server of KServe v2 sends as base64. */
function decoded(tensor: TensorValue, declaration: TensorDeclaration | undefined): TensorValue {
  const { name = "", shape, pointer, parameters, datatype } = tensor;
  if (datatype !== "BYTES" || declaration?.bytes !== "base64") return tensor;
  const data = (tensor.data(name, datatype) as readonly Buffer[]).map((element) => fromBase64(name, element));
  return typedValue({ name, shape, datatype, data, ...(parameters && { parameters }) }, pointer);
}

function fromBase64(name: string, element: Buffer): Buffer {
  const text = element.toString("latin1");
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text)
    throw tensorFault(name, "no base64, which the model is declared to give");
  return bytes;
}
