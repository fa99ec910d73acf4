import { RegentError } from "../../exchange/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { JSON_LENGTH_HEADER } from "../../formats/kserve-v2/body.ts";
import { inputData, parseRequest } from "../../formats/kserve-v2/message.ts";
import { parseResponse, spelling } from "../../formats/kserve-v2/response.ts";
import { dataTensor, type TensorList } from "../../formats/kserve-v2/tensors.ts";
import { readPlainError } from "../../formats/plain-error.ts";
import {
  type DataTensor,
  type Datatype,
  elementCount,
  encodeJson,
  encodeRaw,
  isText,
} from "../../formats/tensors/index.ts";
import { pointerToken } from "../../wire/json/index.ts";
import type { TranslatedResponse, Warn } from "../translation.ts";
import type { TensorDialect } from "./dialect.ts";
import { demandedName, type Side } from "./names.ts";
import { assertTexts, type TensorValue, typedValue } from "./value.ts";

/** The Open Inference Protocol over HTTP, with Triton's binary tensors. */
export const kserveV2Tensors: TensorDialect = {
  name: "kserve-v2",
  readRequest(bytes, { headers, urlModel, urlVersion }, _declared, warn) {
    const request = parseRequest({ bytes, headers });
    const { body, inputs } = request;
    warnOfOthers(body, "", REQUEST_MEMBERS, warn);
    warnOfTensors(body, "inputs", warn);
    const tensors = inputs.map((input) => {
      const tensor = inputData(request, input);
      if (tensor === undefined)
        throw unsupported(input.name, "lies in shared memory, which only its own server can reach");
      return typedValue(withoutPlace(tensor), `/inputs/${input.index}`);
    });
    return {
      model: urlModel,
      version: urlVersion,
      tensors,
      layout: undefined,
      id: textOf(body.id),
      outputs: requestedOutputs(body.outputs, warn),
      parameters: without(body.parameters, WAYS),
    };
  },
  writeRequest({ model, version, tensors, id, outputs, parameters, layout }, _declared, warn) {
    const typed = tensors.map((tensor) => asSent(typedTensor(tensor, "inputs", warn), tensor.bytes));
    const { bytes, contentType, headers } = writeBody("inputs", typed, [
      ...(id === undefined ? [] : [`"id":${JSON.stringify(id)}`]),
      ...parametersText(parameters),
      ...(outputs === undefined ? [] : [`"outputs":${JSON.stringify(outputs.map((name) => ({ name })))}`]),
    ]);
    const place = `/v2/models/${encodeURIComponent(model ?? "")}`;
    const path = `${version === undefined ? place : `${place}/versions/${encodeURIComponent(version)}`}/infer`;
    return { bytes, contentType, headers, path, hints: layout === undefined ? {} : { layout } };
  },
  readReply(bytes, { headers }, warn) {
    const response = parseResponse({ bytes, headers });
    const { body, json, outputs } = response;
    const error = readPlainError(body);
    if (error !== undefined) return { failure: error.error.message };
    if (outputs.length === 0) throw new RegentError("body_invalid", "no outputs");
    warnOfOthers(body, "", REPLY_MEMBERS, warn);
    warnOfTensors(body, "outputs", warn);
    const tensors = outputs.map((output) => {
      const tensor = dataTensor(output, () => spelling(json, output));
      if (tensor === undefined) throw unsupported(output.name, "lies in shared memory");
      return typedValue(withoutPlace(tensor), `/outputs/${output.index}`);
    });
    return {
      model: textOf(body.model_name),
      version: textOf(body.model_version),
      tensors,
      id: textOf(body.id),
      parameters: without(body.parameters, WAYS),
    };
  },
  writeReply({ model, version, tensors, id, parameters }, facts, _declared, warn) {
    const asked = facts.hints?.outputs;
    const [onlyAsked] = asked ?? [];
    const named = tensors.map((tensor) =>
      tensor.name === undefined && onlyAsked !== undefined && asked?.length === 1
        ? { ...tensor, name: onlyAsked }
        : tensor,
    );
    const typed = named
      .filter(({ name }) => asked === undefined || name === undefined || asked.includes(name))
      .map((tensor) => typedTensor(tensor, "outputs", warn));
    const name = facts.model ?? model;
    const requestId = facts.hints?.requestId ?? id;
    const { bytes, contentType, headers } = writeBody("outputs", typed, [
      ...(name === undefined ? [] : [`"model_name":${JSON.stringify(name)}`]),
      ...(version === undefined ? [] : [`"model_version":${JSON.stringify(version)}`]),
      ...(requestId === undefined ? [] : [`"id":${JSON.stringify(requestId)}`]),
      ...parametersText(parameters),
    ]);
    return { bytes, contentType, headers };
  },
  writeFailure: plainFailure,
};

/** `{"error": message}`, as all of these dialects have it. */
export function plainFailure(message: string): TranslatedResponse {
  return { bytes: Buffer.from(JSON.stringify({ error: message })), contentType: JSON_TYPE, headers: [] };
}

const JSON_TYPE = "application/json";

const REQUEST_MEMBERS: ReadonlySet<string> = new Set(["id", "parameters", "inputs", "outputs"]);
const REPLY_MEMBERS: ReadonlySet<string> = new Set([
  "model_name",
  "model_version",
  "id",
  "parameters",
  "outputs",
]);

const TENSOR_MEMBERS: ReadonlySet<string> = new Set(["name", "shape", "datatype", "parameters", "data"]);
const WANTED_MEMBERS: ReadonlySet<string> = new Set(["name", "parameters"]);

