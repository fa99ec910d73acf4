import { RegentError } from "../../exchange/errors.ts";
import { initialSse, SSE_EVENT_BYTES_MAX, type SseEvent, stepSse } from "../../wire/sse.ts";
import type { StreamEvent } from "./conversation.ts";
import type { ChatStreamReader } from "./dialect.ts";

/** What a dialect makes of server-sent events. It changes with every event. */
export type EventsReader = {
  /**
   * What an event says, or why the stream cannot go on with it.
   *
   * @throws RegentError upstream_invalid, which is the same
   */
  read(event: SseEvent): readonly StreamEvent[] | { readonly fault: string };
  /** The source has ended. */
  finish(): readonly StreamEvent[];
};

/** Reads server-sent events (WHATWG HTML 9.2), wherever the bytes are cut. */
export function sseReader(reader: EventsReader): ChatStreamReader {
  const sse = initialSse();
  let fault: string | undefined;
  return {
    push(chunk) {
      const events: StreamEvent[] = [];
      if (fault !== undefined) return { events, fault };
      const step = stepSse(sse, chunk);
      for (const event of step.events) {
        const read = readOf(reader, event);
        if ("fault" in read) {
          fault = `the answer has ${read.fault}`;
          return { events, fault };
        }
        // Not by one call: an event may say more than a call takes arguments.
        for (const said of read) events.push(said);
      }
      if (step.oversized) fault = `an event is larger than ${SSE_EVENT_BYTES_MAX} bytes`;
      return { events, fault };
    },
    finish: () => (fault === undefined ? reader.finish() : []),
  };
}

function readOf(reader: EventsReader, event: SseEvent): ReturnType<EventsReader["read"]> {
  try {
    return reader.read(event);
  } catch (error) {
    if (!(error instanceof RegentError)) throw error;
    return { fault: error.detail ?? error.message };
  }
}
