import {
  initialNdjson,
  NDJSON_LINE_BYTES_MAX,
  type NdjsonState,
  restOfNdjson,
  stepNdjson,
} from "../wire/ndjson.ts";
import type { SseEvent } from "../wire/sse.ts";
import { type AnswerPart, jsonPart } from "./answer-parts.ts";
import { openSplitter, type Splitting } from "./answer-splitter.ts";
import type { EventTextReader } from "./answer-texts.ts";
import { type EventReader, type Framing, framedStream, tooLarge } from "./event-stream.ts";
import type { Format, Refusal, StreamFraming, StreamOptions } from "./format.ts";
import { DONE } from "./sse-splitter.ts";

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
 * @param readEvent the texts of an event
 */
export function jsonLines(
  open: (options: StreamOptions) => EventReader,
  errorObject: (refusal: Refusal) => object,
  readEvent: EventTextReader,
): NonNullable<Format["framings"]> {
  const framing: StreamFraming = {
    stream: framedStream(LINES, open),
    refuseInStream: (refusal) => Buffer.from(`${JSON.stringify(errorObject(refusal))}\n`),
    openSplitter: () => openSplitter(LINES, splitting(readEvent)),
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

function splitting(readEvent: EventTextReader): Splitting<SseEvent> {
  return {
    part: ({ data }, bytes, at) => linePart(readEvent, data, bytes, at),
    // Clients read a last line without its end like any other.
    lastEnd: Buffer.from("\n"),
  };
}

/** Blank lines in front of the text, which say nothing, stay where they are, and so do its byte order mark and its end. */
function linePart(readEvent: EventTextReader, text: string, bytes: Buffer, at: number): AnswerPart {
  if (text.trim() === DONE) return { bytes, texts: [], ended: [], rewrite: () => undefined };
  const said = jsonPart(Buffer.from(text), (value) => readEvent(value, ""));
  const from = at + (bytes.indexOf(BYTE_ORDER_MARK, at) === at ? BYTE_ORDER_MARK.length : 0);
  return {
    ...said,
    bytes,
    rewrite(edits) {
      const rewritten = said.rewrite(edits);
      return rewritten && Buffer.concat([bytes.subarray(0, from), rewritten, bytes.subarray(-1)]);
    },
  };
}

const BYTE_ORDER_MARK = Buffer.from("\uFEFF");
