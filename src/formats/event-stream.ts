import {
  initialSse,
  restOfSse,
  SSE_EVENT_BYTES_MAX,
  type SseEvent,
  type SseState,
  stepSse,
} from "../wire/sse.ts";
import type { ReadAnswer, StreamEnd, StreamOptions, StreamReducer, StreamStep } from "./format.ts";

/** What a dialect makes of the events of one stream. It changes with every event. */
export type EventReader = {
  /** Takes an event. */
  read(event: SseEvent): EventFate;
  /** Whether the dialect's own end was seen. */
  readonly complete: boolean;
  /** Undefined where the dialect has no marker of its own. */
  readonly doneMarker: boolean | undefined;
  answer(): ReadAnswer;
};

/** Whether the client may see an event, whether it was understood, or why the stream cannot go on with it. */
export type EventFate = "shown" | "hidden" | "unparsed" | { readonly fault: string };

export type EventStream = {
  readonly sse: SseState;
  readonly reader: EventReader;
  events: number;
  unparsedEvents: number;
  fault: string | undefined;
};

/** A reducer of server-sent events (WHATWG HTML 9.2): whole events go to the client as they came, or not at all. */
export function eventStream(open: (options: StreamOptions) => EventReader): StreamReducer<EventStream> {
  return {
    initial: (options) => ({
      sse: initialSse(),
      reader: open(options),
      events: 0,
      unparsedEvents: 0,
      fault: undefined,
    }),
    step,
    finish,
  };
}

function step(state: EventStream, chunk: Buffer): StreamStep<EventStream> {
  if (state.fault !== undefined) return { state, outputs: [], fault: state.fault };
  const { events, raw, oversized } = stepSse(state.sse, chunk);
  const outputs: Buffer[] = [];
  let from = 0;
  for (const event of events) {
    const fate = state.reader.read(event);
    state.events++;
    if (typeof fate === "object") {
      state.fault = fate.fault;
      return { state, outputs: cut(outputs, raw, from, event.start), fault: state.fault };
    }
    if (fate === "unparsed") state.unparsedEvents++;
    if (fate !== "hidden") continue;
    cut(outputs, raw, from, event.start);
    from = event.end;
  }
  if (oversized) state.fault = `an event is larger than ${SSE_EVENT_BYTES_MAX} bytes`;
  return { state, outputs: cut(outputs, raw, from, raw.length), fault: state.fault };
}

function cut(outputs: Buffer[], raw: Buffer, from: number, to: number): Buffer[] {
  if (to > from) outputs.push(from === 0 && to === raw.length ? raw : raw.subarray(from, to));
  return outputs;
}

function finish({ sse, reader, events, unparsedEvents, fault }: EventStream): StreamEnd {
  const rest = restOfSse(sse);
  return {
    complete: fault === undefined && reader.complete,
    rest,
    answer: reader.answer(),
    events,
    doneMarker: reader.doneMarker,
    truncated: rest.length > 0,
    unparsedEvents,
  };
}
