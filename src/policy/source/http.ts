import { backoffMs, type Service, ServiceError } from "../../services/index.ts";
import { ARCHIVE_BYTES_MAX, unpackArchive } from "../bundle/archive.ts";
import { BundleError } from "../bundle/error.ts";
import { faultOf } from "../fault.ts";
import type { PolicyLog } from "../log.ts";
import { type BundleAnswer, readBundleAnswer } from "./http-answer.ts";
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
  /** How long `start()` waits for the server, milliseconds. */
  readonly firstLookWaitMs?: number;
};

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
/** Two looks begin at least so far apart, whatever the polling says. */
export const LOOK_INTERVAL_MIN_MS = 100;
/** The longest wait that a timer can take; a longer one would end at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;
/** The start of the process waits for a server no longer; what comes later is activated when it comes. */
export const FIRST_LOOK_WAIT_MS = 5_000;

/**
 * A bundle of an HTTP service, after OPA's bundle service API: asked for again and again with the ETag of the version
 * that was accepted last, by long polling where the server speaks it. A persisted copy is offered before the server is
 * asked for the first time.
 * @see https://www.openpolicyagent.org/docs/management-bundles#bundle-service-api
 */
export function createHttpSource(options: HttpSourceOptions): BundleSource {
  return new PollingSource(options);
}

class PollingSource implements BundleSource {
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

  constructor(options: HttpSourceOptions) {
    this.#options = options;
    this.#polling = options.polling ?? POLLING;
    this.#sizeLimitBytes = Math.min(options.sizeLimitBytes ?? ARCHIVE_BYTES_MAX, ARCHIVE_BYTES_MAX);
    this.#path = (options.resource ?? `bundles/${options.name}`).replace(/^\/+/, "");
    this.location = `${options.service.url}/${this.#path.replace(/[?#].*$/s, "")}`;
    this.#longPolling = this.#polling.longPollingTimeoutMs !== undefined;
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
    const waitMs = this.#options.firstLookWaitMs ?? FIRST_LOOK_WAIT_MS;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(resolve, waitMs, "late");
    });
    const ended = await Promise.race([first, late]);
    clearTimeout(timer);
    if (ended !== "late") return;
    // What has come is being activated: that ends by itself.
    if (!this.#asking) return first;
    sink.failed(this.#error(new BundleError(`no whole answer within ${waitMs} ms; it is still waited for`)));
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
        log.info(
          { bundle: this.#options.name, file: persistence.file },
          "the persisted copy of a policy bundle is active",
        );
        return true;
      }
      fault = verdict.error;
    } catch (error) {
      fault = error;
    }
    const message = `the persisted copy of the policy bundle ${this.#options.name} is not used: ${faultOf(fault)}`;
    log.error({ bundle: this.#options.name, file: persistence.file, err: fault }, message);
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
    const waitMs = Math.min(Math.max(delayMs, LOOK_INTERVAL_MIN_MS), TIMER_MS_MAX);
    this.#timer = setTimeout(() => void this.#enqueue({ mayWait: true }), waitMs).unref();
  }

  /** One look at the server. Never rejects. @returns milliseconds until the next. */
  async #look(mayWait: boolean): Promise<number> {
    const sink = this.#sink;
    if (sink === undefined) throw new TypeError("a bundle source is started before it is reloaded");
    const startedAt = performance.now();
    try {
      const answer = await this.#ask(mayWait && this.#longPolling);
      if (answer === "given up" || this.#closing.signal.aborted) return 0;
      if (answer.kind === "unchanged") sink.unchanged();
      else if (!(await this.#offer(sink, answer))) return this.#retryDelayMs();
      this.#failures = 0;
      return this.#nextDelayMs(startedAt);
    } catch (error) {
      if (this.#closing.signal.aborted) return 0;
      sink.failed(this.#error(error));
      return this.#retryDelayMs();
    }
  }

  /** @throws ServiceError, BundleError */
  async #ask(longPoll: boolean): Promise<BundleAnswer | "given up"> {
    const waitMs = longPoll ? (this.#polling.longPollingTimeoutMs ?? 0) : 0;
    const downloadMs = this.#options.downloadTimeoutMs ?? DOWNLOAD_TIMEOUT_MS;
    const etag = this.#etag;
    const waiting = new AbortController();
    if (longPoll) this.#longPoll = waiting;
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
    }
  }

  /** Offers what came. The ETag and the persisted copy are of accepted versions only. @throws BundleError: no archive. */
  async #offer(sink: BundleSink, answer: Extract<BundleAnswer, { kind: "bundle" }>): Promise<boolean> {
    this.#longPolling = this.#polling.longPollingTimeoutMs !== undefined && answer.longPolling;
    const verdict = await sink.offer(await unpack(answer));
    if (!verdict.accepted) return false;
    const { archive, etag } = answer;
    try {
      await this.#options.persistence?.save({ archive, ...(etag === undefined ? {} : { etag }) });
      this.#etag = etag;
      return true;
    } catch (error) {
      // It decides all the same, and is asked for again, so that it is kept at last.
      sink.failed(new BundleError(`it is active but not persisted: ${faultOf(error)}`, { cause: error }));
      return false;
    }
  }

  /** Names the service; who takes it adds the name of the bundle. */
  #error(cause: unknown): BundleError {
    const reason = cause instanceof ServiceError ? cause.reason : faultOf(cause);
    const httpStatus = cause instanceof BundleError ? cause.httpStatus : undefined;
    return new BundleError(`the service ${this.#options.service.name}: ${reason}`, {
      cause,
      ...(httpStatus === undefined ? {} : { httpStatus }),
    });
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
    throw new BundleError(`its answer ${type} is no bundle: ${faultOf(error)}`, { cause: error });
  }
}
