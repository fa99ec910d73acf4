import { ERRORS, RegentError } from "../../exchange/errors.ts";
import type { ResponseHead } from "../../exchange/exchange.ts";
import { headerValues } from "../../exchange/headers.ts";
import type { Format } from "../../formats/index.ts";
import { type ContentDecoder, openDecoder } from "../../wire/content-decoder.ts";
import { codingOf } from "../../wire/content-encoding.ts";
import { DECODED_PIECE_BYTES_MAX, DECODED_STREAM_RATIO_MAX } from "../answer/streamed-answer.ts";
import type { Context } from "../context.ts";
import type { ChunkAnswer } from "../governor.ts";
import { rescueStream } from "../rescue.ts";
import { timed, timedAsync } from "../timed.ts";
import type { Translation } from "./translate.ts";
import { untranslatable } from "./whole-answer.ts";

/**
 * Bytes of a stream that is translated, as they came and as they are without their coding. 128,000 tokens, each in an event
 * of its own in the wordiest dialect, have some 50 MB. A target may be faster than its answer is translated, and what it
 * sends meanwhile waits in Envoy's memory.
 */
export const STREAM_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Of them, those that may come as fast as they like; beyond, a stream must have been slower than this on the whole. No model
 * says 5,000 tokens a second: what does is a recording, which ends, or a target that never pauses. Of the latter some 20 to 40
 * bytes wait in Envoy for each that is taken here, and 2 GiB of them end Envoy 1.40 (src/local/envoy/clusters.ts).
 */
export const STREAM_BURST_BYTES_MAX = 32 * 1024 * 1024;
export const STREAM_BYTES_PER_SECOND_MAX = 2 * 1024 * 1024;

/** The stream of a target on its way into the client's dialect. */
export type TranslatedStream = {
  /** Never throws: what cannot go on ends in a refusal, as the last event of the stream. At once where it is not coded. */
  push(chunk: Buffer, endOfStream: boolean): ChunkAnswer | Promise<ChunkAnswer>;
  close(): void;
};

/** @throws RegentError upstream_invalid for a coding that is not read, or several, and for a stream nobody asked for */
export function openTranslatedStream(
  context: Context,
  client: Format,
  translation: Translation,
  head: ResponseHead,
): TranslatedStream {
  const translator = translation.stream(head);
  // Last, so that no decoder is left open by what is thrown.
  return new Translated(context, client, translator, decoderOf(head));
}

/** Undefined for a stream without a coding. */
function decoderOf({ headers }: ResponseHead): ContentDecoder | undefined {
  const coding = codingOf(headerValues(headers, "content-encoding"));
  if (coding === undefined) return undefined;
  const decoder = openDecoder(coding, DECODED_PIECE_BYTES_MAX, DECODED_STREAM_RATIO_MAX);
  if (decoder === undefined) throw untranslatable("is a stream in a content coding that is not read");
  return decoder;
}

class Translated implements TranslatedStream {
  readonly #context: Context;
  readonly #client: Format;
  readonly #translator: ReturnType<Translation["stream"]>;
  readonly #decoder: ContentDecoder | undefined;
  readonly #startedMs: number;
  #taken = 0;
  /** Bytes that the client got. */
  #given = 0;

  constructor(
    context: Context,
    client: Format,
    translator: ReturnType<Translation["stream"]>,
    decoder: ContentDecoder | undefined,
  ) {
    this.#context = context;
    this.#client = client;
    this.#translator = translator;
    this.#decoder = decoder;
    this.#startedMs = context.rooms.clock.monotonicMs();
  }

  push(chunk: Buffer, endOfStream: boolean): ChunkAnswer | Promise<ChunkAnswer> {
    if (this.#isBrokenOff()) return { bytes: NO_BYTES, end: endOfStream };
    return this.#decoder === undefined
      ? this.#translate(chunk, chunk.length, endOfStream)
      : this.#translateCoded(this.#decoder, chunk, endOfStream);
  }

  close(): void {
    this.#decoder?.close();
  }

  async #translateCoded(decoder: ContentDecoder, chunk: Buffer, endOfStream: boolean): Promise<ChunkAnswer> {
    try {
      const plain = await timedAsync(this.#context, "translation", () => decoder.push(chunk, endOfStream));
      if (!plain.ok)
        return this.#breakOff(this.#wordFault(untranslatable(`has ${plain.reason}`)), endOfStream);
      // Coded bytes that say nothing count as well: there may be any number of them.
      return this.#translate(plain.bytes, Math.max(chunk.length, plain.bytes.length), endOfStream);
    } catch (error) {
      return this.#breakOff(rescueStream(this.#context, error), endOfStream);
    }
  }

  /** @param bytesTaken of what a stream may have */
  #translate(chunk: Buffer, bytesTaken: number, endOfStream: boolean): ChunkAnswer {
    try {
      this.#taken += bytesTaken;
      const excess = this.#excess();
      if (excess !== undefined) return this.#breakOff(this.#wordFault(untranslatable(excess)), endOfStream);
      return timed(this.#context, "translation", () => {
        const { bytes, fault } = this.#translator.push(chunk);
        if (fault !== undefined) {
          const refusal = this.#wordFault(untranslatable(fault));
          return this.#breakOff(Buffer.concat([bytes, refusal]), endOfStream);
        }
        return endOfStream ? this.#end(bytes) : this.#pass(bytes, false);
      });
    } catch (error) {
      return this.#breakOff(rescueStream(this.#context, error), endOfStream);
    }
  }

  /** Why no more of the stream is taken; completes "it …". */
  #excess(): string | undefined {
    if (this.#taken > STREAM_BYTES_MAX) return "is a stream that does not end";
    if (this.#taken <= STREAM_BURST_BYTES_MAX) return undefined;
    const elapsedMs = this.#context.rooms.clock.monotonicMs() - this.#startedMs;
    return this.#taken > (elapsedMs / 1000) * STREAM_BYTES_PER_SECOND_MAX
      ? "is a stream that never pauses"
      : undefined;
  }

  #end(before: Buffer): ChunkAnswer {
    const { bytes, complete } = this.#translator.end();
    const refusal = complete ? NO_BYTES : this.#wordFault(new RegentError("upstream_incomplete"));
    return this.#pass(Buffer.concat([before, bytes, refusal]), true);
  }

  #pass(bytes: Buffer, end: boolean): ChunkAnswer {
    this.#given += bytes.length;
    return { bytes, end };
  }

  /** What still comes of a stream that has not ended by itself is dropped, until Envoy has closed it. */
  #breakOff(bytes: Buffer, end: boolean): ChunkAnswer {
    const answer = this.#pass(bytes, end);
    this.#context.account.attempts.brokenOffAt = this.#given;
    this.close();
    return answer;
  }

  #isBrokenOff(): boolean {
    return this.#context.account.attempts.brokenOffAt !== undefined;
  }

  /** What is wrong with the upstream's stream as its last event: an error of the upstream's, and no denial. */
  #wordFault({ code, status, detail }: RegentError): Buffer {
    const { account } = this.#context;
    account.upstreamError ??= code;
    const message = detail ?? ERRORS[code].message;
    return this.#client.refuseInStream({ status, code, message, requestId: account.exchange.id });
  }
}

const NO_BYTES = Buffer.alloc(0);
