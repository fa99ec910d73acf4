import type { RegoValue } from "./value.ts";

/**
 * A builtin function that the host supplies to Wasm. It is given Rego values and returns one; undefined makes the
 * expression undefined. It throws {@link BuiltinError} for what OPA calls a builtin error, which has the same effect.
 * Anything else it throws is a fault of Regent and fails the evaluation.
 */
export type HostBuiltin = {
  /** As Rego writes it. */
  readonly name: string;
  readonly call: (args: readonly RegoValue[], context: BuiltinContext) => RegoValue | undefined;
};

/** What a builtin may know of the evaluation that calls it. */
export type BuiltinContext = {
  /** Nanoseconds since the epoch: one value for the whole evaluation. */
  nowNs(): bigint;
  /**
   * The value of something that another run could not compute again: the recorded one in a replay, else what `make`
   * gives now, which is recorded. The same builtin with the same arguments has one value in an evaluation.
   */
  nondeterministic(builtin: string, args: readonly RegoValue[], make: () => RegoValue): RegoValue;
  /** To be called now and then by what may take long. @throws RegentError policy_timeout when the time is used up. */
  checkTime(): void;
  /**
   * To be called before work that cannot look at the clock while it lasts.
   * @param workMs milliseconds that it may take at worst. What is too much for the thread that serves is begun again in
   *   another one.
   * @throws RegentError policy_timeout
   */
  announce(workMs: number): void;
  /** Takes a line that the policy printed. */
  print(line: string): void;
};

/** A builtin that cannot give a value for its arguments. The expression is undefined then, as in OPA. */
export class BuiltinError extends Error {
  override readonly name = "BuiltinError";
}
