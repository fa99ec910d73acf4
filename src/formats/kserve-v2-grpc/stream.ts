import { RegentError } from "../../exchange/errors.ts";
import type { AnswerError } from "../../exchange/inference.ts";
import type { JsonObject } from "../../exchange/json.ts";
import { appendTo, initialPending, type Pending, release, restOf } from "../../wire/pending.ts";
import { KEPT_BYTES_MAX, keptWord } from "../bounds.ts";
import {
  type EventFate,
  type EventReader,
  type EventStream,
  type Framing,
  framedStream,
  tooLarge,
} from "../event-stream.ts";
import type { ReadAnswer, StreamOptions, StreamProgress, StreamReducer } from "../format.ts";
import { answerOf, outputBytesOf } from "./answer.ts";
import { FRAME_HEAD_BYTES, GRPC_MESSAGE_BYTES_MAX, messageIn } from "./frames.ts";
import { type InferMessage, parseInfer } from "./messages.ts";
import { messageReading } from "./reading.ts";
import { detailOf } from "./response.ts";
import {
  expect,
  type Field,
  type FieldBudget,
  fieldBudget,
  LENGTH_DELIMITED,
  PROTOBUF_FIELDS_MAX,
  readFields,
  textOf,
} from "./wire.ts";

type Frame = { readonly frame: Buffer };

/** Whole frames, each of them bounded. */
export const FRAMES: Framing<Frame, Pending> = {
  initial: initialPending,
  step(pending, chunk) {
    appendTo(pending, chunk);
    const rest = restOf(pending);
    const events: (Frame & { start: number; end: number })[] = [];
    let at = 0;
    let fault: string | undefined;
    while (rest.length - at >= FRAME_HEAD_BYTES) {
      const length = rest.readUInt32BE(at + 1);
      if (length > GRPC_MESSAGE_BYTES_MAX) {
        fault = tooLarge("a message", GRPC_MESSAGE_BYTES_MAX);
        break;
      }
      const end = at + FRAME_HEAD_BYTES + length;
      if (end > rest.length) break;
      events.push({ frame: rest.subarray(at, end), start: at, end });
      at = end;
    }
    pending.start += at;
    release(pending);
    return { events, raw: rest.subarray(0, at), fault };
  },
  rest: restOf,
};

/**
 * Fields of the answers of one stream that are kept, nested ones included: fifty thousand answers with a text each. A
 * field may take two bytes of a stream and some hundred here.
 */
export const KEPT_FIELDS_MAX = 500_000;

type FrameStream = EventStream<Frame, Pending>;

/**
 * The answers to `ModelStreamInfer`: frames with a `ModelStreamInferResponse` each, or a `ModelInferResponse`. Its end is in the trailers, and a stream that
 * is cut off is a reset, which never gets here as an end: it is complete when no frame is begun.
 */
export const stream = wholeFrames((options) => new StreamedReader(options));

/** The answer to `ModelInfer`: one frame with a `ModelInferResponse`, or none where the call failed. */
export const answer = wholeFrames((options) => new AnswerReader(options));

function wholeFrames(open: (options: StreamOptions) => EventReader<Frame>): StreamReducer<FrameStream> {
  const frames = framedStream(FRAMES, open);
  return {
    ...frames,
    finish(state) {
      const end = frames.finish(state);
      return { ...end, complete: end.complete && !end.truncated };
    },
  };
}

/** Field numbers of `ModelStreamInferResponse`. */
export const ERROR_MESSAGE = 1;
export const INFER_RESPONSE = 2;

/** The last field of `ModelInferResponse`. */
const RAW_CONTENTS = 6;

/**
 * Whether a streamed message is a `ModelInferResponse` by itself, as MLServer sends it
 * (https://github.com/SeldonIO/MLServer/blob/master/proto/dataplane.proto), and not in Triton's wrapper. The names of
 * model and version have the numbers of the wrapper's two members; its id and its outputs have others, and one without the
 * model or any of those answers nothing.
 *
 * @throws RegentError body_invalid for one in whose version a client that looks for the wrapper may find another answer
 */
