import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { testRecord } from "../../test/support/record.ts";
import { COUNTERS } from "../decision-log/counters.ts";
import type { Record } from "../exchange/record.ts";
import { METRICS, type MetricRow } from "./catalogue.ts";
import { CODES_MAX, type MetricSources, Metrics, TYPES_MAX } from "./metrics.ts";

const DOCS = new URL("../../docs/metrics.md", import.meta.url);

/** The samples after these records, as `name{labels}` to value; only the product's own. */
async function samplesOf(
  records: readonly Record[],
  options: { readonly tenants?: number; readonly sources?: MetricSources } = {},
): Promise<Map<string, number>> {
  const metrics = new Metrics({ tenant: options.tenants ?? 100, model: 100 }, options.sources ?? {});
  for (const record of records) metrics.observe(record);
  const { text } = await metrics.read();
  const lines = text.split("\n").filter((line) => /^(regent|gen_ai)_/.test(line));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

function denied(code: string, kind: "budget" | "permission", tenant = "acme"): Record {
  const reason = { code, kind, message: "", policy: "x/y", severity: "error" } as const;
  const { route: _, usage: __, ...rest } = testRecord({ verdict: "deny", end: "refused", status: 429 });
  return { ...rest, reasons: [reason], identity: { tenant, roles: [], method: "api_key" } };
}

test("counts exchanges by how they ended and why", async () => {
  const warned = testRecord({
    reasons: [{ code: "model_deprecated", kind: "retired", message: "", policy: "x/y", severity: "warning" }],
  });
  const samples = await samplesOf([testRecord(), warned, denied("model_forbidden", "permission")]);
  const count = (labels: string) => samples.get(`regent_exchanges_total{${labels}}`);
  assert.equal(count('protocol="ext_proc",verdict="allow",end="complete",code="none"'), 2);
  assert.equal(count('protocol="ext_proc",verdict="deny",end="refused",code="model_forbidden"'), 1);
  assert.equal(samples.get('regent_reasons_total{code="model_deprecated",severity="warning"}'), 1);
  assert.equal(samples.get('regent_reasons_total{code="model_forbidden",severity="error"}'), 1);
});

test("measures rooms and exchanges in seconds", async () => {
  const samples = await samplesOf([testRecord(), testRecord()]);
  assert.equal(samples.get('regent_room_duration_seconds_sum{room="policy"}'), 0.0008);
  assert.equal(samples.get('regent_room_duration_seconds_count{room="formats"}'), 2);
  assert.equal(
    samples.get('regent_exchange_duration_seconds_sum{protocol="ext_proc",verdict="allow"}'),
    0.025,
  );
});

test("counts redactions, findings, budget denials, charges and cost", async () => {
  const record = testRecord({
    redactions: [{ type: "EMAIL_ADDRESS", count: 2 }],
    findings: [{ type: "US_SSN", count: 3 }],
    answerFindings: [{ type: "US_SSN", count: 4 }],
    charge: { tokens: 30, source: "reported", costUsd: 0.25 },
  });
  const samples = await samplesOf([record, denied("budget_exceeded", "budget", "initech")]);
  assert.equal(samples.get('regent_redactions_total{type="EMAIL_ADDRESS"}'), 2);
  assert.equal(samples.get('regent_findings_total{type="US_SSN"}'), 3);
  assert.equal(samples.get('regent_answer_findings_total{type="US_SSN"}'), 4);
  assert.equal(samples.get('regent_budget_denials_total{tenant="initech"}'), 1);
  assert.equal(samples.get('regent_budget_denials_total{tenant="acme"}'), undefined);
  assert.equal(
    samples.get('regent_charged_tokens_total{tenant="acme",model="sim-small",source="reported"}'),
    30,
  );
  assert.equal(samples.get('regent_cost_usd_total{tenant="acme",model="sim-small"}'), 0.25);
});

const MODEL =
  'gen_ai_operation_name="chat",gen_ai_provider_name="sim",gen_ai_request_model="sim-small",gen_ai_response_model="sim-small"';
const ROUTE = { model: "sim-small", version: "sim-small", target: "sim-us", region: "us", provider: "sim" };

test("uses the GenAI names, with the bounds of the conventions", async () => {
  const stream = { format: "openai-chat", operation: "chat", model: "default", stream: true };
  const record = testRecord({
    inference: stream,
    route: ROUTE,
    usage: { input: 10, output: 21, cachedInput: 4, reasoning: 5 },
    timing: { totalMs: 1200, firstByteMs: 200, roomsMs: {} },
  });
  const samples = await samplesOf([record]);
  const tokens = (type: string) =>
    samples.get(`gen_ai_client_token_usage_sum{${MODEL},gen_ai_token_type="${type}"}`);
  assert.deepEqual(["input", "output", "cached_input", "reasoning"].map(tokens), [10, 21, 4, 5]);
  assert.equal(tokens("cache_creation_input"), undefined);
  assert.equal(samples.get(`gen_ai_server_request_duration_seconds_sum{${MODEL}}`), 1.2);
  assert.equal(samples.get(`gen_ai_server_time_to_first_token_seconds_sum{${MODEL}}`), 0.2);
  assert.equal(samples.get(`gen_ai_server_time_per_output_token_seconds_sum{${MODEL}}`), 0.05);
  const bounds = (name: string) =>
    [...samples.keys()].flatMap((key) =>
      key.startsWith(`${name}_bucket{`) ? [/le="([^"]+)"/.exec(key)?.[1]] : [],
    );
  assert.equal(bounds("gen_ai_client_token_usage")[13], "67108864");
  assert.equal(bounds("gen_ai_server_request_duration_seconds")[13], "81.92");
});

