import { isJsonObject } from "../../exchange/json.ts";
import {
  initialSse,
  restOfSse,
  SSE_EVENT_BYTES_MAX,
  type SseEvent,
  type SseState,
  stepSse,
} from "../../wire/sse.ts";
import type { StreamEnd, StreamOptions, StreamReducer, StreamStep } from "../format.ts";
import { AnswerBuilder } from "./answer.ts";
import { errorOf, readError } from "./error.ts";
import { parse } from "./response.ts";

export type ChatStream = {
  readonly sse: SseState;
  readonly answer: AnswerBuilder;
  readonly hideUsage: boolean;
  events: number;
  unparsedEvents: number;
  doneMarker: boolean;
  fault: string | undefined;
};

/**
 * Chat completion chunks (https://platform.openai.com/docs/api-reference/chat-streaming). Events after `[DONE]` are read
 * like those before it: a client may read them too.
 */
export const stream: StreamReducer<ChatStream> = {
  initial: ({ hideUsage, keepText }: StreamOptions) => ({
    sse: initialSse(),
    answer: new AnswerBuilder(keepText),
    hideUsage,
    events: 0,
    unparsedEvents: 0,
    doneMarker: false,
    fault: undefined,
  }),
  step,
  finish,
};

function step(state: ChatStream, chunk: Buffer): StreamStep<ChatStream> {
  if (state.fault !== undefined) return { state, outputs: [], fault: state.fault };
  const { events, raw, oversized } = stepSse(state.sse, chunk);
  const outputs: Buffer[] = [];
  let from = 0;
  for (const event of events) {
    const shown = readEvent(state, event);
    if (state.fault !== undefined)
      return { state, outputs: cut(outputs, raw, from, event.start), fault: state.fault };
    if (shown) continue;
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

/** Whether the client may see the event. */
function readEvent(state: ChatStream, { type, data }: SseEvent): boolean {
  state.events++;
  if (data === "[DONE]") {
    state.doneMarker = true;
    return true;
  }
  const chunk = parse(data);
  if (!isJsonObject(chunk)) {
    state.unparsedEvents++;
    return true;
  }
  if (type === "error") state.answer.fail(readError(chunk) ?? errorOf(chunk));
  const fault = state.answer.add(chunk, "delta");
  if (fault !== undefined) state.fault = `the answer has ${fault}`;
  return !(state.hideUsage && isUsageOnly(chunk));
}

/** The event that `stream_options.include_usage` adds at the end. */
function isUsageOnly(chunk: { readonly [key: string]: unknown }): boolean {
  return Array.isArray(chunk.choices) && chunk.choices.length === 0 && isJsonObject(chunk.usage);
}

function finish(state: ChatStream): StreamEnd {
  const { answer, doneMarker } = state;
  const rest = restOfSse(state.sse);
  return {
    complete: state.fault === undefined && (doneMarker || answer.hasError || answer.allFinished),
    rest,
    answer: answer.answer(),
    events: state.events,
    doneMarker,
    truncated: rest.length > 0,
    unparsedEvents: state.unparsedEvents,
  };
}
