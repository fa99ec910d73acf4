import {
  type AnswerEdit,
  type AnswerPart,
  assertReadable,
  orUninspectable,
  uninspectable,
} from "../answer-parts.ts";
import { type AnswerSplitter, openSplitter } from "../answer-splitter.ts";
import { frameOf, GRPC_MESSAGE_BYTES_MAX, GRPC_MESSAGES_MAX, messageIn } from "./frames.ts";
import { type InferMessage, parseInfer } from "./messages.ts";
import { detailOf } from "./response.ts";
import { type Change, editsOf } from "./rewrite.ts";
import { ERROR_MESSAGE, FRAMES, INFER_RESPONSE, isBare } from "./stream.ts";
import { type ResponseTexts, readTexts } from "./texts.ts";
import {
  expect,
  type Field,
  type FieldEdit,
  fieldBudget,
  LENGTH_DELIMITED,
  readFields,
  replaceFields,
  textOf,
} from "./wire.ts";

/** Takes apart the answer to `ModelInfer`. A message in which something changes goes on without compression. */
export function openAnswer(): AnswerSplitter {
  return openSplitter(FRAMES, {
    part: ({ frame }) => orUninspectable(() => answerPart(frame), detailOf),
  });
}

/** Takes apart the answers to `ModelStreamInfer`. */
export function openStream(): AnswerSplitter {
  const runs = new Runs();
  return openSplitter(FRAMES, {
    part: ({ frame }) => orUninspectable(() => streamedPart(frame, runs), detailOf),
  });
}

function answerPart(frame: Buffer): AnswerPart {
  const response = parseInfer("response", messageOf(frame), fieldBudget());
  const said = readTexts(response, undefined);
  assertReadable(said.texts.opaque);
  return {
    bytes: frame,
    ...said.texts,
    rewrite: (edits) => frameOf(withTexts(response, said, edits)),
  };
}

function streamedPart(frame: Buffer, runs: Runs): AnswerPart {
  const message = messageOf(frame);
  const budget = fieldBudget();
  const fields = readFields(message, 0, message.length, budget);
  if (isBare(message, fields)) return barePart(frame, parseInfer("response", message, budget), runs);
  const error = only(fields, ERROR_MESSAGE);
  const answer = only(fields, INFER_RESPONSE);
  if (fields.some(({ number, wireType }) => wireType === LENGTH_DELIMITED && !KNOWN.has(number)))
    throw uninspectable("it has members that are not known");
  const errorTexts = error === undefined ? [] : [{ pointer: ERROR_POINTER, text: textOf(message, error) }];
  if (answer === undefined)
    return {
      bytes: frame,
      texts: errorTexts.filter(({ text }) => text !== ""),
      ended: [],
      rewrite: (edits) => frameOf(replaceFields(message, errorEdits(error, edits))),
    };
  expect(answer, LENGTH_DELIMITED);
  const response = parseInfer("response", message.subarray(answer.start, answer.end), budget);
  const { lane, isLast } = runs.laneOf(response);
  const said = readTexts(response, lane);
  assertReadable(said.texts.opaque);
  return {
    bytes: frame,
    texts: [...errorTexts.filter(({ text }) => text !== ""), ...said.texts.texts],
    ended: lane !== undefined && isLast ? [lane] : [],
    rewrite(edits) {
      const inside = edits.filter(({ pointer }) => pointer !== ERROR_POINTER);
      const value = withTexts(response, said, inside);
      return frameOf(replaceFields(message, [...errorEdits(error, edits), { path: [answer], value }]));
    },
  };
}

/** A response that is not in Triton's wrapper. */
function barePart(frame: Buffer, response: InferMessage, runs: Runs): AnswerPart {
  const { lane, isLast } = runs.laneOf(response);
  const said = readTexts(response, lane);
  assertReadable(said.texts.opaque);
  return {
    bytes: frame,
    ...said.texts,
    ended: lane !== undefined && isLast ? [lane] : [],
    rewrite: (edits) => frameOf(withTexts(response, said, edits)),
  };
}

const KNOWN: ReadonlySet<number> = new Set([ERROR_MESSAGE, INFER_RESPONSE]);
const ERROR_POINTER = "/error_message";

/** Clients take the last of two, or join them: nobody sends two. */
function only(fields: readonly Field[], number: number): Field | undefined {
  const [field, ...more] = fields.filter((one) => one.number === number);
  if (more.length > 0) throw uninspectable("it has a member twice");
  return field;
}

function errorEdits(error: Field | undefined, edits: readonly AnswerEdit[]): FieldEdit[] {
  const edit = edits.find(({ pointer }) => pointer === ERROR_POINTER);
  return edit === undefined || error === undefined ? [] : [{ path: [error], value: Buffer.from(edit.value) }];
}

function messageOf(frame: Buffer): Buffer {
  // None was asked for, but some servers compress all the same.
  return messageIn(frame, "gzip", GRPC_MESSAGE_BYTES_MAX);
}

function withTexts({ bytes }: InferMessage, { places }: ResponseTexts, edits: readonly AnswerEdit[]): Buffer {
  const changes = edits.map(({ pointer, value }): Change => {
    const place = places.get(pointer);
    if (place === undefined) throw new TypeError(`no text at ${pointer}`);
    return { place, text: Buffer.from(value, "utf8") };
  });
  return replaceFields(bytes, editsOf(bytes, changes));
}

/**
 * Requests of a stream whose last response has not come, by their ids: each is a text that goes on. A server that never says
 * which response is the last may answer as many requests of different ids.
 */
export const OPEN_REQUESTS_MAX = GRPC_MESSAGES_MAX;

/**
 * Which responses of a stream go on with the texts of those before: the ones to the same request, up to the one that Triton
 * calls the last. A request with one response has texts that stand for themselves.
 */
class Runs {
  /** The lanes of requests that have more to come, by their ids. */
  readonly #open = new Map<string, string>();
  #lanes = 0;

  laneOf({ id, parameters }: InferMessage): { readonly lane: string | undefined; readonly isLast: boolean } {
    const request = id?.text ?? "";
    const isLast = parameters.values.triton_final_response === true;
    const open = this.#open.get(request);
    if (isLast) this.#open.delete(request);
    if (isLast || open !== undefined) return { lane: open, isLast };
    if (this.#open.size === OPEN_REQUESTS_MAX) throw uninspectable("it answers too many requests at once");
    const lane = String(this.#lanes++);
    this.#open.set(request, lane);
    return { lane, isLast };
  }
}