test("never invents a number: no usage, no tokens; no stream, no time to the first token", async () => {
  const { usage: _, ...silent } = testRecord({ route: ROUTE });
  const names = [...(await samplesOf([silent])).keys()].filter((name) => name.includes("{gen_ai"));
  assert.ok(names.length > 0);
  assert.ok(names.every((name) => name.startsWith("gen_ai_server_request_duration_seconds")));
});

test("marks failed answers with an error type, and counts no speed for them", async () => {
  const failed = testRecord({ route: ROUTE, status: 503 });
  const stream = { format: "openai-chat", operation: "chat", model: "default", stream: true };
  const aborted = testRecord({ route: ROUTE, end: "aborted", inference: stream });
  const broken = testRecord({ route: ROUTE, upstreamError: "any text that an upstream made up" });
  const samples = await samplesOf([failed, aborted, broken]);
  for (const type of ["503", "aborted", "upstream_error"]) {
    assert.equal(
      samples.get(`gen_ai_server_request_duration_seconds_count{${MODEL},error_type="${type}"}`),
      1,
    );
  }
  assert.ok(
    ![...samples.keys()].some((name) => name.startsWith("gen_ai_server_time_to_first_token_seconds_count{")),
  );
});

test("a denial and an unknown model make no series of a model, whatever the client called it", async () => {
  const unknown = denied("model_unknown", "permission");
  const samples = await samplesOf([
    { ...unknown, inference: { ...testRecord().inference, model: "made up" } as never },
  ]);
  assert.ok(![...samples.keys()].some((name) => name.includes("made up") || name.includes("{gen_ai")));
});

test("bounds the values of a label, and says so", async () => {
  const records = Array.from({ length: 5 }, (_, index) =>
    denied("budget_exceeded", "budget", `tenant-${index}`),
  );
  const samples = await samplesOf(records, { tenants: 3 });
  assert.equal(samples.get('regent_budget_denials_total{tenant="tenant-2"}'), 1);
  assert.equal(samples.get('regent_budget_denials_total{tenant="other"}'), 2);
  assert.equal(samples.get('regent_label_overflow_total{label="tenant"}'), 2);
});

test("bounds the codes that policies give and the types that detectors find", async () => {
  const records = Array.from({ length: CODES_MAX + 2 }, (_, index) => denied(`code_${index}`, "permission"));
  const types = Array.from({ length: TYPES_MAX + 1 }, (_, index) => ({ type: `T${index}`, count: 1 }));
  const samples = await samplesOf([...records, testRecord({ findings: types })]);
  assert.equal(samples.get(`regent_reasons_total{code="code_${CODES_MAX - 1}",severity="error"}`), 1);
  assert.equal(samples.get('regent_reasons_total{code="other",severity="error"}'), 2);
  assert.equal(samples.get('regent_findings_total{type="other"}'), 1);
});

