import { backoffMs, type Service, ServiceError } from "../../services/index.ts";
import { ARCHIVE_BYTES_MAX, unpackArchive } from "../bundle/archive.ts";
import { BundleError } from "../bundle/error.ts";
import type { PolicyLog } from "../log.ts";
import { type BundleAnswer, HttpStatusError, readBundleAnswer } from "./http-answer.ts";
import type { BundlePersistence, PersistedBundle } from "./persistence.ts";
import type { BundleFiles, BundleSink, BundleSource } from "./source.ts";

/** How often a bundle is asked for; milliseconds. As OPA's `polling`. */
export type Polling = {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** How long the server may hold a request until there is news; absent: no long polling. */
  readonly longPollingTimeoutMs?: number;
};

export type HttpSourceOptions = {
  /** Name of the bundle. */
  readonly name: string;
  readonly service: Service;
  /** Below the service's URL; `bundles/NAME` unless said otherwise. */
  readonly resource?: string;
  readonly polling?: Polling;
  /** `manual`: it is asked for at the start and by `reload()` only. */
  readonly trigger?: "periodic" | "manual";
  /** Of the archive as it is sent. */
  readonly sizeLimitBytes?: number;
  readonly persistence?: BundlePersistence;
  readonly log: PolicyLog;
  /** Of a whole download, milliseconds. */
  readonly downloadTimeoutMs?: number;
  /** Called after each look at the server, whatever came of it. */
  readonly onLook?: () => void;
};

/** What became of the looks at the server, as OPA's status API tells it. Times in milliseconds since the epoch. */
export type DownloadStatus = {
  readonly lastRequestMs?: number;
  /** The server answered with a bundle or with 304. */
  readonly lastSuccessfulRequestMs?: number;
  readonly lastSuccessfulDownloadMs?: number;
  /** Bytes of the archive that was accepted last. */
  readonly size?: number;
  /** Of the newest look; absent when it was well. */
  readonly error?: { readonly message: string; readonly httpStatus?: number };
  /** Nanoseconds that the newest request took. */
  readonly requestNanos?: number;
};

export type HttpSource = BundleSource & { readonly name: string; status(): DownloadStatus };

/** As OPA's `min_delay_seconds` and `max_delay_seconds`. */
export const POLLING: Polling = { minDelayMs: 60_000, maxDelayMs: 120_000 };
/** The first wait after a failure, as OPA's. */
export const RETRY_DELAY_MIN_MS = 100;
/** A whole download: 64 MiB at 600 kB/s. A server that trickles bytes holds up the next look no longer. */
export const DOWNLOAD_TIMEOUT_MS = 120_000;
/** What a long poll may take beyond the wait that was asked for: the way there and back, a server that rounds up. */
export const LONG_POLL_GRACE_MS = 15_000;
/** Two long polls begin at least so far apart: a server that answers each at once is not asked in a circle. */
export const LONG_POLL_INTERVAL_MIN_MS = 1_000;
/** The start of the process waits for a server no longer; what comes later is activated when it comes. */
export const FIRST_LOOK_WAIT_MS = 10_000;

/**
 * A bundle of an HTTP service, after OPA's bundle service API: asked for again and again with the ETag of the version
 * that was accepted last, by long polling where the server speaks it. A persisted copy is offered before the server is
 * asked for the first time.
 * @see https://www.openpolicyagent.org/docs/management-bundles#bundle-service-api
 */
export function createHttpSource(options: HttpSourceOptions): HttpSource {
  return new PollingSource(options);
}

class PollingSource implements HttpSource {
  readonly name: string;
  readonly location: string;
  readonly remote = true;
  readonly #options: HttpSourceOptions;
  readonly #polling: Polling;
  readonly #sizeLimitBytes: number;
  readonly #path: string;
  readonly #closing = new AbortController();
  #sink: BundleSink | undefined;
  /** Looks take place one after another. */
  #looks: Promise<void> = Promise.resolve();
  /** Looks that wait for their turn. */
  #queued = 0;
  /** Ends the wait of a long poll for a look that is asked for. */
  #longPoll: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Of the version that was accepted last. */
  #etag: string | undefined;
  #longPolling: boolean;
  /** A request is under way and nothing has come of it yet. */
  #asking = false;
  #failures = 0;
  #status: DownloadStatus = {};

