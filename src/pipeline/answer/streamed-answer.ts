import { ERRORS, type ErrorCode, RegentError } from "../../exchange/errors.ts";
import type { ResponseHead } from "../../exchange/exchange.ts";
import type { Finding } from "../../exchange/finding.ts";
import type { Headers } from "../../exchange/headers.ts";
import type { AnswerError } from "../../exchange/inference.ts";
import { permit } from "../../exchange/permit.ts";
import {
  type AnswerSplitter,
  type ReadAnswer,
  type StreamFraming,
  uninspectable,
} from "../../formats/index.ts";
import { type ContentDecoder, openDecoder } from "../../wire/content-decoder.ts";
import { type AnswerStream, openAnswerStream, type StreamPiece } from "../answer-stream.ts";
import type { Context } from "../context.ts";
import { assertSameAnswerHead, denyStream } from "../decide.ts";
import { rescueStream } from "../rescue.ts";
import { timed, timedAsync } from "../timed.ts";
import { countRedactions, type Judge } from "./judge.ts";
import { isBeyond, saysLength } from "./output-limit.ts";
import { Window } from "./window.ts";

/**
 * Decoded bytes of one piece of a coded stream. Envoy sends what its buffers hold, a megabyte at most unless told
 * otherwise; text in it is some ten times as long.
 */
export const DECODED_PIECE_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Decoded bytes for one coded byte of a stream. Chunks of chat are alike but for a few letters, so that a long stream is
 * a hundred times its coded bytes and more; none of it is kept, unlike a whole body.
 */
export const DECODED_STREAM_RATIO_MAX = 1000;

/** What the client gets for a piece of a stream. */
export type ClientPiece = {
  readonly bytes: Buffer;
  /** The client's stream ends behind these bytes. */
  readonly ended: boolean;
};

/** A streamed answer on its way to the client. */
export type StreamedAnswer = {
  /** At once where nothing has to be waited for. Never throws after the first byte: what fails becomes an error event. */
  push(chunk: Buffer, endOfStream: boolean, trailers?: Headers): ClientPiece | Promise<ClientPiece>;
  /** What the stream said so far. Call it once, when no more pieces come. */
  finish(): ReadAnswer | undefined;
  close(): void;
};

export type StreamedAnswerOptions = {
  readonly context: Context;
  readonly framing: StreamFraming;
  readonly head: ResponseHead;
  readonly judge: Judge;
  /** The content coding of the upstream's bytes, which the client gets without it. */
  readonly coding: string | undefined;
  /** Keep the text for the record. */
  readonly keepText: boolean;
};

/** @throws RegentError answer_uninspectable or obligation_unsupported where the stream cannot be held to what is asked */
export function openStreamedAnswer(options: StreamedAnswerOptions): StreamedAnswer {
  const { context, framing, judge, coding, keepText } = options;
  const { demands } = judge;
  const isTooLong =
    demands.outputTokensMax === undefined
      ? undefined
      : isBeyond(demands.outputTokensMax, context.rooms.metering.tokensOf);
  const reading = { hideUsage: context.account.usageIsHidden, keepText };
  if (isTooLong !== undefined && !saysLength(framing)) {
    const message =
      "Policy asked for response.max_output_tokens, which streams of this dialect cannot be held to.";
    throw new RegentError("obligation_unsupported", message);
  }
  const held = demands.isInspected ? openHeld(framing, demands.windowBytes) : undefined;
  if (held !== undefined) context.account.answerFindings ??= [];
  const decoder =
    coding === undefined ? undefined : openDecoder(coding, DECODED_PIECE_BYTES_MAX, DECODED_STREAM_RATIO_MAX);
  return new Streamed(options, openAnswerStream(framing, { ...reading, isTooLong }), held, decoder);
}

type Held = { readonly window: Window; readonly splitter: AnswerSplitter };

function openHeld({ openSplitter }: StreamFraming, windowBytes: number): Held {
  if (openSplitter === undefined)
    throw uninspectable("nothing is known of the texts in streams of its dialect");
  return { window: new Window(windowBytes), splitter: openSplitter() };
}

class Streamed implements StreamedAnswer {
  readonly #options: StreamedAnswerOptions;
  readonly #stream: AnswerStream;
  readonly #held: Held | undefined;
  readonly #decoder: ContentDecoder | undefined;
  /** What the trailers said. */
  #error: AnswerError | undefined;

  constructor(
    options: StreamedAnswerOptions,
    stream: AnswerStream,
    held: Held | undefined,
    decoder: ContentDecoder | undefined,
  ) {
    this.#options = options;
    this.#stream = stream;
    this.#held = held;
    this.#decoder = decoder;
  }