test("asks policy, audit and the server when it is read", async () => {
  const bundle = { name: "main", revision: "r1", activatedAt: "2026-01-01T00:00:00.000Z", failures: 0 };
  let bundles: (typeof bundle & { lastError?: unknown })[] = [bundle];
  const stats = { queuedRecords: 1, queuedBytes: 2, writtenLines: 3, failedWrites: 4, lostRecords: 5 };
  const metrics = new Metrics(
    { tenant: 1, model: 1 },
    {
      policy: {
        status: () => bundles,
        rollout: {
          verdicts: new Map([
            ["same", 5],
            ["newly_denied", 2],
          ]),
          status: () => ({ candidate: { revision: "r3", step: 1 } }),
        },
        cache: { hits: 7, misses: 2, evictions: { size: 1, age: 4, activation: 0 }, bytes: 900 },
      },
      audit: { fault: () => "full", stats: () => stats },
      streamsOpen: () => 7,
    },
  );
  await metrics.read();
  bundles = [{ ...bundle, revision: "r2", lastError: { message: "bad" }, failures: 3 }];
  const { text } = await metrics.read();
  for (const sample of [
    'regent_policy_rollout_comparisons_total{verdict="same"} 5',
    'regent_policy_rollout_comparisons_total{verdict="newly_denied"} 2',
    'regent_policy_rollout_candidate_info{revision="r3",step="2"} 1',
    "regent_decision_cache_hits_total 7",
    "regent_decision_cache_misses_total 2",
    'regent_decision_cache_evictions_total{reason="size"} 1',
    'regent_decision_cache_evictions_total{reason="age"} 4',
    'regent_decision_cache_evictions_total{reason="activation"} 0',
    "regent_decision_cache_bytes 900",
    'regent_policy_bundle_info{bundle="main",revision="r2"} 1',
    'regent_policy_last_reload_successful{bundle="main"} 0',
    'regent_policy_activated_timestamp_seconds{bundle="main"} 1767225600',
    'regent_policy_bundle_failures_total{bundle="main"} 3',
    "regent_audit_healthy 0",
    "regent_audit_queue_records 1",
    "regent_audit_queue_bytes 2",
    "regent_audit_written_lines_total 3",
    "regent_audit_failed_writes_total 4",
    "regent_audit_lost_records_total 5",
    "regent_streams_open 7",
  ]) {
    assert.ok(text.includes(`\n${sample}\n`), sample);
  }
  assert.ok(!text.includes('revision="r1"'));
});

test("shows what the decision log counts by OPA's names, and what waits in the buffer of its type", async () => {
  const counts = Object.fromEntries(COUNTERS.map((name, index) => [name, index + 1]));
  for (const [type, sample] of [
    ["size", "decision_logs_buffer_size_bytes 20"],
    ["event", "decision_logs_buffer_size_events 10"],
  ] as const) {
    const decisionLog = { status: () => ({ counts, buffer: { type, events: 10, bytes: 20 } }) };
    const { text } = await new Metrics({ tenant: 1, model: 1 }, { decisionLog }).read();
    for (const line of [...COUNTERS.map((name, index) => `${name} ${index + 1}`), sample])
      assert.ok(text.includes(`\n${line}\n`), line);
  }
});

test("docs/metrics.md has a row for every metric, and every row is a metric", () => {
  const rows = readFileSync(DOCS, "utf8").matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \| (.*?) \|$/gm);
  const documented = [...rows].map(([, name, type, labels, help]) => [name, type, labels, help]);
  const catalogued = Object.entries<MetricRow>(METRICS).map(([name, { type, labels, help }]) => [
    name,
    type,
    labels.map((label) => `\`${label}\``).join(" "),
    help,
  ]);
  assert.deepEqual(documented, catalogued);
});
