import { type AnswerPart, uninspectable } from "./answer-parts.ts";
import type { Framed, Framing } from "./event-stream.ts";

/** Takes the whole events of a stream apart, as a reducer gives them out. */
export type AnswerSplitter = {
  /**
   * @param isLast nothing comes behind these bytes
   * @throws RegentError answer_uninspectable
   */
  split(bytes: Buffer, isLast: boolean): readonly AnswerPart[];
};

/** What becomes of the events of a framing, for those who inspect and change them. */
export type Splitting<E> = {
  /**
   * @param bytes the event, and what stood between it and the one before
   * @param at where in the bytes the event begins
   * @throws RegentError answer_uninspectable
   */
  part(event: Framed<E>, bytes: Buffer, at: number): AnswerPart;
  /** What stands behind the last event of a step; absent: it says nothing. */
  between?(bytes: Buffer): AnswerPart;
  /**
   * What some clients take for the end of a last event that has none, so that it is judged as one; absent: nobody reads
   * such an event.
   */
  readonly lastEnd?: Buffer;
};

/** For one stream, whose events must be whole when it ends. */
export function openSplitter<E, S>(framing: Framing<E, S>, splitting: Splitting<E>): AnswerSplitter {
  const state = framing.initial();
  const step = (bytes: Buffer): readonly AnswerPart[] => {
    const { events, raw, fault } = framing.step(state, bytes);
    if (fault !== undefined) throw uninspectable(fault);
    let from = 0;
    const parts = events.map((event) => {
      const part = splitting.part(event, raw.subarray(from, event.end), event.start - from);
      from = event.end;
      return part;
    });
    return from === raw.length ? parts : [...parts, between(splitting, raw.subarray(from))];
  };
  return {
    split(bytes, isLast) {
      const parts = step(bytes);
      if (!isLast || framing.rest(state).length === 0) return parts;
      if (splitting.lastEnd === undefined) throw uninspectable("it ends inside an event");
      return [...parts, ...step(splitting.lastEnd)];
    },
  };
}

function between<E>(splitting: Splitting<E>, bytes: Buffer): AnswerPart {
  return splitting.between?.(bytes) ?? { bytes, texts: [], ended: [], rewrite: () => undefined };
}
