/** What the decision log counts, by OPA's names (`v1/plugins/logs` and `v1/plugins/status`), and what only Regent has. */
export const COUNTERS = [
  "decision_logs_dropped_rate_limit_exceeded",
  "decision_logs_dropped_buffer_size_limit_exceeded",
  "decision_logs_dropped_buffer_size_limit_bytes_exceeded",
  "decision_logs_nd_builtin_cache_dropped",
  "decision_logs_encoding_failure",
  "decision_logs_chunks_uploaded",
  "decision_logs_chunks_upload_failed",
  "enc_log_exceeded_upload_size_limit_bytes",
  /** Left out because the drop policy says so. */
  "regent_decision_log_dropped_by_policy_total",
  /** Logged without their content because drop or mask failed. */
  "regent_decision_log_mask_failures_total",
  /** Not taken because the log was closed. */
  "regent_decision_log_refused_total",
  /** Not uploaded when the process ended. */
  "regent_decision_log_lost_total",
  /** Lost on the way to the folder. */
  "regent_decision_log_folder_dropped_total",
  /** Taken. */
  "regent_decision_log_events_total",
] as const;

export type CounterName = (typeof COUNTERS)[number];

/** Numbers since the start. */
export type Counts = { readonly [name in CounterName]: number };

export class Counters {
  readonly #counts = new Map<CounterName, number>(COUNTERS.map((name) => [name, 0]));

  add(name: CounterName, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  read(): Counts {
    return Object.fromEntries(this.#counts) as Counts;
  }
}
