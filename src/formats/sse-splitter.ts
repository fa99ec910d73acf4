import { replaceSseData, type SseEvent } from "../wire/sse.ts";
import { type AnswerPart, BESIDE, jsonPart } from "./answer-parts.ts";
import { type AnswerSplitter, openSplitter, type Splitting } from "./answer-splitter.ts";
import type { EventTextReader } from "./answer-texts.ts";
import { SERVER_SENT_EVENTS } from "./event-stream.ts";

/** Takes apart server-sent events whose data are JSON. */
export function sseSplitter(readEvent: EventTextReader): () => AnswerSplitter {
  const splitting: Splitting<SseEvent> = {
    part: ({ type, data }, bytes) => eventPart(readEvent, type, data, bytes),
    between: besidePart,
    // A last event without its blank line is none to the standard, and one to some clients.
    lastEnd: Buffer.from("\n\n"),
  };
  return () => openSplitter(SERVER_SENT_EVENTS, splitting);
}

/** The end that OpenAI's dialects have. It is no JSON, and says nothing else. */
export const DONE = "[DONE]";

function eventPart(readEvent: EventTextReader, type: string, data: string, bytes: Buffer): AnswerPart {
  const beside = besidePart(bytes);
  if (data === DONE) return beside;
  const said = jsonPart(Buffer.from(data), (value) => readEvent(value, type));
  return {
    bytes,
    texts: [...said.texts, ...beside.texts],
    ended: said.ended,
    rewrite(edits) {
      if (edits.some(({ pointer }) => pointer === BESIDE)) return undefined;
      const rewritten = said.rewrite(edits);
      return rewritten && replaceSseData(bytes, rewritten.toString("utf8"));
    },
  };
}

/** What a stream holds besides data: comments, ids, names of events. They reach the client too. */
function besidePart(bytes: Buffer): AnswerPart {
  const said = bytes
    .toString("utf8")
    .split(/[\r\n]+/)
    .filter((line) => !SILENT_LINE.test(line));
  const texts = said.length === 0 ? [] : [{ pointer: BESIDE, text: said.join("\n") }];
  return { bytes, texts, ended: [], rewrite: () => undefined };
}

/** Lines of data, which are read as such, and names in small letters. */
const SILENT_LINE = /^(?:data(?::.*)?|event: ?[a-z_.]{0,64}|:?)$/;
