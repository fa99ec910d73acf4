import { RegentError } from "../../exchange/errors.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import { readJson } from "../../wire/json/index.ts";
import { keptWord } from "../bounds.ts";
import type { ReadAnswer, ResponseMessage } from "../format.ts";
import { parseAnswer } from "../loose.ts";
import { readPlainError } from "../plain-error.ts";
import { BYTES_PREFIX, elementCount, flatten, tensorFault } from "../tensors/index.ts";
import { WORDLESS } from "../wordless.ts";
import { splitBody } from "./body.ts";
import { binaryReading, tensorReadings } from "./reading.ts";
import { dataTensor, readTensors, type WireTensor } from "./tensors.ts";

/**
 * Reads an inference response, as JSON or with binary tensors. Its values are not looked at, but for how many bytes of text there
 * are: {@link describeResponse} decodes them.
 */
export function readResponse(message: ResponseMessage): ReadAnswer {
  try {
    const { body, outputs } = parseResponse(message);
    return answerOf(body, outputBytesOf(outputs), undefined);
  } catch (error) {
    return answerOf({}, 0, detailOf(error));
  }
}

/** @throws RegentError body_invalid */
export function describeResponse(message: ResponseMessage): JsonObject {
  const { body, json, tail, outputs } = parseResponse(message);
  if (isMetadata(body)) return { metadata: body };
  if (body.outputs === undefined) return {};
  const dataOf = (tensor: WireTensor) => dataTensor(tensor, () => spelling(json, tensor));
  return { id: body.id ?? null, tensors: tensorReadings(outputs, dataOf), ...binaryReading(outputs, tail) };
}

/** A response taken apart. */
export type InferResponse = {
  readonly body: JsonObject;
  readonly json: Buffer;
  readonly tail: Buffer | undefined;
  /** None for an error, and for the metadata of a model. */
  readonly outputs: readonly WireTensor[];
};

/** @throws RegentError body_invalid, naming the tensor: here the fault is the upstream's */
export function parseResponse({ bytes, headers }: Pick<ResponseMessage, "bytes" | "headers">): InferResponse {
  const { json, tail } = splitBody(bytes, headers);
  const parsed = parseAnswer(json);
  if ("invalid" in parsed) throw new RegentError("body_invalid", parsed.invalid);
  const { object: body } = parsed;
  const isRead = readPlainError(body) === undefined && !isMetadata(body);
  return { body, json, tail, outputs: isRead ? readTensors(body, "outputs", tail) : [] };
}

/** The JSON text of the data of an output. Only integers past 2^53 need it. */
export function spelling(json: Buffer, { index, name }: WireTensor): string {
  const result = readJson(json);
  const raw = result.ok ? result.document.raw(`/outputs/${index}/data`) : undefined;
  if (raw === undefined) throw tensorFault(name, "integers past 2^53 in a body that is not strict JSON");
  return raw;
}

/** What a server says of a model instead of inferring with it (`GET /v2/models/{model}`). */
function isMetadata({ name, model_name: model, platform, versions }: JsonObject): boolean {
  return (
    typeof name === "string" && model === undefined && (platform !== undefined || versions !== undefined)
  );
}

function answerOf(body: JsonObject, outputBytes: number, invalid: string | undefined): ReadAnswer {
  const error = readPlainError(body);
  const model: JsonValue | undefined = body.model_name ?? (isMetadata(body) ? body.name : undefined);
  return {
    ...WORDLESS,
    invalid,
    model: typeof model === "string" && model !== "" ? keptWord(model) : undefined,
    outputBytes,
    error: error?.error,
    errorCode: error?.code ?? null,
  };
}

/** UTF-8 bytes of what BYTES tensors say. */
function outputBytesOf(outputs: readonly WireTensor[]): number {
  return outputs.reduce((sum, tensor) => sum + (tensor.datatype === "BYTES" ? textBytes(tensor) : 0), 0);
}

function textBytes({ name, shape, values }: WireTensor): number {
  if (values.in === "tail") return values.bytes.length - BYTES_PREFIX * elementCount(name, shape);
  if (values.in !== "json") return 0;
  return flatten(name, values.value).leaves.reduce<number>(
    (sum, leaf) => sum + (typeof leaf === "string" ? Buffer.byteLength(leaf, "utf8") : 0),
    0,
  );
}

/** What is wrong with a body. @throws what is no fault of a body */
export function detailOf(error: unknown): string {
  const { detail, message, code } = RegentError.from(error);
  if (code !== "body_invalid") throw error;
  return detail ?? message;
}
