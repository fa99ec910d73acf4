import type { AnswerTextReader } from "../../formats/index.ts";
import {
  editJson,
  type JsonDocument,
  JsonEditError,
  readJson,
  renderJsonFault,
} from "../../wire/json/index.ts";
import { initialSse, replaceSseData, type SseEvent, stepSse } from "../../wire/sse.ts";
import { type HeldPart, uninspectable } from "./window.ts";

/**
 * Takes a whole answer apart.
 *
 * @param bytes without content codings
 * @throws RegentError answer_uninspectable
 */
export function wholePart(reader: AnswerTextReader, bytes: Buffer): HeldPart {
  const document = read(bytes);
  const { texts, opaque, ended } = reader.whole(document.value);
  assertReadable(opaque);
  return { bytes, texts, ended, rewrite: (edits) => edited(document, edits) };
}

/** Takes the whole events of a stream apart, as a reducer gives them out. */
export type EventSplitter = {
  /** @throws RegentError answer_uninspectable */
  split(bytes: Buffer): readonly HeldPart[];
};

/** @param readEvent how the dialect takes an event apart */
export function openSplitter(readEvent: NonNullable<AnswerTextReader["event"]>): EventSplitter {
  const state = initialSse();
  return {
    split(bytes) {
      const { events, raw, oversized } = stepSse(state, bytes);
      if (oversized) throw uninspectable("an event of it is too large");
      let from = 0;
      const parts = events.map((event) => {
        const part = eventPart(readEvent, event, raw.subarray(from, event.end));
        from = event.end;
        return part;
      });
      return from === raw.length ? parts : [...parts, plainPart(raw.subarray(from))];
    },
  };
}

/** The end that OpenAI's dialects have. It is no JSON, and says nothing else. */
const DONE = "[DONE]";

function eventPart(
  readEvent: NonNullable<AnswerTextReader["event"]>,
  { type, data }: SseEvent,
  bytes: Buffer,
): HeldPart {
  const around = plainPart(bytes);
  if (data === DONE) return around;
  const document = read(Buffer.from(data));
  const { texts, opaque, ended } = readEvent(document.value, type);
  assertReadable(opaque);
  return {
    bytes,
    texts: [...texts, ...around.texts],
    ended,
    rewrite(edits) {
      if (edits.some(({ pointer }) => pointer === AROUND)) return undefined;
      return replaceSseData(bytes, edited(document, edits).toString("utf8"));
    },
  };
}

/** What a stream holds besides data: comments, ids, names of events. They reach the client too. */
function plainPart(bytes: Buffer): HeldPart {
  const said = bytes
    .toString("utf8")
    .split(/[\r\n]+/)
    .filter((line) => !SILENT_LINE.test(line));
  const texts = said.length === 0 ? [] : [{ pointer: AROUND, text: said.join("\n") }];
  return { bytes, texts, ended: [], rewrite: () => undefined };
}

/** No pointer into the data: this text stands beside it, and cannot be changed. */
const AROUND = "#";

/** Lines of data, which are read as such, and names in small letters. */
const SILENT_LINE = /^(?:data(?::.*)?|event: ?[a-z_.]{0,64}|:?)$/;

function read(bytes: Buffer): JsonDocument {
  const result = readJson(bytes);
  if (!result.ok) throw uninspectable(renderJsonFault(result.fault).replace(/\.$/, ""));
  return result.document;
}

function assertReadable(opaque: string | undefined): void {
  if (opaque !== undefined) throw uninspectable(`what stands at ${opaque} is no text`);
}

function edited(document: JsonDocument, edits: Parameters<typeof editJson>[1]): Buffer {
  try {
    return editJson(document, edits);
  } catch (error) {
    if (!(error instanceof JsonEditError)) throw error;
    throw uninspectable("what it holds cannot be taken out of it", { cause: error });
  }
}
