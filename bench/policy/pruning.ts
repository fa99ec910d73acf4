/** What it saves to hand the shipped governance policies only what they read, and to keep decisions, on a body of 100 KB. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { headersFrom } from "../../src/exchange/headers.ts";
import type { Reads } from "../../src/exchange/reads.ts";
import { type ExchangeFacts, policyInput } from "../../src/pipeline/policy-input.ts";
import { DecisionCache } from "../../src/policy/cache/decision-cache.ts";
import { createPolicyEngine } from "../../src/policy/engine.ts";
import { buildBundle } from "../../src/policy/opa/build.ts";
import { readJson } from "../../src/wire/json/index.ts";
import { median, quantile, timesOf, warmUp } from "./measure.ts";

const ROUNDS = 7;
const SLICE_MS = 200;
const WARM_UP_MS = 500;
const ENTRYPOINT = "regent/request/decision";
const BODY_BYTES = 100_000;

const text = "A deductible is what you pay before the insurance does. ";
const body = Buffer.from(
  JSON.stringify({
    model: "sim-small",
    messages: Array.from({ length: 20 }, () => ({
      role: "user",
      content: text.repeat(Math.ceil(BODY_BYTES / 20 / text.length)),
    })),
  }),
);
const read = readJson(body);
assert.ok(read.ok);
const { document } = read;

const facts: ExchangeFacts = {
  phase: "request",
  exchange: {
    id: "0193a7f0-0000-7000-8000-000000000001",
    protocol: "ext_proc",
    startedAtMs: Date.UTC(2026, 10, 21, 9),
    request: {
      method: "POST",
      scheme: "http",
      host: "localhost",
      path: "/v1/chat/completions",
      pathname: "/v1/chat/completions",
      query: undefined,
      headers: headersFrom([["content-type", "application/json"]]),
      clientRequestId: undefined,
    },
    source: { address: "10.0.0.1", port: 40_000 },
    destination: {},
  },
  identity: { subject: "acme-user", tenant: "acme", roles: ["analyst"], claims: {}, method: "api_key" },
  bodyBytes: body.length,
  inference: undefined,
  model: undefined,
  candidates: [],
  findings: () => [],
  budgets: () => [],
  estimate: undefined,
};

const folder = await mkdtemp(join(tmpdir(), "regent-bench-"));
try {
  const path = join(folder, "policies.tar.gz");
  const ignore = ["*_test.rego", "demo", "examples"];
  await buildBundle({ paths: ["policies", "policies/demo"], ignore, output: path, entrypoints: [] });
  const log = { info() {}, warn() {}, error() {} };
  const engine = await createPolicyEngine({ bundles: [{ name: "main", path }], log, watch: false });
  const policies = engine.for("");
  const reads = policies.reads(ENTRYPOINT);
  const alsoModel: Reads = {
    ...(reads as object),
    request: { ...(reads as { request: object }).request, body: { model: true } },
  };
  const alsoBody: Reads = {
    ...(reads as object),
    request: { ...(reads as { request: object }).request, body: true },
  };
  // The shipped policies read the time, so that no decision of theirs is kept: the claim is the bench's own.
  const kept = new DecisionCache().over(policies, () => ({ dependsOn: [], ttlMs: 3_600_000 }));
  const decide = (asked: typeof policies, handed: Reads) => () =>
    asked.evaluate(ENTRYPOINT, policyInput(facts, document, handed));
  const ways = {
    "whole input": decide(policies, true),
    "what is read": decide(policies, reads),
    "what is read, and body.model": decide(policies, alsoModel),
    "what is read, and the body": decide(policies, alsoBody),
    "what is read, answered from the cache": decide(kept, reads),
  };
  const expected = (await decide(policies, true)()).result;
  for (const way of Object.values(ways)) assert.deepEqual((await way()).result, expected);
  const calls = new Map<string, number>();
  for (const [name, way] of Object.entries(ways)) calls.set(name, await warmUp(way, WARM_UP_MS, SLICE_MS));
  const rounds = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, way] of Object.entries(ways)) {
      const times = await timesOf(way, calls.get(name) ?? 1);
      rounds.set(name, [...(rounds.get(name) ?? []), quantile(times, 0.5)]);
    }
  const sizes = [true, reads, alsoModel, alsoBody, reads].map(
    (handed) => policyInput(facts, document, handed as Reads).length,
  );
  console.log(
    `\nthe shipped governance policies on a body of ${BODY_BYTES / 1_000} KB, from the facts of the exchange to the decision, p50 of ${ROUNDS} rounds in turns`,
  );
  console.table(
    [...rounds].map(([handed, medians], index) => ({
      handed,
      "input KB": ((sizes[index] ?? 0) / 1_000).toFixed(1),
      us: median(medians).toFixed(1),
    })),
  );
  await engine.close();
} finally {
  await rm(folder, { recursive: true });
}
