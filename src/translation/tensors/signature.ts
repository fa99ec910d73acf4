import { RegentError } from "../../exchange/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { TensorDeclaration, TensorInterface } from "../../exchange/model-interface.ts";
import { parseBody } from "../../formats/json-format.ts";
import { isDatatype } from "../../formats/tensors/index.ts";

/**
 * Reads a signature: `{"inputs": {NAME: {"datatype", "shape"}}, "outputs": …}`, or the metadata of a model as
 * `GET /v2/models/{model}` answers it, where inputs and outputs are lists.
 *
 * @throws RegentError body_invalid, naming the member
 */
export function parseSignature(bytes: Buffer): Pick<TensorInterface, "inputs" | "outputs"> {
  const { value } = parseBody(bytes, "data");
  if (!isJsonObject(value)) throw wrong("the signature must be a JSON object");
  const { inputs, outputs } = value;
  return {
    ...(inputs === undefined ? {} : { inputs: tensorsOf("inputs", inputs) }),
    ...(outputs === undefined ? {} : { outputs: tensorsOf("outputs", outputs) }),
  };
}

function tensorsOf(side: string, value: JsonValue): readonly TensorDeclaration[] {
  const isList = Array.isArray(value);
  if (!isList && !isJsonObject(value)) throw wrong(`${side} must be an object or a list`);
  const entries: readonly (readonly [string, JsonValue])[] = isList
    ? (value as readonly JsonValue[]).map((tensor) => [nameOf(side, tensor), tensor])
    : Object.entries(value as JsonObject);
  return entries.map(([name, facts]) => declarationOf(name, facts));
}

function nameOf(side: string, tensor: JsonValue): string {
  if (!isJsonObject(tensor) || typeof tensor.name !== "string")
    throw wrong(`${side} has a tensor without a name`);
  return tensor.name;
}

function declarationOf(name: string, facts: JsonValue): TensorDeclaration {
  if (!isJsonObject(facts) || !isDatatype(facts.datatype))
    throw wrong(`${name}: no datatype of the protocol`);
  const { datatype, shape } = facts;
  if (shape === undefined) return { name, datatype };
  if (
    !Array.isArray(shape) ||
    !shape.every((size: JsonValue) => Number.isSafeInteger(size) && (size as number) >= -1)
  )
    throw wrong(`${name}: shape must be a list of whole numbers from -1 up`);
  return { name, datatype, shape: shape as readonly number[] };
}

function wrong(problem: string): RegentError {
  return new RegentError("body_invalid", problem);
}
