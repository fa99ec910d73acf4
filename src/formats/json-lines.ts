import {
  initialNdjson,
  NDJSON_LINE_BYTES_MAX,
  type NdjsonState,
  restOfNdjson,
  stepNdjson,
} from "../wire/ndjson.ts";
import type { SseEvent } from "../wire/sse.ts";
import { type EventReader, type Framing, framedStream, tooLarge } from "./event-stream.ts";
import type { Format, Refusal, StreamFraming, StreamOptions } from "./format.ts";

/** What servers call a stream of JSON texts, one a line. None of the names is registered. */
const MEDIA_TYPES = [
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
  "application/x-jsonlines",
  "application/jsonlines",
] as const;

/**
 * The events of a dialect as lines without names, for servers that leave out the framing of server-sent events.
 *
 * @param errorObject words a refusal as the JSON text of the last line
 */
export function jsonLines(
  open: (options: StreamOptions) => EventReader,
  errorObject: (refusal: Refusal) => object,
): NonNullable<Format["framings"]> {
  const framing: StreamFraming = {
    stream: framedStream(LINES, open),
    refuseInStream: (refusal) => Buffer.from(`${JSON.stringify(errorObject(refusal))}\n`),
  };
  return Object.fromEntries(MEDIA_TYPES.map((type) => [type, framing]));
}

/** A line is an event that has nothing but its data. */
const LINES: Framing<SseEvent, NdjsonState> = {
  initial: initialNdjson,
  step(state, chunk) {
    const { lines, raw, oversized } = stepNdjson(state, chunk);
    const events = lines.map(({ text, start, end }) => ({ type: "", data: text, id: "", start, end }));
    return { events, raw, fault: oversized ? tooLarge("a line", NDJSON_LINE_BYTES_MAX) : undefined };
  },
  rest: restOfNdjson,
};
