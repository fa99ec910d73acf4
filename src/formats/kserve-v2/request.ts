import { isUtf8 } from "node:buffer";
import type { Inference } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { pointerToken } from "../../wire/json/index.ts";
import type { EndpointMatch } from "../format.ts";
import { decodedBytes } from "../media.ts";
import { assertPlainSpelling, invalid, putParameter, readModel } from "../members.ts";
import { type DataTensor, tensorFault } from "../tensors/index.ts";
import { TextCollector } from "../text.ts";
import { maxTokens } from "../triton-generate/limits.ts";
import { LIMITS, noteLimit } from "./limits.ts";
import { type InferRequest, inputData } from "./message.ts";
import { SCHEMA } from "./schema.ts";
import { TENSORS_MAX, type WireTensor } from "./tensors.ts";

/**
 * Reads an inference request (https://github.com/kserve/open-inference-protocol, "Inference", and Triton's extensions to
 * it). Elements of BYTES tensors are texts where they are UTF-8, else opaque; the values of other tensors are checked.
 *
 * @throws RegentError body_invalid, naming the tensor
 */
export function readRequest(request: InferRequest, { names, operation }: EndpointMatch): Inference {
  const { body, inputs } = request;
  const text = new TextCollector(SCHEMA);
  const parameters: { [key: string]: JsonValue } = {};
  const model = modelOf(names, body);
  for (const [key, value] of Object.entries(body)) {
    assertPlainSpelling(key, SCHEMA.plainKeys, SCHEMA.governed);
    if (key === "inputs" || (key === "model_name" && value === model)) continue;
    if (key === "outputs") readOutputs(value, text);
    else if (key === "parameters") readParameters(request, value, text, parameters);
    else text.member("", key, value, "unknown_member");
  }
  const limits: { [name: string]: JsonValue } = {};
  for (const tensor of inputs) readInput(request, tensor, text, limits);
  return {
    format: "kserve-v2",
    operation,
    model,
    stream: false,
    textParts: text.textParts,
    opaqueParts: text.opaqueParts,
    textBytes: text.textParts.reduce((sum, part) => sum + Buffer.byteLength(part.text, "utf8"), 0),
    maxOutputTokens: maxTokens({ ...limits, parameters }),
    choices: 1,
    tools: [],
    tensors: inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    modalities: modalitiesOf(inputs, text),
    parameters,
    user: undefined,
    usageInStream: false,
  };
}

/** The path names the model. Some clients name it in the body too, and no server may find another one there. */
function modelOf({ model: inPath }: EndpointMatch["names"], { model_name: inBody }: JsonObject): string {
  const model = inPath ?? inBody;
  if (model === undefined) return "";
  if (inBody !== undefined && inBody !== model)
    throw invalid("model_name is another model than the one in the path");
  return readModel({ model });
}

function readInput(
  request: InferRequest,
  tensor: WireTensor,
  text: TextCollector,
  limits: { [name: string]: JsonValue },
): void {
  const { index, name, datatype, values } = tensor;
  const pointer = `/inputs/${index}`;
  for (const [key, value] of Object.entries((request.body.inputs as readonly JsonObject[])[index] ?? {})) {
    assertPlainSpelling(key, SCHEMA.plainKeys, SCHEMA.governed);
    if (key === "data" || key === "shape") continue;
    if (key === "parameters") assertPlainParameters(value);
    text.member(pointer, key, value, "parameter");
  }
  if (values.in === "shared memory") text.opaque(pointer, "context", sizeOf(tensor));
  else if (datatype === "BYTES") readTexts(request, tensor, `${pointer}/data`, text);
  // The size of what is in the tail was checked, and any bytes of that size are numbers.
  else if (values.in === "json" || LIMITS.has(name)) noteLimit(inputData(request, tensor), limits);
  if (datatype === "BYTES" && LIMITS.has(name)) noteLimit(inputData(request, tensor), limits);
}

