import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import type { Counters } from "./counters.ts";
import { type EncodedEvent, withoutNd } from "./event.ts";

/** A gzipped JSON array of events: the body of one upload. */
export type Chunk = { readonly bytes: Buffer; readonly events: number };

/**
 * Bytes of events in one chunk before they are compressed. Events that are all alike compress a thousandfold, and a
 * receiver must not have to unpack that much, nor a chunk take long to compress here.
 */
export const UNCOMPRESSED_BYTES_MAX = 4 * 1024 * 1024;
/** What is aimed at: chunks vary, and one that is too large is compressed a second time in halves. */
const TARGET = 0.9;
/** How much the guess may grow or shrink after one chunk. */
const STEP = 4;

/**
 * Level 1 takes 5 microseconds of CPU time for an event of 1.5 KiB where OPA's level 6 takes 9, for a tenth more bytes.
 * Compressing happens on a thread of libuv: done here, 370 KB would stop the event loop for more than a millisecond.
 */
const OPTIONS = { level: constants.Z_BEST_SPEED };
const compress = promisify<Buffer, typeof OPTIONS, Buffer>(gzip);

/**
 * Makes chunks that have at most `limitBytes` compressed (OPA's `upload_size_limit_bytes`). How many bytes of events
 * that is is known only afterwards, so it guesses, and learns from each chunk: OPA's uncompressed limit.
 */
export class ChunkEncoder {
  readonly #limitBytes: number;
  readonly #counters: Counters;
  readonly #onTooLarge: (bytes: number) => void;
  #uncompressedLimit: number;

  /** @param onTooLarge told the compressed size of an event that does not fit even alone, and is dropped. */
  constructor(limitBytes: number, counters: Counters, onTooLarge: (bytes: number) => void) {
    this.#limitBytes = limitBytes;
    this.#counters = counters;
    this.#onTooLarge = onTooLarge;
    this.#uncompressedLimit = Math.min(limitBytes, UNCOMPRESSED_BYTES_MAX);
  }

  /** Bytes of events that are worth a chunk now. */
  get uncompressedLimit(): number {
    return this.#uncompressedLimit;
  }

  /** Compresses events into as many chunks as they need. An event that fits into none is dropped and counted. */
  async encode(events: readonly EncodedEvent[]): Promise<Chunk[]> {
    if (events.length === 0) return [];
    const text = arrayText(events);
    const bytes = await compress(text, OPTIONS);
    this.#learn(text.length, bytes.length);
    if (bytes.length <= this.#limitBytes) return [{ bytes, events: events.length }];
    const [only] = events;
    if (events.length === 1 && only !== undefined) return this.#encodeSmaller(only, bytes.length);
    const half = Math.ceil(events.length / 2);
    return [...(await this.encode(events.slice(0, half))), ...(await this.encode(events.slice(half)))];
  }

  async #encodeSmaller(event: EncodedEvent, bytes: number): Promise<Chunk[]> {
    const smaller = withoutNd(event);
    if (smaller !== undefined) {
      const chunks = await this.encode([smaller]);
      if (chunks.length > 0) this.#counters.add("decision_logs_nd_builtin_cache_dropped");
      return chunks;
    }
    this.#counters.add("enc_log_exceeded_upload_size_limit_bytes");
    this.#counters.add("decision_logs_encoding_failure");
    this.#onTooLarge(bytes);
    return [];
  }

  #learn(uncompressed: number, compressed: number): void {
    const current = this.#uncompressedLimit;
    // The rest that is uploaded when its time has come says little: a few events compress worse than many.
    if (uncompressed < current / 2 && compressed <= this.#limitBytes) return;
    const fitting = uncompressed * ((TARGET * this.#limitBytes) / compressed);
    const next = Math.min(Math.max(fitting, current / STEP), current * STEP);
    this.#uncompressedLimit = Math.min(Math.max(next, 1), UNCOMPRESSED_BYTES_MAX);
  }
}

const OPEN = Buffer.from("[");
const COMMA = Buffer.from(",");
const CLOSE = Buffer.from("]");

function arrayText(events: readonly EncodedEvent[]): Buffer {
  const parts = events.flatMap(({ bytes }, index) => [index === 0 ? OPEN : COMMA, bytes]);
  return Buffer.concat([...parts, CLOSE]);
}
