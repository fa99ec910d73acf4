import { RegentError } from "../exchange/errors.ts";
import type { JsonObject, JsonValue } from "../exchange/json.ts";
import type { BuiltinContext } from "./builtins/builtin.ts";
import { parseRego, type RegoValue, renderRego } from "./builtins/value.ts";

/** What an evaluation recorded, or is to replay: builtin name, its arguments as Rego text, its value as Rego text. */
type Recorded = Map<string, Map<string, string>>;

/** Lines that one evaluation may print. A policy that prints in a loop must not fill the log. */
export const PRINTED_LINES_MAX = 100;

export type ContextOptions = {
  /** Nanoseconds since the epoch. */
  readonly clock: () => bigint;
  readonly print: (line: string) => void;
  /** CPU time that the evaluation may take, milliseconds. */
  readonly timeLimitMs: number;
  /** Values of an earlier evaluation, as `nondeterministic` of that one's answer. */
  readonly replay?: JsonObject;
};

/** The context of one evaluation: one time, one value for each non-deterministic call, and a record of them. */
export class EvaluationContext implements BuiltinContext {
  readonly #options: ContextOptions;
  #recorded: Recorded | undefined;
  #printed = 0;
  /** CPU time of this thread when it was first asked for, milliseconds. */
  #startedAtMs: number | undefined;

  constructor(options: ContextOptions) {
    this.#options = options;
  }

  nowNs(): bigint {
    // As text: the nanoseconds of today are more than a JavaScript number holds exactly.
    const now = this.#value("time.now_ns", "[]", () => String(this.#options.clock()));
    return BigInt(now);
  }

  nondeterministic(builtin: string, args: readonly RegoValue[], make: () => RegoValue): RegoValue {
    return parseRego(this.#value(builtin, renderRego(args), () => renderRego(make())));
  }

  /**
   * Looks at the clock; the first look starts it, so that short evaluations never pay for one. The time is this thread's
   * CPU time: a machine that is busy with something else must not turn an allow into a denial.
   */
  checkTime(): void {
    const { user, system } = process.threadCpuUsage();
    const nowMs = (user + system) / 1_000;
    this.#startedAtMs ??= nowMs;
    if (nowMs - this.#startedAtMs > this.#options.timeLimitMs) throw new RegentError("policy_timeout");
  }

  /** Work of any length may begin where nobody waits but this evaluation. */
  announce(_workMs: number): void {
    this.checkTime();
  }

  print(line: string): void {
    this.#printed += 1;
    if (this.#printed <= PRINTED_LINES_MAX) this.#options.print(line);
  }

  /** What was read, as OPA's `nd_builtin_cache`; undefined when nothing was. */
  get recorded(): JsonObject | undefined {
    if (this.#recorded === undefined) return undefined;
    const calls = [...this.#recorded].map(([builtin, values]) => [
      builtin,
      Object.fromEntries([...values].map(([args, value]) => [args, recordedJson(value)])),
    ]);
    return Object.fromEntries(calls) as JsonObject;
  }

  #value(builtin: string, args: string, make: () => string): string {
    const values = this.#recorded?.get(builtin);
    const known = values?.get(args);
    if (known !== undefined) return known;
    const value = this.#replayed(builtin, args) ?? make();
    this.#recorded ??= new Map();
    this.#recorded.set(builtin, (values ?? new Map<string, string>()).set(args, value));
    return value;
  }

  #replayed(builtin: string, args: string): string | undefined {
    const calls = this.#options.replay?.[builtin] as JsonObject | undefined;
    const value = calls !== undefined && Object.hasOwn(calls, args) ? calls[args] : undefined;
    if (value === undefined) return undefined;
    return typeof value === "string" && INTEGER.test(value) ? value : JSON.stringify(value);
  }
}

const INTEGER = /^\d+$/;

/** Integers beyond 2^53, such as a time in nanoseconds, are recorded as text: any JSON reader keeps them whole. */
function recordedJson(value: string): JsonValue {
  const parsed = JSON.parse(value) as JsonValue;
  return typeof parsed === "number" && !Number.isSafeInteger(parsed) && INTEGER.test(value) ? value : parsed;
}
