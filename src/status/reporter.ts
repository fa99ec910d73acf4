import { STATUS_CODES } from "node:http";
import type { JsonObject } from "../exchange/json.ts";
import { backoffMs, type Service } from "../services/index.ts";

export type StatusLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

export type StatusReporterOptions = {
  /** What is true now, in the form of OPA's status API. Asked for when a report is sent, so that it is never old. */
  readonly document: () => JsonObject | Promise<JsonObject>;
  /** Who is told; absent: only the console is. */
  readonly service?: Pick<Service, "name" | "request">;
  /** Below `status`. */
  readonly partition?: string;
  /** Write each report to the log too. */
  readonly console?: boolean;
  /** Between two reports when nothing changes, milliseconds. */
  readonly intervalMs: number;
  readonly log: StatusLog;
  /** How long changes are collected, milliseconds. */
  readonly settleMs?: number;
  readonly retry?: { readonly minMs: number; readonly maxMs: number };
};

/** Tells a service what is active here, as OPA's status API has it. */
export type StatusReporter = {
  /** Something may have changed: it is told soon. */
  changed(): void;
  /** Why the newest report was not taken; undefined when it was. */
  fault(): string | undefined;
  /** Sends what has not been told yet, once and for a bounded time, and ends. */
  close(): Promise<void>;
};

/** Changes that come together, of one activation, are one report. */
export const SETTLE_MS = 100;
/** After a failure; a receiver that is away for an hour is asked some sixty times. */
export const RETRY = { minMs: 1_000, maxMs: 60_000 };
/** Of one report. */
export const REPORT_TIMEOUT_MS = 30_000;
/** Of the last report when the process ends, within the grace that orchestrators give. */
export const LAST_REPORT_TIMEOUT_MS = 2_000;
/** Of an answer, which nobody reads. */
const ANSWER_BYTES_MAX = 64 * 1024;

/**
 * Reports now, after each change and from time to time. One report is under way at a time and nothing waits but the
 * wish for another one, so that what is sent is the newest state however long a receiver was away.
 * @see https://www.openpolicyagent.org/docs/management-status
 */
export function createStatusReporter(options: StatusReporterOptions): StatusReporter {
  const reporter = new Reporter(options);
  reporter.changed();
  return reporter;
}

class Reporter implements StatusReporter {
  readonly #options: StatusReporterOptions;
  readonly #closing = new AbortController();
  #sending: Promise<void> | undefined;
  /** There is something that has not been told. */
  #due = false;
  #failures = 0;
  #fault: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StatusReporterOptions) {
    this.#options = options;
  }

  changed(): void {
    if (this.#closing.signal.aborted || this.#due) return;
    this.#due = true;
    // What is under way, or waits after a failure, is followed by a report of the newest state anyway.
    if (this.#sending === undefined && this.#failures === 0) this.#after(this.#options.settleMs ?? SETTLE_MS);
  }

  fault(): string | undefined {
    return this.#fault;
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#sending;
    if (!this.#due) return;
    await this.#send(LAST_REPORT_TIMEOUT_MS, undefined);
  }

  #after(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#sending = this.#report();
    }, ms).unref();
  }

  /** Never rejects. */
  async #report(): Promise<void> {
    await this.#send(REPORT_TIMEOUT_MS, this.#closing.signal);
    this.#sending = undefined;
    if (this.#closing.signal.aborted) return;
    if (this.#failures > 0) this.#after(backoffMs(this.#failures, this.#options.retry ?? RETRY));
    else this.#after(this.#due ? (this.#options.settleMs ?? SETTLE_MS) : this.#options.intervalMs);
  }

  async #send(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    this.#due = false;
    const { document, console, log } = this.#options;
    try {
      const status = await document();
      // The console is told once of a state, not once more for each attempt to tell the service.
      if (console === true && this.#failures === 0)
        log.info({ ...status, type: "openpolicyagent.org/status" }, "Status Log");
      await this.#post(status, timeoutMs, signal);
      this.#succeeded();
    } catch (error) {
      this.#due = true;
      if (signal?.aborted !== true) this.#failed(error);
    }
  }

  async #post(status: JsonObject, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { service, partition } = this.#options;
    if (service === undefined) return;
    const answer = await service.request({
      method: "POST",
      path: partition === undefined ? "status" : `status/${partition}`,
      headers: { "content-type": "application/json" },
      body: Buffer.from(JSON.stringify(status)),
      timeoutMs,
      maxBytes: ANSWER_BYTES_MAX,
      ...(signal === undefined ? {} : { signal }),
    });
    if (answer.status < 200 || answer.status > 299)
      throw new Error(
        `the service ${service.name} replied with ${answer.status} ${STATUS_CODES[answer.status] ?? ""}`,
      );
  }

  #succeeded(): void {
    if (this.#failures > 0)
      this.#options.log.info({ attempts: this.#failures + 1 }, "the status is told again");
    this.#failures = 0;
    this.#fault = undefined;
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    const message = error instanceof Error ? error.message : String(error);
    // One line an outage, and one whenever its reason changes.
    if (message !== this.#fault)
      this.#options.log.error({ err: error }, `the status cannot be told, it is tried again: ${message}`);
    this.#fault = message;
  }
}
