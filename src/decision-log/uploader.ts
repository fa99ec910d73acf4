import { setTimeout as delay } from "node:timers/promises";
import type { Service } from "../services/service.ts";
import type { DecisionBuffer } from "./buffer.ts";
import type { Chunk } from "./chunk-encoder.ts";
import type { Counters } from "./counters.ts";

/** OPA's triggers: by time, by hand, or as soon as a chunk is full and by time. */
export type Trigger = "periodic" | "manual" | "immediate";

/** As OPA: the first wait after a failure. */
export const RETRY_MIN_MS = 100;
/** A receiver that takes longer for 32 KiB is not there. */
export const UPLOAD_TIMEOUT_MS = 30_000;
/** What a receiver answers is not read; an error page fits. */
export const ANSWER_BYTES_MAX = 64 * 1024;
/** Between two attempts at the end of the process, whatever happened before. */
const FLUSH_RETRY_MS = 250;

export type UploaderOptions = {
  readonly service: Pick<Service, "name" | "url" | "request">;
  /** Below the URL of the service: `/logs`. */
  readonly resource: string;
  readonly buffer: DecisionBuffer;
  readonly counters: Counters;
  readonly trigger: Trigger;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** Milliseconds after so many failures in a row. */
  readonly backoffMs: (attempt: number, limits: { readonly minMs: number; readonly maxMs: number }) => number;
  readonly random: () => number;
  readonly onFailure: (failure: UploadError, attempt: number) => void;
  /** Told how many attempts had failed before this one. */
  readonly onSuccess: (failures: number) => void;
  readonly timeoutMs?: number;
};

/** An upload that did not succeed; what it carried is kept. */
export class UploadError extends Error {
  override readonly name = "UploadError";
  /** What the receiver answered; undefined when it did not. */
  readonly httpStatus: number | undefined;

  constructor(message: string, options: { httpStatus?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.httpStatus = options.httpStatus;
  }

  get facts(): { readonly message: string; readonly httpStatus?: number } {
    const { message, httpStatus } = this;
    return { message, ...(httpStatus === undefined ? {} : { httpStatus }) };
  }
}

/**
 * Sends chunks to the receiver, one at a time, oldest first. A chunk leaves the buffer for good when the receiver has
 * answered 2xx; until then it is tried again, with growing pauses.
 */
export class Uploader {
  readonly #options: UploaderOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #failures = 0;
  #stopped = false;
  /** Ends the request under way when there is no more time for it. */
  readonly #deadline = new AbortController();
  #lastError: { readonly at: string; readonly error: UploadError } | undefined;

  constructor(options: UploaderOptions) {
    this.#options = options;
  }

  /** The failure of the newest attempt; undefined once one has succeeded. */
  get lastError(): { readonly at: string; readonly error: UploadError } | undefined {
    return this.#lastError;
  }

  start(): void {
    this.#schedule();
  }

  /** There is something to send: sends it now where the trigger or the buffer asks for that, unless it has to wait. */
  kick(): void {
    const { trigger, buffer } = this.#options;
    if (this.#stopped || trigger === "manual" || this.#failures > 0 || this.#running !== undefined) return;
    // A full chunk goes at once; the rest waits for its time.
    if (trigger === "immediate" && buffer.chunks > 0) void this.#run(false);
    else if (buffer.urgent) void this.#run(true);
  }

  /** Sends all that waits now. @throws UploadError */
  async upload(): Promise<void> {
    await this.#running;
    await this.#run(true);
    if (this.#lastError !== undefined) throw this.#lastError.error;
  }

  /** Sends what waits, again and again until all is there or the time is over. */
  async stop(flushMs: number): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const { buffer } = this.#options;
    const { signal } = this.#deadline;
    const over = setTimeout(() => this.#deadline.abort(), flushMs);
    await this.#running;
    while (!signal.aborted && buffer.events > 0) {
      await this.#run(true);
      if (buffer.events > 0) await delay(FLUSH_RETRY_MS, undefined, { signal }).catch(ignoreAbort);
    }
    clearTimeout(over);
  }

  #schedule(): void {
    if (this.#stopped || this.#options.trigger === "manual") return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#run(true), this.#delayMs());
    this.#timer.unref();
  }

  #delayMs(): number {
    const { minDelayMs, maxDelayMs, backoffMs, random } = this.#options;
    if (this.#failures > 0) return backoffMs(this.#failures, { minMs: RETRY_MIN_MS, maxMs: maxDelayMs });
    return minDelayMs + random() * (maxDelayMs - minDelayMs);
  }

  /** One round, or the one that runs. Never rejects. */
  #run(seal: boolean): Promise<void> {
    this.#running ??= this.#round(seal).finally(() => {
      this.#running = undefined;
      this.#schedule();
      // What has become ready meanwhile.
      this.kick();
    });
    return this.#running;
  }

  async #round(seal: boolean): Promise<void> {
    const { buffer, onFailure, onSuccess } = this.#options;
    try {
      if (seal) await buffer.seal();
      await this.#sendAll();
      const failures = this.#failures;
      this.#failures = 0;
      this.#lastError = undefined;
      onSuccess(failures);
    } catch (error) {
      const failure = error instanceof UploadError ? error : new UploadError(String(error), { cause: error });
      this.#failures += 1;
      this.#lastError = { at: new Date().toISOString(), error: failure };
      onFailure(failure, this.#failures);
    }
  }

  /** Each chunk once. One that the receiver does not want steps back, so that the others are not held up by it. */
  async #sendAll(): Promise<void> {
    const { buffer } = this.#options;
    let refused: UploadError | undefined;
    for (let left = buffer.chunks; left > 0; left--) {
      const chunk = buffer.take();
      if (chunk === undefined) break;
      try {
        await this.#send(chunk);
      } catch (error) {
        if (!isRefusal(error)) {
          buffer.putBack(chunk, "first");
          throw error;
        }
        buffer.putBack(chunk, "last");
        refused = error;
      }
    }
    if (refused !== undefined) throw refused;
  }

  async #send({ bytes }: Chunk): Promise<void> {
    const { service, resource, counters, timeoutMs = UPLOAD_TIMEOUT_MS } = this.#options;
    try {
      const { status } = await service.request({
        method: "POST",
        path: resource,
        headers: { "content-type": "application/json", "content-encoding": "gzip" },
        body: bytes,
        timeoutMs,
        maxBytes: ANSWER_BYTES_MAX,
        signal: this.#deadline.signal,
      });
      if (status < 200 || status >= 300)
        throw new UploadError(
          `log upload failed: the service ${service.name} (${service.url}) answered HTTP ${status} to ${resource}`,
          { httpStatus: status },
        );
      counters.add("decision_logs_chunks_uploaded");
    } catch (error) {
      counters.add("decision_logs_chunks_upload_failed");
      if (error instanceof UploadError) throw error;
      throw new UploadError(`log upload failed: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** An answer about these bytes, not about the receiver. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422]);

function isRefusal(error: unknown): error is UploadError {
  return error instanceof UploadError && error.httpStatus !== undefined && REFUSALS.has(error.httpStatus);
}

function ignoreAbort(error: unknown): void {
  if ((error as Error).name !== "AbortError") throw error;
}
