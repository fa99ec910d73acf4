import { RegentError } from "../../exchange/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { parseBody } from "../../formats/json-format.ts";
import { type Datatype, isDatatype, shapeText, tensorFault } from "../../formats/tensors/index.ts";

/** What the metadata of a model says of one of its tensors. */
export type TensorFacts = {
  readonly datatype: Datatype;
  /** -1 for a size that varies, as that of the batch; absent where it is not known. */
  readonly shape?: readonly number[];
};

/** The tensors of a model by name. */
export type ModelSignature = {
  readonly inputs?: ReadonlyMap<string, TensorFacts>;
  readonly outputs?: ReadonlyMap<string, TensorFacts>;
};

/** What a caller knows besides the bodies. */
export type TensorOptions = {
  /** How tensors lie in the bodies of TensorFlow Serving; as in the client's request, or whatever fits, when it is left out. */
  readonly layout?: "row" | "columnar";
  /** Without it datatypes and names are made up where a dialect demands them, with warnings. */
  readonly signature?: ModelSignature;
};

/**
 * Reads a signature: `{"inputs": {NAME: {"datatype", "shape"}}, "outputs": …}`, or the metadata of a model as
 * `GET /v2/models/{model}` answers it, where inputs and outputs are lists.
 *
 * @throws RegentError body_invalid, naming the member
 */
export function parseSignature(bytes: Buffer): ModelSignature {
  const { value } = parseBody(bytes, "data");
  if (!isJsonObject(value)) throw wrong("the signature must be a JSON object");
  const { inputs, outputs } = value;
  return {
    ...(inputs === undefined ? {} : { inputs: tensorsOf("inputs", inputs) }),
    ...(outputs === undefined ? {} : { outputs: tensorsOf("outputs", outputs) }),
  };
}

function tensorsOf(side: string, value: JsonValue): ReadonlyMap<string, TensorFacts> {
  const isList = Array.isArray(value);
  if (!isList && !isJsonObject(value)) throw wrong(`${side} must be an object or a list`);
  const entries: readonly (readonly [string, JsonValue])[] = isList
    ? (value as readonly JsonValue[]).map((tensor) => [nameOf(side, tensor), tensor])
    : Object.entries(value as JsonObject);
  return new Map(entries.map(([name, facts]) => [name, factsOf(name, facts)]));
}

function nameOf(side: string, tensor: JsonValue): string {
  if (!isJsonObject(tensor) || typeof tensor.name !== "string")
    throw wrong(`${side} has a tensor without a name`);
  return tensor.name;
}

function factsOf(name: string, facts: JsonValue): TensorFacts {
  if (!isJsonObject(facts) || !isDatatype(facts.datatype))
    throw wrong(`${name}: no datatype of the protocol`);
  const { datatype, shape } = facts;
  if (shape === undefined) return { datatype };
  if (
    !Array.isArray(shape) ||
    !shape.every((size: JsonValue) => Number.isSafeInteger(size) && (size as number) >= -1)
  )
    throw wrong(`${name}: shape must be a list of whole numbers from -1 up`);
  return { datatype, shape: shape as readonly number[] };
}

function wrong(problem: string): RegentError {
  return new RegentError("body_invalid", problem);
}

/** @throws RegentError body_invalid, naming the tensor, unless its sizes are those of the signature where it has them */
export function assertFits(name: string, shape: readonly number[], { shape: wanted }: TensorFacts): void {
  if (wanted === undefined) return;
  const fits =
    shape.length === wanted.length && wanted.every((size, index) => size < 0 || size === shape[index]);
  if (!fits) throw tensorFault(name, `shape ${shapeText(shape)} does not fit ${shapeText(wanted)}`);
}
