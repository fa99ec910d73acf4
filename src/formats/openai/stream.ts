import { isJsonObject, type JsonObject } from "../../exchange/json.ts";
import type { SseEvent } from "../../wire/sse.ts";
import { type EventFate, type EventReader, eventStream } from "../event-stream.ts";
import type { Format, StreamOptions } from "../format.ts";
import { jsonLines } from "../json-lines.ts";
import { parse } from "../loose.ts";
import { AnswerBuilder, type PartOf } from "./answer.ts";
import { errorOf, readError } from "./error.ts";
import { errorObject } from "./refuse.ts";
import { choiceTexts } from "./texts.ts";

/**
 * Streams of chunks with choices, ended by `[DONE]`. Events after `[DONE]` are read like those before it: a client may
 * read them too.
 */
export function chunkStream(partOf: PartOf) {
  return eventStream((options) => new ChunkReader(options, partOf));
}

/** The same chunks, one a line, as some servers stream them. */
export function chunkLines(partOf: PartOf): NonNullable<Format["framings"]> {
  return jsonLines((options) => new ChunkReader(options, partOf), errorObject, choiceTexts.event);
}

class ChunkReader implements EventReader {
  doneMarker = false;
  readonly #answer: AnswerBuilder;
  readonly #hideUsage: boolean;
  readonly #partOf: PartOf;

  constructor({ hideUsage, keepText }: StreamOptions, partOf: PartOf) {
    this.#answer = new AnswerBuilder(keepText);
    this.#hideUsage = hideUsage;
    this.#partOf = partOf;
  }

  get complete(): boolean {
    return this.doneMarker || this.#answer.hasError || this.#answer.allFinished;
  }

  read({ type, data }: SseEvent): EventFate {
    if (data === "[DONE]") {
      this.doneMarker = true;
      return "shown";
    }
    const chunk = parse(data);
    if (!isJsonObject(chunk)) return "unparsed";
    if (type === "error") this.#answer.fail(readError(chunk) ?? errorOf(chunk));
    const fault = this.#answer.add(chunk, this.#partOf);
    if (fault !== undefined) return { fault: `the answer has ${fault}` };
    return this.#hideUsage && isUsageOnly(chunk) ? "hidden" : "shown";
  }

  answer() {
    return this.#answer.answer();
  }

  progress() {
    return this.#answer.progress();
  }
}

/** The event that `stream_options.include_usage` adds at the end. */
function isUsageOnly(chunk: JsonObject): boolean {
  return Array.isArray(chunk.choices) && chunk.choices.length === 0 && isJsonObject(chunk.usage);
}
