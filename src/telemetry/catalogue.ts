/** One row a metric. docs/metrics.md has the same rows; a test holds them together in both directions. */
export type MetricRow = {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
};

/** Seconds. A decision takes tens of microseconds to milliseconds; beyond that something is wrong. */
const ROOM_SECONDS = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
];
/** Seconds. From a refusal to a stream that runs for minutes. */
const EXCHANGE_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
];

// The bounds that the OpenTelemetry GenAI conventions give, so that dashboards made for them fit:
// https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
const TOKENS = Array.from({ length: 14 }, (_, power) => 4 ** power);
const REQUEST_SECONDS = Array.from({ length: 14 }, (_, power) => Number((0.01 * 2 ** power).toFixed(2)));
const FIRST_TOKEN_SECONDS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];
const OUTPUT_TOKEN_SECONDS = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];

const GEN_AI = [
  "gen_ai_operation_name",
  "gen_ai_provider_name",
  "gen_ai_request_model",
  "gen_ai_response_model",
] as const;

export const METRICS = {
  gen_ai_client_token_usage: {
    type: "histogram",
    help: "Tokens of an exchange as the provider reported them",
    labels: [...GEN_AI, "gen_ai_token_type"],
    buckets: TOKENS,
  },
  gen_ai_server_request_duration_seconds: {
    type: "histogram",
    help: "Time from the request to the end of the answer",
    labels: [...GEN_AI, "error_type"],
    buckets: REQUEST_SECONDS,
  },
  gen_ai_server_time_to_first_token_seconds: {
    type: "histogram",
    help: "Time from the request to the first byte of a streamed answer",
    labels: GEN_AI,
    buckets: FIRST_TOKEN_SECONDS,
  },
  gen_ai_server_time_per_output_token_seconds: {
    type: "histogram",
    help: "Time for each output token of a streamed answer after the first",
    labels: GEN_AI,
    buckets: OUTPUT_TOKEN_SECONDS,
  },
  regent_exchanges_total: {
    type: "counter",
    help: "Exchanges that have ended; code is that of the reason that decided a denial",
    labels: ["protocol", "verdict", "end", "code"],
  },
  regent_exchange_duration_seconds: {
    type: "histogram",
    help: "Time from the first to the last message about an exchange",
    labels: ["protocol", "verdict"],
    buckets: EXCHANGE_SECONDS,
  },
  regent_room_duration_seconds: {
    type: "histogram",
    help: "Time that an exchange spent in one room; policy is the evaluation",
    labels: ["room"],
    buckets: ROOM_SECONDS,
  },
  regent_reasons_total: {
    type: "counter",
    help: "Reasons that policy and Regent gave, warnings included",
    labels: ["code", "severity"],
  },
  regent_budget_denials_total: {
    type: "counter",
    help: "Exchanges refused because they did not fit into a budget",
    labels: ["tenant"],
  },
  regent_redactions_total: {
    type: "counter",
    help: "Places in bodies that were masked, hashed or replaced",
    labels: ["type"],
  },
  regent_findings_total: {
    type: "counter",
    help: "What detectors found in texts of requests",
    labels: ["type"],
  },
  regent_answer_findings_total: {
    type: "counter",
    help: "What detectors found in texts of answers, where policy has them inspected",
    labels: ["type"],
  },
  regent_charged_tokens_total: {
    type: "counter",
    help: "Tokens charged to budgets; source says how the number came about",
    labels: ["tenant", "model", "source"],
  },
  regent_cost_usd_total: {
    type: "counter",
    help: "Cost of exchanges by the prices of the registry, in US dollars",
    labels: ["tenant", "model"],
  },
  regent_streams_open: {
    type: "gauge",
    help: "ext_proc streams that are open now",
    labels: [],
  },
  regent_decision_cache_hits_total: {
    type: "counter",
    help: "Decisions that were answered from the cache",
    labels: [],
  },
  regent_decision_cache_misses_total: {
    type: "counter",
    help: "Evaluations of rules whose decisions may be kept, because none was",
    labels: [],
  },
  regent_decision_cache_evictions_total: {
    type: "counter",
    help: "Kept decisions that went; reason is size, age or activation (of other policies)",
    labels: ["reason"],
  },
  regent_decision_cache_bytes: {
    type: "gauge",
    help: "Memory of the decisions that are kept",
    labels: [],
  },
  regent_policy_rollout_comparisons_total: {
    type: "counter",
    help: "Decisions that a candidate was compared in; verdict is same, changed, newly_denied, newly_allowed, candidate_error or live_error",
    labels: ["verdict"],
  },
  regent_policy_rollout_candidate_info: {
    type: "gauge",
    help: "1 for the revision that is a candidate now; step counts from 1",
    labels: ["revision", "step"],
  },
  regent_policy_bundle_info: {
    type: "gauge",
    help: "1 for the revision that decides now",
    labels: ["bundle", "revision"],
  },
  regent_policy_last_reload_successful: {
    type: "gauge",
    help: "1 when the newest bundle is the one that decides, 0 when it was refused",
    labels: ["bundle"],
  },
  regent_policy_activated_timestamp_seconds: {
    type: "gauge",
    help: "When the bundle that decides now was activated",
    labels: ["bundle"],
  },
  regent_policy_bundle_failures_total: {
    type: "counter",
    help: "Versions of a bundle that were refused, and looks for one that failed",
    labels: ["bundle"],
  },
  regent_target_key_last_read_successful: {
    type: "gauge",
    help: "1 while what stands in the files of a target's key is in use, 0 while it cannot be and the last good key stays",
    labels: ["target"],
  },
  regent_target_key_read_timestamp_seconds: {
    type: "gauge",
    help: "When the key of a target that is in use was read from its files",
    labels: ["target"],
  },
  regent_target_key_failures_total: {
    type: "counter",
    help: "Looks at the files of a target's key that found none to use",
    labels: ["target"],
  },
  regent_audit_healthy: {
    type: "gauge",
    help: "1 while records reach the disk, 0 while nothing is let through because they do not",
    labels: [],
  },
  regent_audit_queue_records: {
    type: "gauge",
    help: "Records that wait for the disk",
    labels: [],
  },
  regent_audit_queue_bytes: {
    type: "gauge",
    help: "Bytes of the records that wait for the disk",
    labels: [],
  },
  regent_audit_written_lines_total: {
    type: "counter",
    help: "Lines of the log that the disk has confirmed",
    labels: [],
  },
  regent_audit_failed_writes_total: {
    type: "counter",
    help: "Writes of the log that failed",
    labels: [],
  },
  regent_audit_lost_records_total: {
    type: "counter",
    help: "Records that could not be kept",
    labels: [],
  },
  regent_decision_log_events_total: {
    type: "counter",
    help: "Decisions that the decision log has taken",
    labels: [],
  },
  regent_decision_log_dropped_by_policy_total: {
    type: "counter",
    help: "Decisions that the drop policy kept out of the log",
    labels: [],
  },
  regent_decision_log_mask_failures_total: {
    type: "counter",
    help: "Decisions logged without input and result because drop or mask failed",
    labels: [],
  },
  regent_decision_log_refused_total: {
    type: "counter",
    help: "Decisions that came when the log was closed",
    labels: [],
  },
  regent_decision_log_lost_total: {
    type: "counter",
    help: "Decisions that could not be uploaded before the process ended",
    labels: [],
  },
  regent_decision_log_folder_dropped_total: {
    type: "counter",
    help: "Decisions that the folder did not take in time",
    labels: [],
  },
  decision_logs_dropped_rate_limit_exceeded: {
    type: "counter",
    help: "Decisions dropped from the upload beyond maxDecisionsPerSecond",
    labels: [],
  },
  decision_logs_dropped_buffer_size_limit_exceeded: {
    type: "counter",
    help: "Decisions dropped from the log because a buffer was full",
    labels: [],
  },
  decision_logs_dropped_buffer_size_limit_bytes_exceeded: {
    type: "counter",
    help: "Those of them that had been compressed, in a buffer of the type size",
    labels: [],
  },
  decision_logs_nd_builtin_cache_dropped: {
    type: "counter",
    help: "Decisions uploaded without nd_builtin_cache because they were too large with it",
    labels: [],
  },
  decision_logs_encoding_failure: {
    type: "counter",
    help: "Decisions that fit into no upload, or could not be compressed",
    labels: [],
  },
  enc_log_exceeded_upload_size_limit_bytes: {
    type: "counter",
    help: "Those of them that were too large",
    labels: [],
  },
  decision_logs_chunks_uploaded: {
    type: "counter",
    help: "Uploads that the receiver took",
    labels: [],
  },
  decision_logs_chunks_upload_failed: {
    type: "counter",
    help: "Uploads that failed; what was in them is kept and tried again",
    labels: [],
  },
  decision_logs_buffer_size_events: {
    type: "gauge",
    help: "Decisions that wait for the receiver, with bufferType event",
    labels: [],
  },
  decision_logs_buffer_size_bytes: {
    type: "gauge",
    help: "Bytes that wait for the receiver, with bufferType size",
    labels: [],
  },
  regent_label_overflow_total: {
    type: "counter",
    help: "Times a label value was counted as other because its label has as many values as it may have",
    labels: ["label"],
  },
} as const satisfies { readonly [name: string]: MetricRow };

export type MetricName = keyof typeof METRICS;
