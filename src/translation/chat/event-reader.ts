import { initialSse, SSE_EVENT_BYTES_MAX, type SseEvent, stepSse } from "../../wire/sse.ts";
import type { StreamEvent } from "./conversation.ts";
import type { ChatStreamReader } from "./dialect.ts";

/** What a dialect makes of server-sent events. It changes with every event. */
export type EventsReader = {
  /** What an event says, or why the stream cannot go on with it. */
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
        const read = reader.read(event);
        if ("fault" in read) {
          fault = `the answer has ${read.fault}`;
          return { events, fault };
        }
        events.push(...read);
      }
      if (step.oversized) fault = `an event is larger than ${SSE_EVENT_BYTES_MAX} bytes`;
      return { events, fault };
    },
    finish: () => (fault === undefined ? reader.finish() : []),
  };
}
