import { setTimeout as wait } from "node:timers/promises";
import type { SecretFiles } from "./target-secrets.ts";

/**
 * How long files must have stood still before they are read. Longer than who writes a token pauses between its parts, and far
 * shorter than two tokens overlap.
 */
export const STILL_MS = 1_000;
/** Looks at files that keep changing before that is told; then they are tried again as below. */
export const STILL_LOOKS_MAX = 10;
/** Until files in which no secret was found are looked at again, where nothing says that they have changed. */
export const RETRY_MS = 10_000;

/** How the secrets of one target stand. */
export type SecretStatus = {
  readonly target: string;
  /** When those in use were read. Milliseconds since the epoch. */
  readonly readMs: number;
  /** Why those in the files now are not in use; undefined where they are. */
  readonly fault: string | undefined;
  /** Times that they were not. */
  readonly failures: number;
};

export type FollowOptions = {
  /** Calls back when a file may have become another one. */
  readonly watch: (path: string, changed: () => Promise<void>) => { close(): void };
  readonly log: { info(facts: object, message: string): void; warn(facts: object, message: string): void };
  readonly nowMs: () => number;
  readonly stillMs?: number;
  readonly retryMs?: number;
};

export type FollowedSecrets = {
  /** By target, in the order of the registry. */
  status(): readonly SecretStatus[];
  close(): Promise<void>;
};

/**
 * Keeps the secrets of targets as their files are. Requests never wait for it: they take what is held. While a file holds
 * nothing that could be sent, the last good secret stays in use for as long as the process runs; whether it is still good is
 * for the target to say.
 */
export function followSecrets(files: readonly SecretFiles[], options: FollowOptions): FollowedSecrets {
  const followed = files.map((one) => new Followed(one, options));
  return {
    status: () => followed.map((one) => one.status()),
    async close() {
      await Promise.all(followed.map((one) => one.close()));
    },
  };
}

class Followed {
  readonly #files: SecretFiles;
  readonly #options: FollowOptions;
  readonly #watches: readonly { close(): void }[];
  readonly #closed = new AbortController();
  #retry: NodeJS.Timeout | undefined;
  #readMs: number;
  #fault: string | undefined;
  #failures = 0;
  /** Looks come one after another; one that has not begun sees whatever is there by then. */
  #looking: Promise<void> = Promise.resolve();
  #isWaiting = false;

  constructor(files: SecretFiles, options: FollowOptions) {
    this.#files = files;
    this.#options = options;
    this.#readMs = options.nowMs();
    // Watched before they are read again, so that no change since the start is missed.
    this.#watches = files.paths.map((path) => options.watch(path, () => this.#look()));
    this.#look();
  }

  status(): SecretStatus {
    return {
      target: this.#files.target,
      readMs: this.#readMs,
      fault: this.#fault,
      failures: this.#failures,
    };
  }

  async close(): Promise<void> {
    this.#closed.abort();
    for (const watch of this.#watches) watch.close();
    clearTimeout(this.#retry);
    await this.#looking;
  }

  #look(): Promise<void> {
    if (this.#isWaiting) return this.#looking;
    this.#isWaiting = true;
    this.#looking = this.#looking.then(() => {
      this.#isWaiting = false;
      return this.#read();
    });
    return this.#looking;
  }

  async #read(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    clearTimeout(this.#retry);
    try {
      const isNew = await this.#files.take(await this.#still());
      this.#took(isNew);
    } catch (error) {
      this.#failed(error instanceof Error ? error.message : String(error));
    }
  }

  /** The state of the files once it lasts. */
  async #still(): Promise<string> {
    const { stillMs = STILL_MS } = this.#options;
    const { signal } = this.#closed;
    let seen = await this.#files.state();
    for (let looks = 0; looks < STILL_LOOKS_MAX; looks += 1) {
      await wait(stillMs, undefined, { signal, ref: false });
      const next = await this.#files.state();
      if (next === seen) return seen;
      seen = next;
    }
    throw new Error(`${this.#files.paths.join(" and ")} kept changing`);
  }

  #took(isNew: boolean): void {
    const { log, nowMs } = this.#options;
    if (isNew || this.#fault !== undefined)
      log.info({ target: this.#files.target }, "the key of a target was read again");
    this.#fault = undefined;
    this.#readMs = nowMs();
  }

  #failed(reason: string): void {
    if (this.#closed.signal.aborted) return;
    const { log, retryMs = RETRY_MS } = this.#options;
    const { target } = this.#files;
    this.#failures += 1;
    // Once for each thing that is wrong: it is tried again until it is mended.
    if (reason !== this.#fault)
      log.warn({ target, reason }, "the key of a target could not be read again; the last good one stays");
    this.#fault = reason;
    this.#retry = setTimeout(() => this.#look(), retryMs).unref();
  }
}
