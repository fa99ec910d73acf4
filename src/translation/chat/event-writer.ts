import { mergeUsage } from "../../formats/loose.ts";
import type { Warn } from "../translation.ts";
import type { Failure, StreamEvent, StreamPart, WholeUsage } from "./conversation.ts";
import type { ChatStreamWriter } from "./dialect.ts";
import { dropped } from "./members.ts";

/** Which part of which choice an event is about. */
export type PartPlace = { readonly choice: number; readonly part: number };

type Event<Name extends StreamEvent["event"]> = Omit<Extract<StreamEvent, { event: Name }>, "event">;

/** The head of an answer; nothing of it where the source says nothing. */
export type Start = Event<"start">;
export type Finish = Event<"finish">;

/**
 * What a dialect writes of the events of a stream: the bytes of each, or undefined where it says nothing of it yet. `usage` is
 * what was reported up to there.
 *
 * @throws RegentError upstream_invalid for what the dialect cannot hold
 */
export type EventsWriter = {
  start(start: Start, usage: WholeUsage | undefined): Buffer | undefined;
  begin(place: PartPlace, part: StreamPart): Buffer | undefined;
  add(place: PartPlace, text: string): Buffer | undefined;
  sign(place: PartPlace, signature: string): Buffer | undefined;
  endPart(place: PartPlace): Buffer | undefined;
  finish(finish: Finish): Buffer | undefined;
  fail(failure: Failure, usage: WholeUsage | undefined): Buffer | undefined;
  end(usage: WholeUsage | undefined): Buffer | undefined;
};

/** Writes a stream, event by event, and keeps what it reports of its usage until the dialect has a place for it. */
export function eventWriter(writer: EventsWriter): ChatStreamWriter {
  let usage: WholeUsage | undefined;
  const written = (event: StreamEvent): Buffer | undefined => {
    switch (event.event) {
      case "start":
        return writer.start(event, usage);
      case "part_start":
        return writer.begin(event, event.begins);
      case "delta":
        return writer.add(event, event.text);
      case "signature":
        return writer.sign(event, event.signature);
      case "part_end":
        return writer.endPart(event);
      case "finish":
        return writer.finish(event);
      case "usage":
        usage = mergeUsage(usage, event.usage);
        return undefined;
      case "failure":
        return writer.fail(event.failure, usage);
      case "end":
        return writer.end(usage);
    }
  };
  return { write: (event) => written(event) ?? NOTHING };
}

/**
 * The same for a dialect that answers once, and whose streams begin with a head: the first choice alone, with one start
 * before its first part and before its end.
 *
 * @param problem why other choices are lost
 */
export function singleAnswerWriter(writer: EventsWriter, problem: string, warn: Warn): ChatStreamWriter {
  const { write } = eventWriter(writer);
  let isStarted = false;
  return {
    write(event) {
      if ("choice" in event && event.choice !== 0) {
        dropped(warn, "/choices", problem);
        return NOTHING;
      }
      const isStart = event.event === "start";
      if (isStart && isStarted) return NOTHING;
      const lacksStart = !isStarted && (event.event === "part_start" || event.event === "end");
      isStarted ||= isStart || lacksStart;
      return lacksStart ? Buffer.concat([write({ event: "start" }), write(event)]) : write(event);
    },
  };
}

const NOTHING = Buffer.alloc(0);
