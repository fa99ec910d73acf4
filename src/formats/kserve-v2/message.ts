import { isJsonObject, type JsonObject } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import type { RequestMessage } from "../format.ts";
import { parseBody } from "../json-format.ts";
import { invalid } from "../members.ts";
import type { DataTensor } from "../tensors/index.ts";
import { splitBody } from "./body.ts";
import { dataTensor, readTensors, type WireTensor } from "./tensors.ts";

/** A request taken apart. */
export type InferRequest = {
  /** The JSON in it, which is all of it unless there is a `tail`. */
  readonly document: JsonDocument;
  readonly body: JsonObject;
  readonly tail: Buffer | undefined;
  readonly inputs: readonly WireTensor[];
};

/** @throws RegentError body_invalid */
export function parseRequest({ bytes, headers }: Pick<RequestMessage, "bytes" | "headers">): InferRequest {
  const { json, tail } = splitBody(bytes, headers);
  const document = parseBody(json, "data");
  const { value: body } = document;
  if (!isJsonObject(body)) throw invalid("The body must be a JSON object");
  return { document, body, tail, inputs: readTensors(body, "inputs", tail) };
}

/**
 * An input with all its values. Undefined for one in shared memory.
 *
 * @throws RegentError body_invalid, naming the tensor
 */
export function inputData({ document }: InferRequest, tensor: WireTensor): DataTensor | undefined {
  return dataTensor(tensor, () => document.raw(`/inputs/${tensor.index}/data`) as string);
}
