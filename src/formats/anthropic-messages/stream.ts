import { isJsonObject, type JsonObject } from "../../exchange/json.ts";
import type { SseEvent } from "../../wire/sse.ts";
import { type EventFate, type EventReader, eventStream } from "../event-stream.ts";
import type { StreamOptions } from "../format.ts";
import { parse } from "../loose.ts";
import { MessageBuilder } from "./answer.ts";

/**
 * The events of a message (https://platform.claude.com/docs/en/build-with-claude/streaming). The type in the data decides;
 * the name of the event only says again what it is. Events that are not known are passed on, as Anthropic asks.
 */
export const stream = eventStream((options) => new MessageReader(options));

class MessageReader implements EventReader {
  doneMarker = false;
  readonly #message: MessageBuilder;

  constructor({ keepText }: StreamOptions) {
    this.#message = new MessageBuilder(keepText);
  }

  /** With its reason to stop a message is whole: only the marker may be missing. */
  get complete(): boolean {
    return this.doneMarker || this.#message.hasError || this.#message.isFinished;
  }

  read({ type, data }: SseEvent): EventFate {
    const event = parse(data);
    if (!isJsonObject(event)) return "unparsed";
    const fault = this.#take(event, type);
    return fault === undefined ? "shown" : { fault: `the answer has ${fault}` };
  }

  #take(event: JsonObject, name: string): string | undefined {
    switch (event.type ?? name) {
      case "message_start":
        return this.#message.start(event.message);
      case "content_block_start":
        return this.#message.startBlock(event.index, event.content_block);
      case "content_block_delta":
        return this.#message.addToBlock(event.index, event.delta);
      case "message_delta":
        this.#message.finish(event);
        return undefined;
      case "message_stop":
        this.doneMarker = true;
        return undefined;
      default:
        // The clients go by the name of an error event, and by nothing else.
        if (name === "error" && event.type !== "error") this.#message.fail({ ...event, type: "error" });
        else this.#message.fail(event);
        return undefined;
    }
  }

  answer() {
    return this.#message.answer();
  }

  progress() {
    return this.#message.progress();
  }
}
