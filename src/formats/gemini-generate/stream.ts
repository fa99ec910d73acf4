import { isJsonObject } from "../../exchange/json.ts";
import type { SseEvent } from "../../wire/sse.ts";
import { type EventFate, type EventReader, eventStream } from "../event-stream.ts";
import type { StreamOptions } from "../format.ts";
import { parse } from "../loose.ts";
import { AnswerBuilder } from "./answer.ts";

/**
 * A stream asked for with `alt=sse`: each event is a GenerateContentResponse with the next piece of the answer, or an error
 * (https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent).
 */
export const stream = eventStream((options) => new ResponseReader(options));

class ResponseReader implements EventReader {
  /** The dialect has none. */
  readonly doneMarker = undefined;
  readonly #answer: AnswerBuilder;

  constructor({ keepText }: StreamOptions) {
    this.#answer = new AnswerBuilder(keepText);
  }

  get complete(): boolean {
    return this.#answer.isComplete;
  }

  read({ data }: SseEvent): EventFate {
    const event = parse(data);
    if (!isJsonObject(event)) return "unparsed";
    const fault = this.#answer.add(event);
    return fault === undefined ? "shown" : { fault: `the answer has ${fault}` };
  }

  answer() {
    return this.#answer.answer();
  }

  progress() {
    return this.#answer.progress();
  }
}
