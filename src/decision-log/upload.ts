import type { Service } from "../services/service.ts";
import { type BufferLimit, DecisionBuffer } from "./buffer.ts";
import { ChunkEncoder } from "./chunk-encoder.ts";
import type { Counters } from "./counters.ts";
import type { EncodedEvent } from "./event.ts";
import { occasionally } from "./occasionally.ts";
import type { DecisionProcessLog } from "./process-log.ts";
import { RateLimit } from "./rate-limit.ts";
import { type Trigger, type UploadError, Uploader, type UploaderOptions } from "./uploader.ts";

/** Defaults as OPA's. */
export const RESOURCE = "/logs";
export const UPLOAD_BYTES_MAX = 32 * 1024;
export const BUFFER_EVENTS_MAX = 10_000;
export const MIN_DELAY_MS = 300_000;
export const MAX_DELAY_MS = 600_000;
/**
 * OPA's buffer has no limit unless it is given one, and grows until the process is killed. Here it holds about 400,000
 * decisions, compressed: an hour of 100 a second.
 */
export const BUFFER_BYTES_MAX = 64 * 1024 * 1024;

export type UploadOptions = {
  readonly service: Pick<Service, "name" | "url" | "request">;
  /** Path below the URL of the service. */
  readonly resource?: string;
  readonly buffer?: BufferLimit;
  /** Of one request, compressed. */
  readonly uploadBytesMax?: number;
  readonly decisionsPerSecondMax?: number | undefined;
  readonly trigger?: Trigger;
  readonly minDelayMs?: number;
  readonly maxDelayMs?: number;
  readonly timeoutMs?: number;
  readonly backoffMs: UploaderOptions["backoffMs"];
};

export type UploadContext = {
  readonly counters: Counters;
  readonly log: DecisionProcessLog;
  readonly monotonicMs: () => number;
  readonly random: () => number;
};

/** The way of an event to the receiver: rate limit, buffer, chunk, request. */
export class DecisionUpload {
  readonly #context: UploadContext;
  readonly #limit: RateLimit | undefined;
  readonly #buffer: DecisionBuffer;
  readonly #uploader: Uploader;
  readonly #type: BufferLimit["type"];
  readonly #service: string;
  /** Of decisions, as told last. */
  #toldDrops = 0;

  constructor(options: UploadOptions, context: UploadContext) {
    const { counters, log, monotonicMs } = context;
    const { service, decisionsPerSecondMax, uploadBytesMax = UPLOAD_BYTES_MAX } = options;
    const limit = options.buffer ?? { type: "size", bytes: BUFFER_BYTES_MAX };
    this.#context = context;
    this.#type = limit.type;
    this.#service = service.name;
    this.#limit =
      decisionsPerSecondMax === undefined ? undefined : new RateLimit(decisionsPerSecondMax, monotonicMs);
    const tellTooLarge = occasionally(
      (heldBack: number, bytes: number) =>
        log.error(
          { heldBack, bytes, uploadBytesMax },
          "a decision is dropped from the upload: it is larger than an upload may be; raise reporting.uploadSizeLimit",
        ),
      monotonicMs,
    );
    this.#buffer = new DecisionBuffer({
      limit,
      encoder: new ChunkEncoder(uploadBytesMax, counters, tellTooLarge),
      counters,
      onReady: () => this.#uploader.kick(),
      onError: (err) => log.error({ err }, "decisions could not be compressed and are dropped"),
    });
    this.#uploader = new Uploader({
      ...context,
      service,
      resource: options.resource ?? RESOURCE,
      buffer: this.#buffer,
      trigger: options.trigger ?? "periodic",
      minDelayMs: options.minDelayMs ?? MIN_DELAY_MS,
      maxDelayMs: options.maxDelayMs ?? MAX_DELAY_MS,
      backoffMs: options.backoffMs,
      onFailure: (error, attempt) => this.#tellFailure(error, attempt),
      onSuccess: (failures) => this.#tellSuccess(failures),
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
    this.#uploader.start();
  }

  get lastError(): Uploader["lastError"] {
    return this.#uploader.lastError;
  }

  get buffered(): { readonly type: BufferLimit["type"]; readonly events: number; readonly bytes: number } {
    return { type: this.#type, events: this.#buffer.events, bytes: this.#buffer.bytes };
  }

  push(event: EncodedEvent): void {
    if (this.#limit?.allow() === false)
      this.#context.counters.add("decision_logs_dropped_rate_limit_exceeded");
    else this.#buffer.push(event);
  }

  /** @throws UploadError */
  upload(): Promise<void> {
    return this.#uploader.upload();
  }

  /** Never rejects: what is left after `flushMs` is lost, and logged. */
  async stop(flushMs: number): Promise<void> {
    await this.#uploader.stop(flushMs);
    const { events } = this.#buffer;
    if (events === 0) return;
    this.#context.counters.add("regent_decision_log_lost_total", events);
    this.#context.log.error(
      { service: this.#service, events, reason: this.lastError?.error.message },
      `${events} decisions could not be uploaded within ${flushMs} ms at the end and are lost`,
    );
  }

  /** The first failure, then ever more rarely. */
  #tellFailure(error: UploadError, attempt: number): void {
    if ((attempt & (attempt - 1)) !== 0) return;
    const { log } = this.#context;
    log.error(
      { service: this.#service, attempt, ...this.buffered },
      `${error.message}; it is kept and tried again`,
    );
    this.#tellDrops();
  }

  #tellSuccess(failures: number): void {
    if (failures > 0)
      this.#context.log.info({ service: this.#service, failures }, "decisions are uploaded again");
    this.#tellDrops();
  }

  #tellDrops(): void {
    const counts = this.#context.counters.read();
    const full = counts.decision_logs_dropped_buffer_size_limit_exceeded;
    const fast = counts.decision_logs_dropped_rate_limit_exceeded;
    const dropped = full + fast - this.#toldDrops;
    if (dropped === 0) return;
    this.#toldDrops = full + fast;
    this.#context.log.warn(
      { service: this.#service, dropped, bufferFull: full, rateLimit: fast },
      `${dropped} decisions were dropped from the upload: raise the limits of decisionLogs.reporting or lower maxDelay`,
    );
  }
}
