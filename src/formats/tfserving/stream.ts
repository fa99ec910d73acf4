import { isJsonObject } from "../../exchange/json.ts";
import type { SseEvent } from "../../wire/sse.ts";
import { type EventFate, type EventReader, eventStream } from "../event-stream.ts";
import type { ReadAnswer } from "../format.ts";
import { parse } from "../loose.ts";
import { tensorAnswer } from "./answer.ts";

/** Neither TensorFlow Serving nor KServe v1 streams: an event stream from one says nothing unless it says an error. */
export const stream = eventStream(() => new NoStreamReader());

class NoStreamReader implements EventReader {
  readonly doneMarker = undefined;
  #answer: ReadAnswer = tensorAnswer(undefined, {});

  get complete(): boolean {
    return this.#answer.error !== undefined;
  }

  read({ data }: SseEvent): EventFate {
    const event = parse(data);
    if (!isJsonObject(event)) return "unparsed";
    if (!this.complete) this.#answer = tensorAnswer(event, {});
    return "shown";
  }

  answer(): ReadAnswer {
    return this.#answer;
  }
}