function sizeOf({ parameters: { shared_memory_byte_size: bytes } }: WireTensor) {
  return typeof bytes === "number" && Number.isSafeInteger(bytes) && bytes >= 0 ? { bytes } : {};
}

function readTexts(request: InferRequest, tensor: WireTensor, pointer: string, text: TextCollector): void {
  // MLServer's codec: the texts stand for bytes.
  const isEncoded = tensor.parameters.content_type === "base64";
  if (tensor.values.in === "json") text.tree(pointer, tensor.values.value, "user");
  const elements = (inputData(request, tensor) as DataTensor).data as readonly Buffer[];
  if (tensor.values.in === "json") {
    if (isEncoded) text.opaque(pointer, "unknown", { bytes: decodedIn(elements) });
    return;
  }
  for (const [index, bytes] of elements.entries()) {
    const element = `${pointer}/${index}`;
    if (!isUtf8(bytes)) text.opaque(element, "unknown", { bytes: bytes.length });
    else text.add(element, bytes.toString("utf8"), "user");
  }
  if (isEncoded) text.opaque(pointer, "unknown", { bytes: decodedIn(elements) });
}

function decodedIn(elements: readonly Buffer[]): number {
  return elements.reduce((sum, bytes) => sum + decodedBytes(bytes.toString("latin1")), 0);
}

function readOutputs(outputs: JsonValue, text: TextCollector): void {
  if (!Array.isArray(outputs)) throw invalid("outputs must be a list");
  if (outputs.length > TENSORS_MAX) throw invalid(`more than ${TENSORS_MAX} outputs`);
  for (const [index, output] of (outputs as readonly JsonValue[]).entries()) {
    if (!isJsonObject(output)) throw invalid(`output ${index} must be an object`);
    const { name, parameters } = output;
    if (typeof name !== "string" || name === "") throw invalid("output without a name");
    for (const [key, value] of Object.entries(output)) {
      assertPlainSpelling(key, SCHEMA.plainKeys, SCHEMA.governed);
      if (key === "parameters") assertPlainParameters(value);
      text.member(`/outputs/${index}`, key, value, "parameter");
    }
    if (isJsonObject(parameters)) {
      const { binary_data: binary, shared_memory_region: region } = parameters;
      if (binary !== undefined && typeof binary !== "boolean")
        throw tensorFault(name, "binary_data must be true or false");
      // The answer goes past everybody who looks at answers.
      if (region !== undefined) text.opaque(`/outputs/${index}`, "context");
    }
  }
}

function assertPlainParameters(parameters: JsonValue): void {
  if (!isJsonObject(parameters)) throw invalid("parameters must be an object");
  for (const key of Object.keys(parameters)) assertPlainSpelling(key, SCHEMA.plainKeys, SCHEMA.governed);
}

function readParameters(
  { document }: InferRequest,
  values: JsonValue,
  text: TextCollector,
  parameters: { [key: string]: JsonValue },
): void {
  assertPlainParameters(values);
  for (const [key, value] of Object.entries(values as JsonObject)) {
    text.member("/parameters", key, value, "parameter");
    if (typeof value === "boolean") putParameter(parameters, key, value);
    if (typeof value !== "number") continue;
    // Ids of sequences are integers of 64 bits: policy sees their digits.
    const isExact = Math.abs(value) <= Number.MAX_SAFE_INTEGER;
    const raw = isExact ? undefined : document.raw(`/parameters/${pointerToken(key)}`);
    putParameter(parameters, key, raw ?? value);
  }
}

/** `tensor` is what is neither text nor bytes. */
function modalitiesOf(inputs: readonly WireTensor[], { textParts, opaqueParts }: TextCollector): string[] {
  const isNumeric = inputs.some(({ datatype }) => datatype !== "BYTES");
  return [
    ...new Set([
      ...(textParts.some(({ role }) => role === "user") ? ["text"] : []),
      ...(isNumeric ? ["tensor"] : []),
      ...opaqueParts.map(({ modality }) => modality),
    ]),
  ];
}