  constructor(options: HttpSourceOptions) {
    this.name = options.name;
    this.#options = options;
    this.#polling = options.polling ?? POLLING;
    this.#sizeLimitBytes = Math.min(options.sizeLimitBytes ?? ARCHIVE_BYTES_MAX, ARCHIVE_BYTES_MAX);
    this.#path = (options.resource ?? `bundles/${options.name}`).replace(/^\/+/, "");
    this.location = `${options.service.url}/${this.#path.replace(/[?#].*$/s, "")}`;
    this.#longPolling = this.#polling.longPollingTimeoutMs !== undefined;
  }

  status(): DownloadStatus {
    return this.#status;
  }

  async start(sink: BundleSink): Promise<void> {
    this.#sink = sink;
    const persisted = await this.#offerPersisted(sink);
    const first = this.#enqueue({ mayWait: persisted });
    if (!persisted) await this.#firstLook(sink, first);
  }

  reload(): Promise<void> {
    this.#longPoll?.abort();
    return this.#enqueue({ mayWait: false });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#looks;
  }

  /** The start of the process does not hang on a server: after a while it is told that there is nothing yet. */
  async #firstLook(sink: BundleSink, first: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(resolve, FIRST_LOOK_WAIT_MS, "late");
    });
    const ended = await Promise.race([first, late]);
    clearTimeout(timer);
    if (ended !== "late") return;
    // What has come is being activated: that ends by itself.
    if (!this.#asking) return first;
    sink.failed(this.#error(`no whole answer within ${FIRST_LOOK_WAIT_MS} ms; it is still waited for`));
  }

  /** @returns whether a persisted copy is active now. */
  async #offerPersisted(sink: BundleSink): Promise<boolean> {
    const { persistence, log } = this.#options;
    if (persistence === undefined) return false;
    let copy: PersistedBundle | undefined;
    let fault: unknown;
    try {
      copy = await persistence.load();
      if (copy === undefined) return false;
      const verdict = await sink.offer(await unpackArchive(copy.archive));
      if (verdict.accepted) {
        this.#etag = copy.etag;
        this.#status = { ...this.#status, size: copy.archive.length };
        log.info(
          { bundle: this.name, file: persistence.file },
          "the persisted copy of a policy bundle is active",
        );
        return true;
      }
      fault = verdict.error;
    } catch (error) {
      fault = error;
    }
    const message = `the persisted copy of the policy bundle ${this.name} is not used: ${messageOf(fault)}`;
    log.error({ bundle: this.name, file: persistence.file, err: fault }, message);
    return false;
  }

  #enqueue({ mayWait }: { readonly mayWait: boolean }): Promise<void> {
    clearTimeout(this.#timer);
    this.#queued += 1;
    this.#looks = this.#looks.then(async () => {
      this.#queued -= 1;
      if (this.#closing.signal.aborted) return;
      const delayMs = await this.#look(mayWait);
      if (this.#queued === 0) this.#schedule(delayMs);
    });
    return this.#looks;
  }

  #schedule(delayMs: number): void {
    if (this.#closing.signal.aborted || this.#options.trigger === "manual") return;
    this.#timer = setTimeout(() => void this.#enqueue({ mayWait: true }), delayMs).unref();
  }

  /** One look at the server. Never rejects. @returns milliseconds until the next. */
  async #look(mayWait: boolean): Promise<number> {
    const sink = this.#sink;
    if (sink === undefined) throw new TypeError("a bundle source is started before it is reloaded");
    const startedAt = performance.now();
    this.#status = { ...this.#status, lastRequestMs: Date.now() };
    try {
      const answer = await this.#ask(mayWait && this.#longPolling);
      if (answer === "given up" || this.#closing.signal.aborted) return 0;
      const well = answer.kind === "unchanged" ? this.#unchanged(sink) : await this.#offer(sink, answer);
      if (!well) return this.#retryDelayMs();
      this.#failures = 0;
      return this.#nextDelayMs(startedAt);
    } catch (error) {
      if (this.#closing.signal.aborted) return 0;
      const fault = this.#error(error);
      this.#fail(fault, error instanceof HttpStatusError ? error.status : undefined);
      sink.failed(fault);
      return this.#retryDelayMs();
    } finally {
      if (!this.#closing.signal.aborted) this.#options.onLook?.();
    }
  }

  /** @throws ServiceError, BundleError */
  async #ask(longPoll: boolean): Promise<BundleAnswer | "given up"> {
    const waitMs = longPoll ? (this.#polling.longPollingTimeoutMs ?? 0) : 0;
    const downloadMs = this.#options.downloadTimeoutMs ?? DOWNLOAD_TIMEOUT_MS;
    const etag = this.#etag;
    const waiting = new AbortController();
    if (longPoll) this.#longPoll = waiting;
    const startedAt = process.hrtime.bigint();
    this.#asking = true;
    try {
      const response = await this.#options.service.request({
        method: "GET",
        path: this.#path,
        headers: {
          prefer: longPoll ? `modes=snapshot;wait=${Math.ceil(waitMs / 1000)}` : "modes=snapshot",
          ...(etag === undefined ? {} : { "if-none-match": etag }),
        },
        timeoutMs: longPoll ? waitMs + LONG_POLL_GRACE_MS + downloadMs : downloadMs,
        ...(longPoll ? { responseHeaderTimeoutMs: waitMs + LONG_POLL_GRACE_MS } : {}),
        maxBytes: this.#sizeLimitBytes,
        signal: AbortSignal.any([this.#closing.signal, waiting.signal]),
      });
      return await readBundleAnswer(response, etag, this.#sizeLimitBytes);
    } catch (error) {
      // The look that was asked for comes next; this one only waited for news.
      if (waiting.signal.aborted && error instanceof ServiceError && error.fault === "aborted")
        return "given up";
      throw error;
    } finally {
      this.#asking = false;
      this.#longPoll = undefined;
      this.#status = { ...this.#status, requestNanos: Number(process.hrtime.bigint() - startedAt) };
    }
  }

  #unchanged(sink: BundleSink): true {
    this.#status = { ...withoutError(this.#status), lastSuccessfulRequestMs: Date.now() };
    sink.unchanged();
    return true;
  }

  /** Offers what came. The ETag and the persisted copy are of accepted versions only. @throws BundleError: no archive. */
  async #offer(sink: BundleSink, answer: Extract<BundleAnswer, { kind: "bundle" }>): Promise<boolean> {
    const now = Date.now();
    this.#longPolling = this.#polling.longPollingTimeoutMs !== undefined && answer.longPolling;
    this.#status = { ...this.#status, lastSuccessfulRequestMs: now };
    const verdict = await sink.offer(await unpack(answer));
    this.#status = { ...this.#status, lastSuccessfulDownloadMs: now };
    if (!verdict.accepted) {
      this.#fail(verdict.error);
      return false;
    }
    this.#status = { ...withoutError(this.#status), size: answer.archive.length };
    return this.#persist(answer);
  }

  /** A version that could not be kept decides all the same; it is asked for again, so that it is kept at last. */
  async #persist({ archive, etag }: Extract<BundleAnswer, { kind: "bundle" }>): Promise<boolean> {
    try {
      await this.#options.persistence?.save({ archive, ...(etag === undefined ? {} : { etag }) });
      this.#etag = etag;
      return true;
    } catch (error) {
      const message = `the policy bundle ${this.name} is active but not persisted: ${messageOf(error)}`;
      this.#fail(new BundleError(message, { cause: error }));
      this.#options.log.error({ bundle: this.name, err: error }, message);
      return false;
    }
  }

  #fail(error: Error, httpStatus?: number): void {
    this.#status = {
      ...this.#status,
      error: { message: error.message, ...(httpStatus === undefined ? {} : { httpStatus }) },
    };
  }

  /** Names the service; who takes it adds the name of the bundle. */
  #error(cause: unknown): BundleError {
    const reason = cause instanceof ServiceError ? cause.reason : messageOf(cause);
    const message = `the service ${this.#options.service.name} (${this.location}): ${reason}`;
    return new BundleError(message, { cause });
  }

  #retryDelayMs(): number {
    this.#failures += 1;
    return backoffMs(this.#failures, { minMs: RETRY_DELAY_MIN_MS, maxMs: this.#polling.maxDelayMs });
  }

  #nextDelayMs(startedAt: number): number {
    if (this.#longPolling) return Math.max(0, LONG_POLL_INTERVAL_MIN_MS - (performance.now() - startedAt));
    const { minDelayMs, maxDelayMs } = this.#polling;
    return minDelayMs + Math.random() * (maxDelayMs - minDelayMs);
  }
}

/** @throws BundleError */
async function unpack({
  archive,
  contentType,
}: Extract<BundleAnswer, { kind: "bundle" }>): Promise<BundleFiles> {
  try {
    return await unpackArchive(archive);
  } catch (error) {
    const type = contentType === undefined ? "without a content-type" : `of content-type ${contentType}`;
    throw new BundleError(`its answer ${type} is no bundle: ${messageOf(error)}`, { cause: error });
  }
}

function withoutError({ error: _, ...status }: DownloadStatus): DownloadStatus {
  return status;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
