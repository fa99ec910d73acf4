/** The thread that runs what takes long: one evaluation at a time, each with its own limit of CPU time. */
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { RegentError } from "../../exchange/errors.ts";
import { HOST_BUILTINS } from "../builtins/host.ts";
import { type ContextOptions, EvaluationContext } from "../context.ts";
import { faultOf } from "../fault.ts";
import { PolicyInstance } from "../wasm/instance.ts";
import { GRACE_MS, POLICIES_PER_WORKER_MAX, SPARE_BYTES_MAX } from "./limits.ts";
import type { FromWorker, RemotePolicy, ToWorker } from "./messages.ts";

/** Nice value: a third of a core's time where the thread that serves wants it too. More would starve large bodies. */
const NICE = 5;

/** The memory of the last evaluation, for the next one of the same policy. */
let spare: { readonly key: number; readonly memory: WebAssembly.Memory } | undefined;

const policies = new Map<number, RemotePolicy>();

function say(message: FromWorker): void {
  parentPort?.postMessage(message);
}

/** The thread that serves goes first where both want a core. Linux has a priority for each thread; elsewhere all are equal. */
function stepBack(): void {
  if (process.platform !== "linux") return;
  setPriority(Number(readlinkSync("/proc/thread-self").split("/").at(-1)), NICE);
}

stepBack();
parentPort?.on("message", (message: ToWorker) => {
  if (message.kind === "load") load(message.key, message.remote);
  else evaluate(message);
});
say({ kind: "ready" });

/** The pool counts along: it sends a policy again that has left. */
function load(key: number, remote: RemotePolicy): void {
  const [oldest] = policies.keys();
  if (policies.size >= POLICIES_PER_WORKER_MAX && oldest !== undefined) policies.delete(oldest);
  policies.set(key, remote);
}

/** In an instance of its own: these are rare, and what one leaves behind must not cost the next. */
function evaluate(job: Extract<ToWorker, { kind: "evaluate" }>): void {
  try {
    const remote = policies.get(job.key);
    if (remote === undefined) throw new Error(`the policy ${job.key} is not loaded in this thread`);
    const context = new ThreadContext({
      clock: () => job.nowNs,
      print: (line) => say({ kind: "printed", line }),
      timeLimitMs: job.timeLimitMs,
      ...(job.replay === undefined ? {} : { replay: job.replay }),
    });
    const used = spare?.key === job.key ? spare.memory : undefined;
    spare = undefined;
    const instance = new PolicyInstance({ ...remote, builtins: HOST_BUILTINS }, used);
    instance.adoptData(remote.data);
    const input = job.input instanceof Uint8Array ? Buffer.from(job.input.buffer) : job.input;
    try {
      const resultSet = instance.evaluate(job.entrypoint, input, context);
      say({ kind: "evaluated", resultSet, nondeterministic: context.recorded });
    } finally {
      if (instance.memoryBytes <= SPARE_BYTES_MAX)
        spare = { key: job.key, memory: instance.surrenderMemory() };
    }
  } catch (error) {
    const code = error instanceof RegentError ? error.code : "policy_trap";
    say({ kind: "failed", code, reason: faultOf(error) });
  }
}

/** Ends an evaluation at its limit of CPU time, and where others want the CPU too, at half of it when it is late. */
class ThreadContext extends EvaluationContext {
  readonly #limitMs: number;
  readonly #startedAtMs = performance.now();
  readonly #startedAtCpuMs = cpuMs();

  constructor(options: ContextOptions) {
    super(options);
    this.#limitMs = options.timeLimitMs;
  }

  override checkTime(): void {
    super.checkTime();
    if (performance.now() - this.#startedAtMs < this.#limitMs + GRACE_MS) return;
    if (cpuMs() - this.#startedAtCpuMs > this.#limitMs / 2) throw new RegentError("policy_timeout");
  }
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
