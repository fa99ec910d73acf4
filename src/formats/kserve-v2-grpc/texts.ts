import { isUtf8 } from "node:buffer";
import { keyPointer, pointerToken } from "../../wire/json/index.ts";
import {
  ANSWER_TEXTS_MAX,
  AnswerTextCollector,
  type AnswerTexts,
  PLAIN_KEY,
  type RunningName,
} from "../answer-texts.ts";
import { elementCount } from "../tensors/index.ts";
import {
  dataTensor,
  type InferMessage,
  type Parameters,
  type WireTensor,
  type WireText,
} from "./messages.ts";
import type { TextPlace } from "./request.ts";
import { type Field, LENGTH_DELIMITED } from "./wire.ts";

/** What a response says, and where each of its texts stands. Pointers are those of the JSON form of the protocol. */
export type ResponseTexts = { readonly texts: AnswerTexts; readonly places: ReadonlyMap<string, TextPlace> };

/**
 * Numbers are what such models answer, and no tokens.
 *
 * @param lane of what goes on in the next response; undefined: all of its texts stand for themselves
 * @throws RegentError body_invalid
 */
export function readTexts(response: InferMessage, lane: string | undefined): ResponseTexts {
  const reader = new TextReader(lane);
  reader.read(response);
  return { texts: reader.collector.texts, places: reader.places };
}

class TextReader {
  readonly collector = new AnswerTextCollector();
  readonly places = new Map<string, TextPlace>();
  readonly #lane: string | undefined;

  constructor(lane: string | undefined) {
    this.#lane = lane;
  }

  read({ bytes, model, version, id, parameters, tensors, unknown }: InferMessage): void {
    this.#word("/model_name", model);
    this.#word("/model_version", version);
    this.#word("/id", id);
    this.#parameters("", parameters);
    for (const tensor of tensors) this.#tensor(bytes, `/outputs/${tensor.index}`, tensor);
    this.unknown("", unknown);
  }

  #word(pointer: string, word: WireText | undefined): void {
    if (word !== undefined) this.#add(pointer, word.text, { request: 0, path: word.path });
  }

  #add(pointer: string, text: string, place: TextPlace, continues?: RunningName): void {
    this.collector.add(pointer, text, continues);
    this.places.set(pointer, place);
  }

  #parameters(parent: string, { values, keys, texts }: Parameters): void {
    for (const [key, path] of keys) {
      const pointer = `${parent}/parameters/${pointerToken(key)}`;
      if (!PLAIN_KEY.test(key)) this.#add(keyPointer(pointer), key, { request: 0, path });
      const value = texts.get(key);
      if (value !== undefined) this.#add(pointer, values[key] as string, { request: 0, path: value });
    }
  }

  #tensor(bytes: Buffer, pointer: string, tensor: WireTensor): void {
    const { name, datatype, parameters, values } = tensor;
    this.#word(`${pointer}/name`, name);
    this.#parameters(pointer, parameters);
    this.unknown(pointer, tensor.unknown);
    // It goes past everybody who looks at answers; and MLServer's codec writes bytes as texts.
    if (
      values.in === "shared memory" ||
      (datatype === "BYTES" && parameters.values.content_type === "base64")
    )
      this.collector.opaque(pointer);
    else if (datatype === "BYTES") this.#elements(bytes, pointer, tensor);
  }

  #elements(bytes: Buffer, pointer: string, tensor: WireTensor): void {
    const { values, name, shape } = tensor;
    // Counted before they are split, for an element may take as little as its length.
    if (elementCount(name.text, shape) > ANSWER_TEXTS_MAX) {
      this.collector.opaque(`${pointer}/data`);
      return;
    }
    const elements = dataTensor(bytes, tensor)?.data as readonly Buffer[];
    for (const [index, element] of elements.entries()) {
      const at = `${pointer}/data/${index}`;
      if (!isUtf8(element)) {
        this.collector.opaque(at);
        continue;
      }
      const place: TextPlace =
        values.in === "contents"
          ? { request: 0, path: [...values.path, values.fields[index] as Field] }
          : { request: 0, tensor, element: index };
      const lane = this.#lane;
      const continues = lane === undefined ? undefined : { lane, name: `${name.text}/${index}` };
      this.#add(at, element.toString("utf8"), place, continues);
    }
  }

  /** Clients pass over what they do not know, unless they are newer than this. */
  unknown(parent: string, fields: readonly Field[]): void {
    for (const { number, wireType } of fields)
      if (wireType === LENGTH_DELIMITED) this.collector.opaque(`${parent}/unknown/${number}`);
  }
}
