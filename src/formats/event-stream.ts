import {
  initialSse,
  restOfSse,
  SSE_EVENT_BYTES_MAX,
  type SseEvent,
  type SseState,
  stepSse,
} from "../wire/sse.ts";
import type {
  ReadAnswer,
  StreamEnd,
  StreamOptions,
  StreamProgress,
  StreamReducer,
  StreamStep,
} from "./format.ts";

/** What a dialect makes of the events of one stream. It changes with every event. */
export type EventReader<E = SseEvent> = {
  /** Takes an event. */
  read(event: E): EventFate;
  /** Whether the dialect's own end was seen. */
  readonly complete: boolean;
  /** Undefined where the dialect has no marker of its own. */
  readonly doneMarker: boolean | undefined;
  answer(): ReadAnswer;
  /** How much was written so far; absent where the dialect does not say it yet. */
  progress?(): StreamProgress;
};

/** Whether the client may see an event, whether it was understood, or why the stream cannot go on with it. */
export type EventFate = "shown" | "hidden" | "unparsed" | { readonly fault: string };

/** How events are found in bytes. */
export type Framing<E, S> = {
  initial(): S;
  /** `raw`: the bytes of these events and what lies between them; `fault`: why nothing can be found behind them. */
  step(
    state: S,
    chunk: Buffer,
  ): { readonly events: readonly Framed<E>[]; readonly raw: Buffer; readonly fault: string | undefined };
  /** The bytes behind the last whole event. */
  rest(state: S): Buffer;
};

/** An event, and where it lies in the bytes of its step. */
export type Framed<E> = E & { readonly start: number; readonly end: number };

export type EventStream<E = SseEvent, S = SseState> = {
  readonly bytes: S;
  readonly reader: EventReader<E>;
  events: number;
  unparsedEvents: number;
  fault: string | undefined;
};

/** A reducer of server-sent events (WHATWG HTML 9.2). */
export function eventStream(open: (options: StreamOptions) => EventReader): StreamReducer<EventStream> {
  return framedStream(SERVER_SENT_EVENTS, open);
}

export const SERVER_SENT_EVENTS: Framing<SseEvent, SseState> = {
  initial: initialSse,
  step(state, chunk) {
    const { events, raw, oversized } = stepSse(state, chunk);
    return { events, raw, fault: oversized ? tooLarge("an event", SSE_EVENT_BYTES_MAX) : undefined };
  },
  rest: restOfSse,
};

/** A reducer of events in any framing: whole events go to the client as they came, or not at all. */
export function framedStream<E, S>(
  framing: Framing<E, S>,
  open: (options: StreamOptions) => EventReader<E>,
): StreamReducer<EventStream<E, S>> {
  return {
    initial: (options) => ({
      bytes: framing.initial(),
      reader: open(options),
      events: 0,
      unparsedEvents: 0,
      fault: undefined,
    }),
    step: (state, chunk) => step(framing, state, chunk),
    finish: (state) => finish(framing, state),
    progress: ({ reader }) => reader.progress?.(),
  };
}

export function tooLarge(what: string, bytesMax: number): string {
  return `${what} is larger than ${bytesMax} bytes`;
}

function step<E, S>(
  framing: Framing<E, S>,
  state: EventStream<E, S>,
  chunk: Buffer,
): StreamStep<EventStream<E, S>> {
  if (state.fault !== undefined) return { state, outputs: [], fault: state.fault };
  const { events, raw, fault } = framing.step(state.bytes, chunk);
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
  state.fault = fault;
  return { state, outputs: cut(outputs, raw, from, raw.length), fault };
}

function cut(outputs: Buffer[], raw: Buffer, from: number, to: number): Buffer[] {
  if (to > from) outputs.push(from === 0 && to === raw.length ? raw : raw.subarray(from, to));
  return outputs;
}

function finish<E, S>(
  framing: Framing<E, S>,
  { bytes, reader, events, unparsedEvents, fault }: EventStream<E, S>,
): StreamEnd {
  const rest = framing.rest(bytes);
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
