import type { JsonObject, JsonValue } from "../exchange/json.ts";

/** What the rest of Regent asks of policy. */
export type PolicyEngine = {
  /** A bundle is active. */
  readonly ready: boolean;
  /** Revision of the active bundle; empty while there is none. */
  readonly revision: string;
  /** Whether the active bundle can be asked this, e.g. `regent/request/decision`. */
  has(entrypoint: string): boolean;
  /**
   * Evaluates one entrypoint to its end on the revision that is active now.
   * `input` as a Buffer is one JSON document in UTF-8, handed to Wasm as it is.
   * @throws RegentError `policy_trap`, `policy_timeout`, or `policy_unavailable` when nothing is loaded or the active
   *   bundle has no such entrypoint.
   */
  evaluate(entrypoint: string, input: JsonValue | Buffer): Promise<Evaluation>;
};

export type Evaluation = {
  /** Undefined: the entrypoint is undefined for this input. */
  readonly result: JsonValue | undefined;
  readonly revision: string;
  readonly durationMs: number;
  /**
   * What the evaluation read that another run could not read again: builtin name, its arguments as JSON, its value,
   * as OPA's `nd_builtin_cache`. Absent when it read nothing of the kind.
   */
  readonly nondeterministic?: JsonObject;
};