export function isBare(message: Buffer, fields: readonly Field[]): boolean {
  const ofResponse = fields.some(({ number }) => number > INFER_RESPONSE && number <= RAW_CONTENTS);
  if (!ofResponse || !fields.some(({ number }) => number === MODEL_NAME)) return false;
  for (const { number, start, end } of fields)
    if (number === INFER_RESPONSE && !PLAIN_VERSION.test(message.toString("latin1", start, end)))
      throw new RegentError("body_invalid", "the version of the model may be an answer");
  return true;
}

/** In a `ModelInferResponse`. */
const MODEL_NAME = 1;

/** Printable ASCII but for `"` and `*`: without these no tag of parameters or outputs can be in it, nor any of a text. */
const PLAIN_VERSION = /^[ !#-)+-~]*$/;

abstract class ResponseReader implements EventReader<Frame> {
  readonly complete = true;
  readonly doneMarker = undefined;
  readonly #keepText: boolean;
  readonly #responses: JsonObject[] = [];
  #keptBytes = 0;
  #keptFields = 0;
  #outputBytes = 0;
  #model: string | undefined;
  #error: AnswerError | undefined;

  constructor({ keepText }: StreamOptions) {
    this.#keepText = keepText;
  }

  read({ frame }: Frame): EventFate {
    try {
      // None was asked for, but some servers compress all the same.
      const message = messageIn(frame, "gzip", GRPC_MESSAGE_BYTES_MAX);
      const budget = fieldBudget();
      this.note(message, budget);
      if (this.#keepText) this.#keptFields += PROTOBUF_FIELDS_MAX - budget.left;
    } catch (error) {
      return { fault: detailOf(error) };
    }
    if (this.#keptBytes > KEPT_BYTES_MAX)
      return { fault: `the answer has more than ${KEPT_BYTES_MAX} bytes` };
    return this.#keptFields > KEPT_FIELDS_MAX
      ? { fault: `the answer has more than ${KEPT_FIELDS_MAX} fields` }
      : "shown";
  }

  /** @throws RegentError when it is none */
  protected abstract note(message: Buffer, budget: FieldBudget): void;

  /** An empty message is none. The first error counts. */
  protected fail(message: string): void {
    if (message !== "") this.#error ??= { type: null, message, code: null };
  }

  protected respond(response: InferMessage): void {
    this.#outputBytes += outputBytesOf(response);
    if (this.#model === undefined && response.model !== undefined)
      this.#model = keptWord(response.model.text);
    if (!this.#keepText) return;
    this.#keptBytes += response.bytes.length;
    if (this.#keptBytes <= KEPT_BYTES_MAX) this.#responses.push(messageReading(response));
  }

  progress(): StreamProgress {
    return { outputBytes: this.#outputBytes, outputTokens: undefined };
  }

  answer(): ReadAnswer {
    return answerOf({
      model: this.#model,
      outputBytes: this.#outputBytes,
      error: this.#error,
      ...(this.#keepText ? { details: { responses: this.#responses } } : {}),
    });
  }
}

class StreamedReader extends ResponseReader {
  protected note(message: Buffer, budget: FieldBudget): void {
    const fields = readFields(message, 0, message.length, budget);
    if (isBare(message, fields)) {
      this.respond(parseInfer("response", message, budget));
      return;
    }
    for (const field of fields) {
      if (field.number === ERROR_MESSAGE) this.fail(textOf(message, field));
      if (field.number !== INFER_RESPONSE) continue;
      expect(field, LENGTH_DELIMITED);
      this.respond(parseInfer("response", message.subarray(field.start, field.end), budget));
    }
  }
}

class AnswerReader extends ResponseReader {
  #messages = 0;

  protected note(message: Buffer, budget: FieldBudget): void {
    this.#messages++;
    if (this.#messages > 1) throw new RegentError("body_invalid", "The answer has more than one message.");
    this.respond(parseInfer("response", message, budget));
  }
}
