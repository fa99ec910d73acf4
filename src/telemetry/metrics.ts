import {
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from "prom-client";
import type { Record } from "../exchange/record.ts";
import { METRICS, type MetricName, type MetricRow } from "./catalogue.ts";
import { LabelCap } from "./label-cap.ts";
import { providerOf } from "./provider.ts";

/** Codes come from the policies of the organisation; a few per rule, so this is a large policy. */
export const CODES_MAX = 300;
/** Kinds of findings and redactions. */
export const TYPES_MAX = 100;

/** Most distinct values of the labels that users fill. */
export type LabelLimits = { readonly tenant: number; readonly model: number };

/** What is asked when somebody reads the metrics. */
export type MetricSources = {
  readonly policy?: {
    status(): readonly {
      readonly name: string;
      readonly revision: string;
      /** Absent while none is active. */
      readonly activatedAt?: string;
      readonly lastError?: unknown;
      readonly failures: number;
    }[];
    readonly rollout?:
      | {
          readonly verdicts: ReadonlyMap<string, number>;
          status(): { readonly candidate: { readonly revision: string; readonly step: number } | undefined };
        }
      | undefined;
    readonly cache?: {
      readonly hits: number;
      readonly misses: number;
      readonly evictions: { readonly [reason: string]: number };
      readonly bytes: number;
    };
  };
  readonly audit?: {
    fault(): string | undefined;
    stats(): {
      readonly queuedRecords: number;
      readonly queuedBytes: number;
      readonly writtenLines: number;
      readonly failedWrites: number;
      readonly lostRecords: number;
    };
  };
  readonly decisionLog?: {
    status(): {
      /** Counters by the names of their metrics. */
      readonly counts: { readonly [metric: string]: number };
      readonly buffer?: { readonly type: "size" | "event"; readonly events: number; readonly bytes: number };
    };
  };
  readonly targetKeys?: {
    status(): readonly {
      readonly target: string;
      readonly readMs: number;
      readonly fault: string | undefined;
      readonly failures: number;
    }[];
  };
  readonly streamsOpen?: () => number;
};

type Labels = { readonly [label: string]: string };

/** Everything that is counted, in one place: it is made of records, and of what other rooms say when they are asked. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<MetricName, Counter<string>>();
  readonly #gauges = new Map<MetricName, Gauge<string>>();
  readonly #histograms = new Map<MetricName, Histogram<string>>();
  readonly #sources: MetricSources;
  readonly #tenants: LabelCap;
  readonly #models: LabelCap;
  readonly #codes: LabelCap;
  readonly #types: LabelCap;

  constructor(limits: LabelLimits, sources: MetricSources) {
    this.#sources = sources;
    for (const [name, row] of Object.entries(METRICS)) this.#register(name as MetricName, row);
    const cap = (label: string, valuesMax: number) =>
      new LabelCap(valuesMax, () => this.#count("regent_label_overflow_total", { label }));
    this.#tenants = cap("tenant", limits.tenant);
    this.#models = cap("model", limits.model);
    this.#codes = cap("code", CODES_MAX);
    this.#types = cap("type", TYPES_MAX);
    collectDefaultMetrics({ register: this.#registry });
  }

  /** The text format of Prometheus, version 0.0.4. */
  async read(): Promise<{ readonly contentType: string; readonly text: string }> {
    this.#ask();
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  /** The same as values, for who writes them in another form. */
  async readValues(): Promise<readonly MetricObjectWithValues<MetricValue<string>>[]> {
    this.#ask();
    return this.#registry.getMetricsAsJSON();
  }

  /** Counts one exchange. */
  observe(record: Record): void {
    const denial = record.verdict === "deny" ? record.reasons.find(isError) : undefined;
    const { protocol, verdict, end, timing } = record;
    this.#count("regent_exchanges_total", { protocol, verdict, end, code: this.#codes.value(denial?.code) });
    this.#time("regent_exchange_duration_seconds", { protocol, verdict }, timing.totalMs);
    for (const [room, ms] of Object.entries(timing.roomsMs))
      this.#time("regent_room_duration_seconds", { room }, ms);
    for (const { code, severity } of record.reasons) {
      this.#count("regent_reasons_total", { code: this.#codes.value(code), severity });
    }
    for (const { type, count } of record.redactions) {
      this.#count("regent_redactions_total", { type: this.#types.value(type) }, count);
    }
    for (const { type, count } of record.findings) {
      this.#count("regent_findings_total", { type: this.#types.value(type) }, count);
    }
    for (const { type, count } of record.answerFindings ?? []) {
      this.#count("regent_answer_findings_total", { type: this.#types.value(type) }, count);
    }
    this.#observeBudget(record, denial?.kind === "budget");
    this.#observeModel(record);
  }

  #observeBudget({ identity, route, charge }: Record, refused: boolean): void {
    const tenant = this.#tenants.value(identity.tenant);
    if (refused) this.#count("regent_budget_denials_total", { tenant });
    if (charge === undefined) return;
    const model = this.#models.value(route?.model);
    this.#count("regent_charged_tokens_total", { tenant, model, source: charge.source }, charge.tokens);
    if (charge.costUsd !== undefined) this.#count("regent_cost_usd_total", { tenant, model }, charge.costUsd);
  }

  /** Names of models are those of the registry: what clients write there is not bounded by anything. */
  #observeModel(record: Record): void {
    const { inference, route, usage, timing } = record;
    if (inference === undefined || route === undefined || record.verdict !== "allow") return;
    const labels = {
      gen_ai_operation_name: inference.operation,
      gen_ai_provider_name: providerOf(record),
      gen_ai_request_model: this.#models.value(route.model),
      gen_ai_response_model: this.#models.value(route.version),
    };
    for (const [type, tokens] of [
      ["input", usage?.input],
      ["output", usage?.output],
      ["cached_input", usage?.cachedInput],
      ["cache_creation_input", usage?.cacheCreationInput],
      ["reasoning", usage?.reasoning],
    ] as const) {
      if (tokens === undefined) continue;
      this.#histograms
        .get("gen_ai_client_token_usage")
        ?.observe({ ...labels, gen_ai_token_type: type }, tokens);
    }
    const error = errorTypeOf(record);
    const failed: Labels = error === undefined ? {} : { error_type: error };
    this.#time("gen_ai_server_request_duration_seconds", { ...labels, ...failed }, timing.totalMs);
    if (error !== undefined || !inference.stream || timing.firstByteMs === undefined) return;
    this.#time("gen_ai_server_time_to_first_token_seconds", labels, timing.firstByteMs);
    if (usage?.output === undefined || usage.output < 2) return;
    const perTokenMs = (timing.totalMs - timing.firstByteMs) / (usage.output - 1);
    this.#time("gen_ai_server_time_per_output_token_seconds", labels, perTokenMs);
  }

  #ask(): void {
    const { policy, audit, streamsOpen } = this.#sources;
    // Where nobody knows, the number is not zero.
    this.#set("regent_streams_open", {}, streamsOpen?.() ?? Number.NaN);
    // Revisions that no longer decide must not stay.
    this.#gauges.get("regent_policy_bundle_info")?.reset();
    this.#counters.get("regent_policy_bundle_failures_total")?.reset();
    for (const { name: bundle, revision, activatedAt, lastError, failures } of policy?.status() ?? []) {
      this.#count("regent_policy_bundle_failures_total", { bundle }, failures);
      this.#set("regent_policy_last_reload_successful", { bundle }, lastError === undefined ? 1 : 0);
      if (activatedAt === undefined) continue;
      this.#set("regent_policy_bundle_info", { bundle, revision }, 1);
      this.#set("regent_policy_activated_timestamp_seconds", { bundle }, Date.parse(activatedAt) / 1000);
    }
    this.#askCache(policy?.cache);
    this.#askRollout(policy?.rollout);
    this.#askDecisionLog();
    this.#askTargetKeys();
    if (audit === undefined) return;
    const stats = audit.stats();
    this.#set("regent_audit_healthy", {}, audit.fault() === undefined ? 1 : 0);
    this.#set("regent_audit_queue_records", {}, stats.queuedRecords);
    this.#set("regent_audit_queue_bytes", {}, stats.queuedBytes);
    this.#total("regent_audit_written_lines_total", stats.writtenLines);
    this.#total("regent_audit_failed_writes_total", stats.failedWrites);
    this.#total("regent_audit_lost_records_total", stats.lostRecords);
  }

  #askRollout(rollout: NonNullable<MetricSources["policy"]>["rollout"]): void {
    if (rollout === undefined) return;
    this.#counters.get("regent_policy_rollout_comparisons_total")?.reset();
    for (const [verdict, count] of rollout.verdicts)
      this.#count("regent_policy_rollout_comparisons_total", { verdict }, count);
    this.#gauges.get("regent_policy_rollout_candidate_info")?.reset();
    const { candidate } = rollout.status();
    if (candidate === undefined) return;
    const { revision, step } = candidate;
    this.#set("regent_policy_rollout_candidate_info", { revision, step: String(step + 1) }, 1);
  }

  #askCache(cache: NonNullable<MetricSources["policy"]>["cache"]): void {
    if (cache === undefined) return;
    this.#total("regent_decision_cache_hits_total", cache.hits);
    this.#total("regent_decision_cache_misses_total", cache.misses);
    this.#counters.get("regent_decision_cache_evictions_total")?.reset();
    for (const [reason, count] of Object.entries(cache.evictions))
      this.#count("regent_decision_cache_evictions_total", { reason }, count);
    this.#set("regent_decision_cache_bytes", {}, cache.bytes);
  }

  #askTargetKeys(): void {
    this.#counters.get("regent_target_key_failures_total")?.reset();
    for (const { target, readMs, fault, failures } of this.#sources.targetKeys?.status() ?? []) {
      this.#count("regent_target_key_failures_total", { target }, failures);
      this.#set("regent_target_key_last_read_successful", { target }, fault === undefined ? 1 : 0);
      this.#set("regent_target_key_read_timestamp_seconds", { target }, readMs / 1000);
    }
  }

  /** By OPA's names where OPA has them. */
  #askDecisionLog(): void {
    const status = this.#sources.decisionLog?.status();
    if (status === undefined) return;
    for (const [name, count] of Object.entries(status.counts)) this.#total(name as MetricName, count);
    if (status.buffer?.type === "event")
      this.#set("decision_logs_buffer_size_events", {}, status.buffer.events);
    if (status.buffer?.type === "size") this.#set("decision_logs_buffer_size_bytes", {}, status.buffer.bytes);
  }

  #register(name: MetricName, row: MetricRow): void {
    const common = { name, help: row.help, labelNames: [...row.labels], registers: [this.#registry] };
    if (row.type === "counter") this.#counters.set(name, new Counter(common));
    else if (row.type === "gauge") this.#gauges.set(name, new Gauge(common));
    else this.#histograms.set(name, new Histogram({ ...common, buckets: [...(row.buckets ?? [])] }));
  }

  #count(name: MetricName, labels: Labels, by = 1): void {
    this.#counters.get(name)?.inc(labels, by);
  }

  #set(name: MetricName, labels: Labels, value: number): void {
    this.#gauges.get(name)?.set(labels, value);
  }

  #time(name: MetricName, labels: Labels, ms: number): void {
    this.#histograms.get(name)?.observe(labels, ms / 1000);
  }

  /** A counter that another room keeps. */
  #total(name: MetricName, value: number): void {
    this.#counters.get(name)?.reset();
    this.#counters.get(name)?.inc(value);
  }
}

function isError({ severity }: Record["reasons"][number]): boolean {
  return severity === "error";
}

/** `error.type` of the GenAI conventions; undefined for an answer that came to its end. */
export function errorTypeOf(record: Record): string | undefined {
  if (record.status !== undefined && record.status >= 400) return String(record.status);
  if (record.upstreamError !== undefined) return "upstream_error";
  return record.end === "complete" ? undefined : record.end;
}
