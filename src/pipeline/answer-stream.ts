import { ERRORS } from "../exchange/errors.ts";
import type { Format, ReadAnswer, StreamOptions, StreamReducer } from "../formats/index.ts";

/** One streamed answer being read on its way to the client. */
export type AnswerStream = {
  /**
   * Takes a piece of the upstream's stream and gives what the client gets for it. `ended`: the client's stream ends
   * behind these bytes, because the upstream's did or because it cannot go on.
   */
  push(chunk: Buffer, endOfStream: boolean): { readonly bytes: Buffer; readonly ended: boolean };
  /** What the stream said so far. Call it once, when no more pieces come. */
  finish(): ReadAnswer;
};

/**
 * Reads a stream by its format's reducer. A stream that ends without its dialect's own end gets an error event instead
 * of it: what an upstream left out must not reach the client as a whole answer.
 */
export function openAnswerStream(format: Format, options: StreamOptions): AnswerStream {
  const reducer: StreamReducer = format.stream;
  let state = reducer.initial(options);
  let answer: ReadAnswer | undefined;
  const broken = (): Buffer =>
    format.refuseInStream({
      status: ERRORS.upstream_incomplete.status,
      code: "upstream_incomplete",
      message: ERRORS.upstream_incomplete.message,
    });
  return {
    push(chunk, endOfStream) {
      const step = reducer.step(state, chunk);
      state = step.state;
      if (step.fault !== undefined) return { bytes: Buffer.concat([...step.outputs, broken()]), ended: true };
      if (!endOfStream) return { bytes: Buffer.concat(step.outputs), ended: false };
      const end = reducer.finish(state);
      answer = end.answer;
      return { bytes: Buffer.concat([...step.outputs, end.complete ? end.rest : broken()]), ended: true };
    },
    finish() {
      answer ??= reducer.finish(state).answer;
      return answer;
    },
  };
}
