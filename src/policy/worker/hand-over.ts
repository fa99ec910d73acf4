import { RegentError } from "../../exchange/errors.ts";
import type { JsonObject } from "../../exchange/json.ts";
import { EvaluationContext } from "../context.ts";
import { INLINE_INPUT_BYTES_MAX, INLINE_LIMIT_MS } from "./limits.ts";
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
 * exchanges. What the first attempt read of time and chance is what the second one reads.
 * @throws RegentError policy_timeout, policy_trap
 */
export async function evaluateBounded(pool: EvaluationPool, job: BoundedJob): Promise<RemoteEvaluation> {
  const { clock, here, ...rest } = job;
  let replay = job.replay;
  let printed = 0;
  if (job.timeLimitMs <= INLINE_LIMIT_MS || inputBytes(job.input) <= INLINE_INPUT_BYTES_MAX) {
    const context = new EvaluationContext({
      clock,
      print: (line) => {
        printed += 1;
        job.print(line);
      },
      timeLimitMs: Math.min(INLINE_LIMIT_MS, job.timeLimitMs),
      ...(replay === undefined ? {} : { replay }),
    });
    try {
      return { resultSet: here(context), nondeterministic: context.recorded };
    } catch (error) {
      if (job.timeLimitMs <= INLINE_LIMIT_MS || !isTimeout(error)) throw error;
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