  push(chunk: Buffer, endOfStream: boolean, trailers?: Headers): ClientPiece | Promise<ClientPiece> {
    const { trailersError } = this.#options.framing;
    if (trailers !== undefined) this.#error = trailersError?.(trailers);
    if (this.#decoder !== undefined) return this.#pushCoded(this.#decoder, chunk, endOfStream, trailers);
    const piece = this.#read(chunk, endOfStream, trailers);
    return this.#held === undefined ? this.#ended(piece) : this.#hold(this.#held, piece);
  }

  finish(): ReadAnswer {
    const answer = this.#stream.finish();
    if (this.#error === undefined || answer.error !== undefined) return answer;
    return { ...answer, error: this.#error, errorCode: this.#error.code };
  }

  close(): void {
    this.#decoder?.close();
  }

  async #pushCoded(
    decoder: ContentDecoder,
    chunk: Buffer,
    endOfStream: boolean,
    trailers: Headers | undefined,
  ): Promise<ClientPiece> {
    const decoded = await timedAsync(this.#options.context, "formats", () =>
      decoder.push(chunk, endOfStream),
    );
    const piece: ReadPiece = decoded.ok
      ? this.#readDecoded(decoded.bytes, endOfStream, trailers)
      : { bytes: NOTHING, end: "upstream_invalid" };
    return this.#held === undefined ? this.#ended(piece) : this.#hold(this.#held, piece);
  }

  /** What a decoder still had comes before the trailers. */
  #readDecoded(bytes: Buffer, endOfStream: boolean, trailers: Headers | undefined): ReadPiece {
    if (trailers === undefined) return this.#read(bytes, endOfStream, undefined);
    const piece = this.#read(bytes, false, undefined);
    if (piece.end !== undefined) return piece;
    const last = this.#read(NOTHING, true, trailers);
    return { ...last, bytes: Buffer.concat([piece.bytes, last.bytes]) };
  }

  #read(bytes: Buffer, endOfStream: boolean, trailers: Headers | undefined): ReadPiece {
    const { context, framing } = this.#options;
    return timed(context, "formats", () =>
      trailers === undefined || framing.trailersError === undefined
        ? this.#stream.push(bytes, endOfStream)
        : this.#stream.end(this.#error !== undefined),
    );
  }

  /** What leaves of a piece and of what was held before; what is refused is refused behind what left. */
  async #hold(held: Held, piece: ReadPiece): Promise<ClientPiece> {
    const left: Buffer[] = [];
    try {
      const refusal = await this.#judge(held, piece, left);
      if (refusal !== undefined) return { bytes: Buffer.concat([...left, refusal]), ended: true };
      return this.#ended({ ...piece, bytes: Buffer.concat(left) });
    } catch (error) {
      return { bytes: Buffer.concat([...left, rescueStream(this.#options.context, error)]), ended: true };
    }
  }

  /**
   * @param left gets what leaves, in order
   * @returns the last event in place of all the rest, where policy denies it
   */
  async #judge(
    { window, splitter }: Held,
    { bytes, end }: ReadPiece,
    left: Buffer[],
  ): Promise<Buffer | undefined> {
    const { context } = this.#options;
    timed(context, "inspection", () => {
      for (const part of splitter.split(bytes, end === "complete")) window.push(part);
    });
    for (;;) {
      const batch = timed(context, "inspection", () => window.take(end !== undefined));
      if (batch === undefined) return undefined;
      const refusal = batch.findings.length === 0 ? undefined : await this.#ask(batch.findings);
      if (refusal !== undefined) return refusal;
      const { actions } = this.#options.judge.demands;
      left.push(timed(context, "mutation", () => batch.release(actions)));
      countRedactions(context, batch.findings, actions);
    }
  }

  /** Asks policy about what was found. Gives the last event where it denies. */
  async #ask(findings: readonly Finding[]): Promise<Buffer | undefined> {
    const { context, judge, head } = this.#options;
    const before = judge.decision;
    const decision = await judge.ask(head, findings);
    if (permit(decision) === undefined) return denyStream(context, decision);
    assertSameAnswerHead(before, decision);
    return undefined;
  }

  #ended({ bytes, end }: ReadPiece): ClientPiece {
    if (end === undefined || end === "complete") return { bytes, ended: end !== undefined };
    const { context, framing } = this.#options;
    if (end === "output_limit") {
      const refusal = rescueStream(context, new RegentError(end));
      return { bytes: Buffer.concat([bytes, refusal]), ended: true };
    }
    context.account.upstreamError ??= end;
    const { status, message } = ERRORS[end];
    const refusal = framing.refuseInStream({ status, code: end, message });
    return { bytes: Buffer.concat([bytes, refusal]), ended: true };
  }
}

type ReadPiece = Omit<StreamPiece, "end"> & {
  readonly end?: StreamPiece["end"] | Extract<ErrorCode, "upstream_invalid">;
};

const NOTHING = Buffer.alloc(0);
