import { isUtf8 } from "node:buffer";
import type { Inference, Tensor } from "../../exchange/inference.ts";
import type { JsonValue } from "../../exchange/json.ts";
import { keyPointer, pointerToken } from "../../wire/json/index.ts";
import type { EndpointMatch } from "../format.ts";
import { LIMITS, noteLimit } from "../kserve-v2/limits.ts";
import { SCHEMA } from "../kserve-v2/schema.ts";
import { decodedBytes } from "../media.ts";
import { invalid, putParameter, readModel } from "../members.ts";
import { TextCollector } from "../text.ts";
import { maxTokens } from "../triton-generate/limits.ts";
import type { InferBody } from "./body.ts";
import {
  dataTensor,
  type InferMessage,
  type Parameters,
  type WireTensor,
  type WireText,
} from "./messages.ts";
import type { Field } from "./wire.ts";

/** Where a text stands, so that another one can be put in its place. */
export type TextPlace = { readonly request: number } & (
  | { readonly path: readonly Field[] }
  /** An element of a BYTES tensor in raw form. */
  | { readonly tensor: WireTensor; readonly element: number }
);

export type ReadMessages = {
  readonly inference: Inference;
  /** By the pointers of the text parts. */
  readonly places: ReadonlyMap<string, TextPlace>;
};

/**
 * Reads a `ModelInferRequest`, or all of a stream, which must ask for one model. Pointers are those of the JSON form of the protocol, in a
 * stream below `/requests/N`.
 *
 * @throws RegentError body_invalid, naming the tensor
 */
export function readRequest({ requests }: InferBody, { operation, stream }: EndpointMatch): ReadMessages {
  const reader = new Reader();
  for (const [index, request] of requests.entries()) reader.read(request, index, request.pointer);
  const { text } = reader;
  return {
    places: reader.places,
    inference: {
      format: "kserve-v2-grpc",
      operation,
      model: reader.model ?? "",
      stream: stream === true,
      textParts: text.textParts,
      opaqueParts: text.opaqueParts,
      textBytes: text.textParts.reduce((sum, part) => sum + Buffer.byteLength(part.text, "utf8"), 0),
      maxOutputTokens: reader.maxOutputTokens,
      // Each request of a stream has an answer of its own.
      choices: requests.length,
      tools: [],
      tensors: reader.tensors,
      modalities: reader.modalities(),
      parameters: reader.parameters,
      user: undefined,
      usageInStream: false,
    },
  };
}

class Reader {
  readonly text = new TextCollector(SCHEMA);
  readonly places = new Map<string, TextPlace>();
  readonly tensors: Tensor[] = [];
  readonly parameters: { [key: string]: JsonValue } = {};
  model: string | undefined;
  maxOutputTokens: number | undefined;
  #request = 0;

  read(message: InferMessage, index: number, pointer: string): void {
    this.#request = index;
    const model = readModel({ model: message.model?.text ?? "" });
    if (this.model !== undefined && this.model !== model)
      throw invalid("The requests of a stream must ask for one model");
    this.model = model;
    this.#word(pointer, "model_version", message.version);
    this.#word(pointer, "id", message.id);
    this.#parameters(pointer, message.parameters);
    const { values, texts } = message.parameters;
    for (const key of Object.keys(values))
      if (!texts.has(key)) putParameter(this.parameters, key, values[key] as JsonValue);
    const limits: { [name: string]: JsonValue } = {};
    for (const tensor of message.tensors)
      this.#tensor(message.bytes, `${pointer}/inputs/${tensor.index}`, tensor, limits);
    for (const [at, { name, parameters }] of message.wanted.entries()) {
      const output = `${pointer}/outputs/${at}`;
      this.#word(output, "name", name);
      this.#parameters(output, parameters);
      // The answer goes past everybody who looks at answers.
      if (Object.hasOwn(parameters.values, "shared_memory_region")) this.text.opaque(output, "context");
    }
    this.#unknown(pointer, message.unknown);
    const bound = maxTokens({ ...limits, parameters: message.parameters.values });
    if (bound !== undefined) this.maxOutputTokens = Math.max(bound, this.maxOutputTokens ?? bound);
  }

  /** `tensor` is what is neither text nor bytes. */
  modalities(): string[] {
    const { textParts, opaqueParts } = this.text;
    return [
      ...new Set([
        ...(textParts.some(({ role }) => role === "user") ? ["text"] : []),
        ...(this.tensors.some(({ datatype }) => datatype !== "BYTES") ? ["tensor"] : []),
        ...opaqueParts.map(({ modality }) => modality),
      ]),
    ];
  }

  #word(parent: string, key: string, word: WireText | undefined): void {
    if (word === undefined || word.text === "") return;
    this.text.member(parent, key, word.text, "unknown_member");
    this.places.set(`${parent}/${key}`, { request: this.#request, path: word.path });
  }

  #parameters(parent: string, { values, keys, texts }: Parameters): void {
    const pointer = `${parent}/parameters`;
    for (const [key, path] of keys) {
      const member = `${pointer}/${pointerToken(key)}`;
      // The digits of an integer past 2^53 are a text in the values, and none here.
      this.text.member(pointer, key, texts.has(key) ? (values[key] as JsonValue) : null, "parameter");
      this.places.set(keyPointer(member), { request: this.#request, path });
      const value = texts.get(key);
      if (value !== undefined) this.places.set(member, { request: this.#request, path: value });
    }
  }

  #tensor(bytes: Buffer, pointer: string, tensor: WireTensor, limits: { [name: string]: JsonValue }): void {
    const { name, datatype, shape, parameters, values } = tensor;
    this.tensors.push({ name: name.text, datatype, shape });
    this.#word(pointer, "name", name);
    this.#parameters(pointer, parameters);
    if (values.in === "shared memory") this.text.opaque(pointer, "context", sharedBytes(parameters));
    else if (datatype === "BYTES") this.#elements(bytes, `${pointer}/data`, tensor);
    if (LIMITS.has(name.text)) noteLimit(dataTensor(bytes, tensor), limits);
    this.#unknown(pointer, tensor.unknown);
  }

  #elements(bytes: Buffer, pointer: string, tensor: WireTensor): void {
    const { values, parameters } = tensor;
    const elements = dataTensor(bytes, tensor)?.data as readonly Buffer[];
    for (const [index, element] of elements.entries()) {
      const at = `${pointer}/${index}`;
      if (!isUtf8(element)) {
        this.text.opaque(at, "unknown", { bytes: element.length });
        continue;
      }
      this.text.add(at, element.toString("utf8"), "user");
      const request = this.#request;
      if (values.in === "contents")
        this.places.set(at, { request, path: [...values.path, values.fields[index] as Field] });
      else this.places.set(at, { request, tensor, element: index });
    }
    // MLServer's codec: the texts stand for bytes.
    if (parameters.values.content_type === "base64") {
      const decoded = elements.reduce((sum, element) => sum + decodedBytes(element.toString("latin1")), 0);
      this.text.opaque(pointer, "unknown", { bytes: decoded });
    }
  }

  /** Servers pass over what they do not know, unless they are newer than this. */
  #unknown(parent: string, fields: readonly Field[]): void {
    for (const { number, start, end } of fields)
      this.text.opaque(`${parent}/unknown/${number}`, "unknown", { bytes: end - start });
  }
}

function sharedBytes({ values: { shared_memory_byte_size: bytes } }: Parameters) {
  return typeof bytes === "number" && bytes >= 0 ? { bytes } : {};
}
