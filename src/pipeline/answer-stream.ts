import type { ErrorCode } from "../exchange/errors.ts";
import type {
  ReadAnswer,
  StreamFraming,
  StreamOptions,
  StreamProgress,
  StreamReducer,
} from "../formats/index.ts";

/**
 * Bytes of a stream that are read between two looks at its length, so that an answer ends near its bound however large
 * the pieces are in which it comes. Some two chunks of chat.
 */
export const PROGRESS_SLICE_BYTES = 512;

/** One streamed answer being read on its way to the client. */
export type AnswerStream = {
  /** Takes a piece of the upstream's stream, without content codings, and gives what the client gets for it. */
  push(chunk: Buffer, endOfStream: boolean): StreamPiece;
  /**
   * Takes the trailers in which the stream ends.
   *
   * @param failed they say themselves that it went wrong, so that nothing has to be put in the place of a rest
   */
  end(failed: boolean): StreamPiece;
  /** What the stream said so far. Call it once, when no more pieces come. */
  finish(): ReadAnswer;
};

export type StreamPiece = {
  /** Whole events. */
  readonly bytes: Buffer;
  /** The client's stream ends behind these bytes: as the dialect ends, or with an error event that is not in them. */
  readonly end?: "complete" | Extract<ErrorCode, "upstream_incomplete" | "output_limit">;
};

export type AnswerStreamOptions = StreamOptions & {
  /** Whether an answer has gone too far; undefined: there is no bound. */
  readonly isTooLong: ((progress: StreamProgress) => boolean) | undefined;
};

/**
 * Reads a stream by the reducer of its framing. A stream that ends without its dialect's own end must not reach the client as
 * a whole answer.
 */
export function openAnswerStream(framing: StreamFraming, options: AnswerStreamOptions): AnswerStream {
  const reducer: StreamReducer = framing.stream;
  const { isTooLong } = options;
  const endsInTrailers = framing.trailersError !== undefined;
  let state = reducer.initial(options);
  let answer: ReadAnswer | undefined;

  const read = (slice: Buffer, outputs: Buffer[]): StreamPiece["end"] => {
    const step = reducer.step(state, slice);
    state = step.state;
    const progress = isTooLong && reducer.progress?.(state);
    // What is too long stays behind, with the piece that made it so.
    if (progress !== undefined && isTooLong?.(progress) === true) return "output_limit";
    outputs.push(...step.outputs);
    return step.fault === undefined ? undefined : "upstream_incomplete";
  };

  return {
    push(chunk, endOfStream) {
      const outputs: Buffer[] = [];
      const size = isTooLong === undefined ? chunk.length : PROGRESS_SLICE_BYTES;
      for (let at = 0; at < chunk.length; at += size) {
        const end = read(chunk.subarray(at, at + size), outputs);
        if (end !== undefined) return { bytes: joined(outputs), end };
      }
      if (!endOfStream) return { bytes: joined(outputs) };
      const { complete, rest, answer: whole } = reducer.finish(state);
      answer = whole;
      if (!complete || endsInTrailers) return { bytes: joined(outputs), end: "upstream_incomplete" };
      return { bytes: joined([...outputs, rest]), end: "complete" };
    },
    end(failed) {
      const { complete, rest, answer: whole } = reducer.finish(state);
      answer = whole;
      if (!complete) return { bytes: NOTHING, end: failed ? "complete" : "upstream_incomplete" };
      return { bytes: rest, end: "complete" };
    },
    finish() {
      answer ??= reducer.finish(state).answer;
      return answer;
    },
  };
}

const NOTHING = Buffer.alloc(0);

function joined(outputs: readonly Buffer[]): Buffer {
  return outputs.length === 1 ? (outputs[0] as Buffer) : Buffer.concat(outputs);
}
