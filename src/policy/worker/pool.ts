import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { ERRORS, type ErrorCode, RegentError } from "../../exchange/errors.ts";
import type { JsonObject } from "../../exchange/json.ts";
import {
  GRACE_MS,
  LINGER_MS,
  POLICIES_PER_WORKER_MAX,
  STARVED_MS,
  WAITING_BYTES_MAX,
  WAITING_MAX,
  WORKER_HEAP_MIB_MAX,
  WORKERS_MAX,
} from "./limits.ts";
import type { FromWorker, RemotePolicy, ToWorker } from "./messages.ts";

export type EvaluationJob = {
  readonly remote: RemotePolicy;
  readonly entrypoint: number;
  /** JSON, in UTF-8 where it is bytes; undefined: no input. */
  readonly input: string | Buffer | undefined;
  /** Values that were read already: by an earlier evaluation, or by this one before it was handed over. */
  readonly replay: JsonObject | undefined;
  /** Nanoseconds since the epoch, for `time.now_ns`. */
  readonly nowNs: bigint;
  /** CPU time of the evaluation at most, milliseconds. */
  readonly timeLimitMs: number;
  /** Takes the lines that the policy prints. */
  readonly print: (line: string) => void;
};

export type RemoteEvaluation = {
  /** As `PolicyInstance.evaluate` gives it. */
  readonly resultSet: string;
  readonly nondeterministic: JsonObject | undefined;
};

type Waiting = {
  readonly job: EvaluationJob;
  readonly resolve: (evaluation: RemoteEvaluation) => void;
  readonly reject: (error: RegentError) => void;
  /** Ends it when it waited for a thread, or when its thread took, for too long. */
  deadline: NodeJS.Timeout;
};

type Thread = {
  readonly worker: Worker;
  /** Keys of the policies that it has, the oldest first. */
  readonly loaded: Set<number>;
  ready: boolean;
  /** What it works on, answered already or not. */
  running: Waiting | undefined;
  /** Set when its evaluation is late: ends it. */
  end: NodeJS.Timeout | undefined;
};

