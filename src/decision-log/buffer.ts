import type { Chunk, ChunkEncoder } from "./chunk-encoder.ts";
import type { Counters } from "./counters.ts";
import type { EncodedEvent } from "./event.ts";
import { Queue } from "./queue.ts";

/** OPA's two buffer types: by compressed bytes, or by the number of events. */
export type BufferLimit =
  | { readonly type: "size"; readonly bytes: number }
  | { readonly type: "event"; readonly events: number };

/**
 * Bytes of events that are not compressed yet. At 4,000 events of 1.5 KiB a second this is 10 seconds: a buffer of the
 * type `size` compresses all the time and stays far below; one of the type `event` holds events of any size, and a
 * sidecar has little memory.
 */
export const UNCOMPRESSED_BUFFER_BYTES_MAX = 64 * 1024 * 1024;

/** From this share of a full buffer on it is time to upload, whatever the timer says. */
const URGENT_SHARE = 0.5;

export type BufferOptions = {
  readonly limit: BufferLimit;
  readonly encoder: ChunkEncoder;
  readonly counters: Counters;
  /** There is a chunk more, or the buffer is half full. */
  readonly onReady: () => void;
  readonly onError: (error: unknown) => void;
  readonly uncompressedBytesMax?: number;
};

/** What waits to be uploaded: events, then chunks of them. What does not fit pushes out the oldest, and is counted. */
export class DecisionBuffer {
  readonly #options: BufferOptions;
  readonly #events = new Queue<EncodedEvent>();
  readonly #chunks = new Queue<Chunk>();
  #chunkedEvents = 0;
  #encoding: Promise<void> | undefined;

  constructor(options: BufferOptions) {
    this.#options = options;
  }

  /** Events that wait. */
  get events(): number {
    return this.#events.count + this.#chunkedEvents;
  }

  /** Bytes of memory: compressed chunks, and events before they are. */
  get bytes(): number {
    return this.#chunks.bytes + this.#events.bytes;
  }

  get chunks(): number {
    return this.#chunks.count;
  }

  /** Whether so much waits that it should be uploaded now. */
  get urgent(): boolean {
    const { limit } = this.#options;
    const share = limit.type === "size" ? this.#chunks.bytes / limit.bytes : this.events / limit.events;
    return share >= URGENT_SHARE || this.#events.bytes / this.#uncompressedBytesMax >= URGENT_SHARE;
  }

  push(event: EncodedEvent): void {
    this.#events.push(event, event.bytes.length);
    this.#trim();
    if (this.#options.limit.type === "size") this.#encodeFull();
    else if (this.urgent) this.#options.onReady();
  }

  /** Makes chunks of all events that wait now. */
  async seal(): Promise<void> {
    await this.#encoding;
    // Those that come meanwhile wait for the next time.
    for (let left = this.#events.count; left > 0; ) left -= await this.#encodeSome();
  }

  /** The oldest chunk, to be uploaded. */
  take(): Chunk | undefined {
    const chunk = this.#chunks.take();
    if (chunk !== undefined) this.#chunkedEvents -= chunk.events;
    return chunk;
  }

  /** A chunk that could not be uploaded: it is the next one again, or the last one. */
  putBack(chunk: Chunk, where: "first" | "last"): void {
    if (where === "first") this.#chunks.putBack(chunk, chunk.bytes.length);
    else this.#chunks.push(chunk, chunk.bytes.length);
    this.#chunkedEvents += chunk.events;
    this.#trim();
  }

  get #uncompressedBytesMax(): number {
    return this.#options.uncompressedBytesMax ?? UNCOMPRESSED_BUFFER_BYTES_MAX;
  }

  /** Compresses while there is enough for a whole chunk; one chunk at a time. */
  #encodeFull(): void {
    if (this.#encoding !== undefined || !this.#enough) return;
    this.#encoding = this.#encodeWhileEnough().finally(() => {
      this.#encoding = undefined;
    });
  }

  get #enough(): boolean {
    return this.#events.bytes >= this.#options.encoder.uncompressedLimit;
  }

  async #encodeWhileEnough(): Promise<void> {
    while (this.#enough) await this.#encodeSome();
  }

  /** One chunk's worth of events; says how many they were. */
  async #encodeSome(): Promise<number> {
    const { encoder, counters, onError, onReady } = this.#options;
    const events = this.#events.takeUpTo(encoder.uncompressedLimit);
    try {
      for (const chunk of await encoder.encode(events)) {
        this.#chunks.push(chunk, chunk.bytes.length);
        this.#chunkedEvents += chunk.events;
      }
    } catch (error) {
      counters.add("decision_logs_encoding_failure", events.length);
      onError(error);
    }
    this.#trim();
    onReady();
    return events.length;
  }

  #trim(): void {
    const { limit, counters } = this.#options;
    while (this.#events.bytes > this.#uncompressedBytesMax) this.#dropEvent();
    if (limit.type === "event") {
      while (this.events > limit.events) this.#chunks.count > 0 ? this.#dropChunk() : this.#dropEvent();
      return;
    }
    while (this.#chunks.bytes > limit.bytes) {
      counters.add("decision_logs_dropped_buffer_size_limit_bytes_exceeded", this.#dropChunk());
    }
  }

  #dropEvent(): void {
    this.#events.take();
    this.#options.counters.add("decision_logs_dropped_buffer_size_limit_exceeded");
  }

  #dropChunk(): number {
    const events = this.take()?.events ?? 0;
    this.#options.counters.add("decision_logs_dropped_buffer_size_limit_exceeded", events);
    return events;
  }
}
