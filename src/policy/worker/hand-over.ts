import { RegentError } from "../../exchange/errors.ts";
import type { JsonObject } from "../../exchange/json.ts";
import { type ContextOptions, EvaluationContext } from "../context.ts";
import { INLINE_INPUT_BYTES_MAX, INLINE_LIMIT_MS, INLINE_LOOKS_MIN } from "./limits.ts";
import { type EvaluationJob, type EvaluationPool, inputBytes, type RemoteEvaluation } from "./pool.ts";

export type BoundedJob = Omit<EvaluationJob, "nowNs"> & {
  /** Nanoseconds since the epoch. */
  readonly clock: () => bigint;
  /** Evaluates the job on this thread; throws what `PolicyInstance.evaluate` throws. */
  readonly here: (context: EvaluationContext) => string;
};

/**
 * Evaluates on this thread for up to {@link INLINE_LIMIT_MS}, which is enough for nearly everything. What takes longer is
 * begun again in a thread of the pool and has its whole time there, so that a hostile body cannot hold up other
 * exchanges. What the first attempt read of time and chance is what the second one reads. While no thread has started
 * all of it runs here: a policy must not be denied because a thread is late.
 * @throws RegentError policy_timeout, policy_trap
 */
export async function evaluateBounded(pool: EvaluationPool, job: BoundedJob): Promise<RemoteEvaluation> {
  const { clock, here, ...rest } = job;
  if (job.timeLimitMs <= INLINE_LIMIT_MS || !pool.ready)
    return evaluateIn(new EvaluationContext(contextOptions(job)), here);
  let { replay } = job;
  let printed = 0;
  if (inputBytes(job.input) <= INLINE_INPUT_BYTES_MAX) {
    const print = (line: string): void => {
      printed += 1;
      job.print(line);
    };
    const context = new InlineContext(contextOptions({ ...job, print }));
    try {
      return evaluateIn(context, here);
    } catch (error) {
      if (!isTimeout(error)) throw error;
      replay = merged(replay, context.recorded);
    }
  }
  const print = (line: string): void => {
    // The second attempt prints again what the first one did.
    if (printed > 0) printed -= 1;
    else job.print(line);
  };
  return pool.evaluate({ ...rest, replay, nowNs: clock(), print });
}

function contextOptions({ clock, print, timeLimitMs, replay }: BoundedJob): ContextOptions {
  return { clock, print, timeLimitMs, ...(replay === undefined ? {} : { replay }) };
}

function evaluateIn(context: EvaluationContext, here: BoundedJob["here"]): RemoteEvaluation {
  return { resultSet: here(context), nondeterministic: context.recorded };
}

/**
 * Ends an evaluation early. By the wall's clock, because that is what others wait by and because the CPU's moves in ticks
 * of up to 10 ms; but not before it has done some work, so that one that was only interrupted is not begun again.
 */
class InlineContext extends EvaluationContext {
  #looks = 0;
  #startedAtMs = 0;

  override checkTime(): void {
    const nowMs = performance.now();
    if (this.#looks === 0) this.#startedAtMs = nowMs;
    this.#looks += 1;
    if (this.#looks >= INLINE_LOOKS_MIN && nowMs - this.#startedAtMs > INLINE_LIMIT_MS)
      throw new RegentError("policy_timeout");
  }

  /** What would hold this thread for too long is not even begun here. */
  override announce(workMs: number): void {
    this.checkTime();
    if (workMs > INLINE_LIMIT_MS) throw new RegentError("policy_timeout");
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof RegentError && error.code === "policy_timeout";
}

function merged(given: JsonObject | undefined, recorded: JsonObject | undefined): JsonObject | undefined {
  if (given === undefined || recorded === undefined) return recorded ?? given;
  const builtins = new Set([...Object.keys(given), ...Object.keys(recorded)]);
  return Object.fromEntries(
    [...builtins].map((name) => [
      name,
      { ...(given[name] as JsonObject | undefined), ...(recorded[name] as JsonObject | undefined) },
    ]),
  );
}