const WORKER_FILE = new URL(`./worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

/**
 * A few threads for evaluations that take longer than the thread that serves can give them. An evaluation ends by its
 * own count of steps; one that is late is answered for, and a thread that lingers over it is terminated and replaced.
 * Whatever happens, each job is answered once: with a result or a RegentError. (Of a promise only the first answer
 * counts.)
 */
export class EvaluationPool {
  readonly #threads = new Set<Thread>();
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  readonly #keys = new WeakMap<RemotePolicy, number>();
  #nextKey = 0;
  #ready = false;
  #closed = false;

  /** Starts its threads, so that the first long evaluation does not wait for that. */
  constructor() {
    this.#fill();
  }

  /** A thread has started: from then on there is one, or another one is being started. */
  get ready(): boolean {
    return this.#ready && !this.#closed;
  }

  /** Resolves when every thread has started. For tests and benches: jobs need not wait for it. */
  async started(): Promise<void> {
    const starting = [...this.#threads].filter(({ ready }) => !ready);
    await Promise.all(starting.map(({ worker }) => onceReady(worker)));
  }

  /**
   * Evaluates in a thread.
   * @throws RegentError policy_timeout at the limit, or when more is waiting than can be served in time; policy_trap.
   */
  evaluate(job: EvaluationJob): Promise<RemoteEvaluation> {
    if (this.#closed) return Promise.reject(new RegentError("policy_unavailable"));
    const bytes = inputBytes(job.input);
    if (this.#waiting.length >= WAITING_MAX || this.#waitingBytes + bytes > WAITING_BYTES_MAX)
      return Promise.reject(timeout("too many long evaluations are waiting"));
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => this.#expire(waiting), job.timeLimitMs + GRACE_MS);
      const waiting: Waiting = { job, resolve, reject, deadline };
      this.#waiting.push(waiting);
      this.#waitingBytes += bytes;
      this.#fill();
      this.#dispatch();
    });
  }

  /** Ends the threads; what is waiting or running fails. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#waiting.splice(0)) fail(waiting, new RegentError("policy_unavailable"));
    this.#waitingBytes = 0;
    await Promise.all([...this.#threads].map(({ worker }) => worker.terminate()));
  }

  #fill(): void {
    while (!this.#closed && this.#threads.size < WORKERS_MAX) this.#start();
  }

  #start(): void {
    const worker = new Worker(WORKER_FILE, {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MIB_MAX },
    });
    const thread: Thread = { worker, loaded: new Set(), ready: false, running: undefined, end: undefined };
    this.#threads.add(thread);
    worker.on("message", (message: FromWorker) => this.#hear(thread, message));
    worker.on("error", (error) =>
      this.#lose(thread, new RegentError("policy_trap", undefined, { cause: error })),
    );
    worker.on("exit", () => this.#lose(thread, timeout("its thread was ended")));
    // What the process is there for keeps it alive, not its helpers. Listening for messages does: so it comes after.
    worker.unref();
  }

  #hear(thread: Thread, message: FromWorker): void {
    if (message.kind === "printed") {
      thread.running?.job.print(message.line);
      return;
    }
    thread.ready = true;
    this.#ready = true;
    const { running } = thread;
    thread.running = undefined;
    clearTimeout(thread.end);
    if (running !== undefined) answer(running, message);
    this.#dispatch();
  }

  /** A thread is gone. One that had started is replaced at once, another one when there is work: it may never start. */
  #lose(thread: Thread, error: RegentError): void {
    if (!this.#threads.delete(thread)) return;
    clearTimeout(thread.end);
    if (thread.running !== undefined) fail(thread.running, error);
    thread.running = undefined;
    if (thread.ready) this.#fill();
  }

  #expire(waiting: Waiting): void {
    const place = this.#waiting.indexOf(waiting);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      this.#waitingBytes -= inputBytes(waiting.job.input);
      fail(waiting, timeout("it waited too long for a thread"));
      return;
    }
    fail(waiting, timeout("it went on beyond its deadline"));
    const thread = [...this.#threads].find(({ running }) => running === waiting);
    if (thread === undefined) return;
    thread.end = setTimeout(() => {
      this.#lose(thread, timeout("its thread was ended"));
      void thread.worker.terminate();
    }, LINGER_MS);
  }

  #dispatch(): void {
    for (const thread of this.#threads) {
      if (!thread.ready || thread.running !== undefined) continue;
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      this.#waitingBytes -= inputBytes(waiting.job.input);
      thread.running = waiting;
      clearTimeout(waiting.deadline);
      const mostMs = waiting.job.timeLimitMs + GRACE_MS + STARVED_MS;
      waiting.deadline = setTimeout(() => this.#expire(waiting), mostMs);
      this.#send(thread, waiting.job);
    }
  }

  #send(thread: Thread, job: EvaluationJob): void {
    const key = this.#keyOf(job.remote);
    const tell = (message: ToWorker, transfer: ArrayBuffer[] = []): void =>
      thread.worker.postMessage(message, transfer);
    if (!thread.loaded.has(key)) {
      tell({ kind: "load", key, remote: job.remote });
      const [oldest] = thread.loaded;
      if (thread.loaded.size >= POLICIES_PER_WORKER_MAX && oldest !== undefined) thread.loaded.delete(oldest);
      thread.loaded.add(key);
    }
    // A copy, to be moved: a Buffer is often a part of something larger, which would be sent with it.
    const input = Buffer.isBuffer(job.input) ? new Uint8Array(job.input) : job.input;
    const { entrypoint, replay, nowNs, timeLimitMs } = job;
    tell(
      { kind: "evaluate", key, entrypoint, input, replay, nowNs, timeLimitMs },
      input instanceof Uint8Array ? [input.buffer] : [],
    );
  }

  #keyOf(remote: RemotePolicy): number {
    const known = this.#keys.get(remote);
    if (known !== undefined) return known;
    this.#nextKey += 1;
    this.#keys.set(remote, this.#nextKey);
    return this.#nextKey;
  }
}

/** Who waits for a thread keeps the process alive for so long. */
function onceReady(worker: Worker): Promise<void> {
  worker.ref();
  return new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("exit", () => reject(new Error("the thread ended before it was ready")));
  }).finally(() => worker.unref());
}

/** Size of an input in UTF-8. */
export function inputBytes(input: EvaluationJob["input"]): number {
  return input === undefined ? 0 : Buffer.byteLength(input);
}

function answer({ deadline, resolve, reject }: Waiting, message: FromWorker): void {
  clearTimeout(deadline);
  if (message.kind === "evaluated")
    resolve({ resultSet: message.resultSet, nondeterministic: message.nondeterministic });
  else if (message.kind === "failed")
    reject(new RegentError(codeOf(message.code), undefined, { cause: new Error(message.reason) }));
  else
    reject(new RegentError("policy_trap", undefined, { cause: new Error("a thread answered out of turn") }));
}

function fail({ deadline, reject }: Waiting, error: RegentError): void {
  clearTimeout(deadline);
  reject(error);
}

function codeOf(code: string): ErrorCode {
  return Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : "policy_trap";
}

function timeout(reason: string): RegentError {
  return new RegentError("policy_timeout", undefined, { cause: new Error(reason) });
}
