import { isJsonObject } from "../../exchange/json.ts";
import type { SseEvent } from "../../wire/sse.ts";
import { type EventFate, type EventReader, type EventStream, eventStream } from "../event-stream.ts";
import type { StreamEnd, StreamOptions, StreamReducer } from "../format.ts";
import { parse } from "../loose.ts";
import { AnswerBuilder } from "./answer.ts";

const events = eventStream((options) => new GenerateReader(options));

/**
 * Answers of `generate_stream`: events whose data are objects as of a whole answer. Triton sends no marker at the end: the
 * HTTP message ends, and one that is cut off is a reset, which never gets here as an end. So an answer is complete when it
 * has an event, no byte behind the last whole one, and nothing in it that announces more: a sequence that
 * was begun is ended (TensorRT-LLM), and where reasons to finish are sent (vLLM), the last is one.
 */
export const stream: StreamReducer<EventStream> = { ...events, finish };

function finish(state: EventStream): StreamEnd {
  const end = events.finish(state);
  const complete = end.complete && (end.answer.error !== undefined || !end.truncated);
  return { ...end, complete };
}

class GenerateReader implements EventReader {
  readonly doneMarker = undefined;
  readonly #answer: AnswerBuilder;
  #objects = 0;

  constructor({ keepText }: StreamOptions) {
    this.#answer = new AnswerBuilder(keepText);
  }

  get complete(): boolean {
    return this.#answer.hasError || (this.#objects > 0 && this.#answer.isWhole);
  }

  read({ data }: SseEvent): EventFate {
    const object = parse(data);
    if (!isJsonObject(object)) return "unparsed";
    this.#objects++;
    const fault = this.#answer.add(object);
    return fault === undefined ? "shown" : { fault: `the answer has ${fault}` };
  }

  answer() {
    return this.#answer.answer();
  }

  progress() {
    return this.#answer.progress();
  }
}
