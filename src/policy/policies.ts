import type { JsonObject, JsonValue } from "../exchange/json.ts";
import type { Reads } from "../exchange/reads.ts";

/** The policies that decide one exchange: the same ones for its request and its answer, whatever is activated between. */
export type Policies = {
  /** What decided, for records: the revision of the bundle, or of each when there are several. */
  readonly revision: string;
  /** The revision of each bundle by its name, as OPA's decision log writes it. */
  readonly bundles: { readonly [name: string]: { readonly revision: string } };
  /** Whether they can be asked this, e.g. `regent/request/decision`. */
  has(entrypoint: string): boolean;
  /** What an entrypoint may read of its input: all else can be left out of what `evaluate` is handed. */
  reads(entrypoint: string): Reads;
  /**
   * Evaluates one entrypoint to its end. `input` as a Buffer is one JSON document in UTF-8, handed to Wasm as it is.
   * @throws RegentError `policy_trap`, `policy_timeout`, or `policy_unavailable` when there is no such entrypoint.
   */
  evaluate(entrypoint: string, input: JsonValue | Buffer): Promise<Evaluation>;
  /**
   * The same policies for questions that no request asks, where somebody counts and compares what is answered: such
   * answers must not pass a gate or bring a version down. Absent: nobody does.
   */
  readonly unobserved?: Policies;
};

/** What can be asked of the policies that are active: for an API whose callers choose paths. */
export type PolicyDocument = {
  /** Paths of all entrypoints: of single rules, and of packages as a whole. */
  readonly entrypoints: readonly string[];
  /** Every package is an entrypoint: what none of them covers does not exist. */
  readonly complete: boolean;
  /** The data of the bundles, without what policy makes of it. */
  data(): JsonValue;
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