/** Parameters that say where values lie, and nothing of them. */
const WAYS: ReadonlySet<string> = new Set(["binary_data_size", "binary_data", "binary_data_output"]);

function withoutPlace(tensor: DataTensor): DataTensor {
  return { ...tensor, parameters: without(tensor.parameters, WAYS) };
}

/** A way that is no switch and no number says something else: nobody knows what. */
function without(value: JsonValue | undefined, ways: ReadonlySet<string>): JsonObject {
  if (!isJsonObject(value)) return {};
  const isWay = (name: string, way: JsonValue) =>
    ways.has(name) && (typeof way === "boolean" || typeof way === "number");
  return Object.fromEntries(Object.entries(value).filter(([name, way]) => !isWay(name, way)));
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function warnOfOthers(object: JsonObject, pointer: string, known: ReadonlySet<string>, warn: Warn): void {
  for (const name of Object.keys(object)) {
    if (known.has(name)) continue;
    warn({ code: "dropped", member: `${pointer}/${pointerToken(name)}`, message: "not of the protocol" });
  }
  const { id } = object;
  if (known.has("id") && id !== undefined && typeof id !== "string")
    warn({ code: "dropped", member: `${pointer}/id`, message: "an id is a text" });
}

function warnOfTensors(body: JsonObject, list: TensorList, warn: Warn): void {
  for (const [index, tensor] of (body[list] as readonly JsonObject[]).entries())
    warnOfOthers(tensor, `/${list}/${index}`, TENSOR_MEMBERS, warn);
}

function requestedOutputs(outputs: JsonValue | undefined, warn: Warn): readonly string[] | undefined {
  if (!Array.isArray(outputs) || outputs.length === 0) return undefined;
  return (outputs as readonly JsonValue[]).map((output, index) => {
    if (!isJsonObject(output) || typeof output.name !== "string")
      throw new RegentError("body_invalid", "output without a name");
    warnOfOthers(output, `/outputs/${index}`, WANTED_MEMBERS, warn);
    for (const parameter of Object.keys(without(output.parameters, WAYS))) {
      const member = `/outputs/${index}/parameters/${pointerToken(parameter)}`;
      warn({ code: "dropped", member, message: "how an output is to be answered has no place" });
    }
    return output.name;
  });
}

/** @throws RegentError body_invalid, naming the tensor */
function typedTensor(value: TensorValue, side: Side, warn: Warn): DataTensor {
  const name = demandedName(value, side, warn);
  const { shape, pointer, parameters } = value;
  elementCount(name, shape);
  const datatype = value.datatype ?? value.guess(name);
  if (value.datatype === undefined)
    warn({ code: "invented", member: pointer, message: `the datatype ${datatype} is a guess by the values` });
  return { name, datatype, shape, data: value.data(name, datatype), ...(parameters && { parameters }) };
}

/**
 * BYTES as the target is declared to take them. Base64 is what MLServer's `base64` content type decodes.
 *
 * @throws RegentError body_invalid, naming the tensor, for bytes where a text is wanted
 */
function asSent(tensor: DataTensor, form: TensorValue["bytes"]): DataTensor {
  if (form === undefined) return tensor;
  const data = tensor.data as readonly Buffer[];
  if (form === "text") {
    assertTexts(tensor.name, data);
    return tensor;
  }
  return {
    ...tensor,
    data: data.map((bytes) => Buffer.from(bytes.toString("base64"))),
    parameters: { ...tensor.parameters, content_type: "base64" },
  };
}

/** Triton reads them in binary alone: https://github.com/triton-inference-server/server/issues/5960 */
const HALVES: ReadonlySet<string> = new Set<Datatype>(["FP16", "BF16"]);

/** What JSON cannot say goes behind it, and what servers do not read in it. */
function needsBytes(side: Side, { datatype, data }: DataTensor): boolean {
  if (side === "inputs" && HALVES.has(datatype)) return true;
  if (Array.isArray(data)) return !isText(data as readonly Buffer[]);
  return (data instanceof Float32Array || data instanceof Float64Array) && !data.every(Number.isFinite);
}

function writeBody(side: Side, tensors: readonly DataTensor[], members: readonly string[]) {
  const tail: Buffer[] = [];
  const texts = tensors.map((tensor) => {
    if (!needsBytes(side, tensor))
      return tensorText(tensor, `"data":[${encodeJson(tensor, "refused").join(",")}]`, {});
    const bytes = encodeRaw(tensor);
    tail.push(bytes);
    return tensorText(tensor, undefined, { binary_data_size: bytes.length });
  });
  const json = Buffer.from(`{${[...members, `"${side}":[${texts.join(",")}]`].join(",")}}`);
  if (tail.length === 0) return { bytes: json, contentType: JSON_TYPE, headers: [] };
  return {
    bytes: Buffer.concat([json, ...tail]),
    contentType: "application/octet-stream",
    headers: [[JSON_LENGTH_HEADER, String(json.length)] as const],
  };
}

function tensorText(
  { name, shape, datatype, parameters }: DataTensor,
  data: string | undefined,
  place: JsonObject,
): string {
  const all = { ...parameters, ...place };
  return `{${[
    `"name":${JSON.stringify(name)}`,
    `"shape":[${shape.join(",")}]`,
    `"datatype":"${datatype}"`,
    ...parametersText(all),
    ...(data === undefined ? [] : [data]),
  ].join(",")}}`;
}

function parametersText(parameters: JsonObject): string[] {
  return Object.keys(parameters).length === 0 ? [] : [`"parameters":${JSON.stringify(parameters)}`];
}

function unsupported(name: string, problem: string): RegentError {
  return new RegentError("translation_unsupported", `${name}: ${problem}`);
}
