import { ERRORS } from "../exchange/errors.ts";
import type { ReadAnswer, StreamFraming, StreamOptions, StreamReducer } from "../formats/index.ts";

/** One streamed answer being read on its way to the client. */
export type AnswerStream = {
  /**
   * Takes a piece of the upstream's stream and gives what the client gets for it. `ended`: the client's stream ends
   * behind these bytes, because the upstream's did or, `broken`, because it cannot go on.
   */
  push(chunk: Buffer, endOfStream: boolean): StreamPiece;
  /** What the stream said so far. Call it once, when no more pieces come. */
  finish(): ReadAnswer;
};

export type StreamPiece = { readonly bytes: Buffer; readonly ended: boolean; readonly broken: boolean };

/**
 * Reads a stream by its format's reducer. A stream that ends without its dialect's own end gets an error event instead
 * of it: what an upstream left out must not reach the client as a whole answer.
 */
export function openAnswerStream(framing: StreamFraming, options: StreamOptions): AnswerStream {
  const reducer: StreamReducer = framing.stream;
  let state = reducer.initial(options);
  let answer: ReadAnswer | undefined;
  const broken = (outputs: readonly Buffer[]): StreamPiece => {
    const { status, message } = ERRORS.upstream_incomplete;
    const refusal = framing.refuseInStream({ status, code: "upstream_incomplete", message });
    return { bytes: Buffer.concat([...outputs, refusal]), ended: true, broken: true };
  };
  return {
    push(chunk, endOfStream) {
      const step = reducer.step(state, chunk);
      state = step.state;
      if (step.fault !== undefined) return broken(step.outputs);
      if (!endOfStream) return { bytes: Buffer.concat(step.outputs), ended: false, broken: false };
      const end = reducer.finish(state);
      answer = end.answer;
      if (!end.complete) return broken(step.outputs);
      return { bytes: Buffer.concat([...step.outputs, end.rest]), ended: true, broken: false };
    },
    finish() {
      answer ??= reducer.finish(state).answer;
      return answer;
    },
  };
}
