import { isUtf8 } from "node:buffer";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import { type AnswerPart, assertReadable, jsonPart, orUninspectable, strictJson } from "../answer-parts.ts";
import { ANSWER_TEXTS_MAX, AnswerTextCollector, type AnswerTextReader } from "../answer-texts.ts";
import type { ResponseMessage } from "../format.ts";
import { elementCount, splitElements } from "../tensors/index.ts";
import { JSON_LENGTH_HEADER, splitBody } from "./body.ts";
import { detailOf } from "./response.ts";
import { withTexts } from "./rewrite.ts";
import { readTensors, type WireTensor } from "./tensors.ts";

/** The texts of an answer in JSON. Numbers of tensors are what such models answer, and no tokens. */
export const answerTexts = {
  whole(answer) {
    const collector = new AnswerTextCollector();
    readAnswer(collector, answer);
    return collector.texts;
  },
} satisfies AnswerTextReader;

/**
 * Takes an answer apart, with the BYTES tensors behind its JSON. Their elements have the pointers that they would have in it.
 *
 * @throws RegentError answer_uninspectable
 */
export function takeApart({ bytes, headers }: Pick<ResponseMessage, "bytes" | "headers">): AnswerPart {
  const { json, tail } = orUninspectable(() => splitBody(bytes, headers), detailOf);
  if (tail === undefined) return jsonPart(bytes, answerTexts.whole);
  const document = strictJson(json);
  const tensors = orUninspectable(() => tensorsOf(document.value, tail), detailOf);
  const collector = new AnswerTextCollector();
  readAnswer(collector, document.value);
  for (const tensor of tensors) orUninspectable(() => readTail(collector, tensor), detailOf);
  const { texts, opaque, ended } = collector.texts;
  assertReadable(opaque);
  return { bytes, texts, ended, ...rewriting(document, tail, tensors) };
}

function rewriting(
  document: JsonDocument,
  tail: Buffer,
  tensors: readonly WireTensor[],
): Required<Pick<AnswerPart, "rewrite" | "headers">> {
  let jsonBytes = document.bytes.length;
  return {
    rewrite(edits) {
      const texts = edits.map(({ pointer, value }) => ({ pointer, text: value }));
      const changed = orUninspectable(() => withTexts({ document, list: "outputs", tensors, tail }, texts));
      jsonBytes = changed.jsonBytes;
      return changed.bytes;
    },
    headers: () => [[JSON_LENGTH_HEADER, String(jsonBytes)]],
  };
}

/** An error has no outputs, and nothing behind it. */
function tensorsOf(body: JsonValue, tail: Buffer): readonly WireTensor[] {
  const isAnswer = isJsonObject(body) && (body.outputs !== undefined || tail.length > 0);
  return isAnswer ? readTensors(body, "outputs", tail) : [];
}

function readTail(
  collector: AnswerTextCollector,
  { index, name, datatype, shape, values, parameters }: WireTensor,
): void {
  if (values.in !== "tail" || datatype !== "BYTES") return;
  const pointer = `/outputs/${index}/data`;
  // Counted before they are split, for an element may take as little as its length.
  if (isBase64(parameters) || elementCount(name, shape) > ANSWER_TEXTS_MAX) {
    collector.opaque(pointer);
    return;
  }
  for (const [element, text] of splitElements(name, shape, values.bytes).entries()) {
    if (isUtf8(text)) collector.add(`${pointer}/${element}`, text.toString("utf8"));
    else collector.opaque(`${pointer}/${element}`);
  }
}

function readAnswer(collector: AnswerTextCollector, answer: JsonValue): void {
  if (!isJsonObject(answer)) {
    collector.data("", answer);
    return;
  }
  collector.members("", answer, (pointer, key, value) => {
    if (key !== "outputs" || !Array.isArray(value)) collector.data(pointer, value);
    else
      for (const [index, output] of (value as readonly JsonValue[]).entries())
        readOutput(collector, `${pointer}/${index}`, output);
  });
}

function readOutput(collector: AnswerTextCollector, pointer: string, output: JsonValue): void {
  if (!isJsonObject(output)) {
    collector.data(pointer, output);
    return;
  }
  const parameters = isJsonObject(output.parameters) ? output.parameters : {};
  // It goes past everybody who looks at answers.
  if (parameters.shared_memory_region !== undefined) collector.opaque(pointer);
  if (output.data !== undefined && isBase64(parameters)) collector.opaque(`${pointer}/data`);
  collector.members(pointer, output, (at, _, value) => collector.data(at, value));
}

/** MLServer's codec: the texts stand for bytes. */
function isBase64({ content_type: type }: JsonObject): boolean {
  return type === "base64";
}
