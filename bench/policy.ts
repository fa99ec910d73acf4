/**
 * Evaluation from the bytes of the input to the decision, beside OPA's Go library on the same Rego, data and input.
 * Both are measured in turns in one run, so that a busy machine slows both alike; the ratio is the claim.
 *
 *     node bench/policy.ts
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { JsonObject } from "../src/exchange/json.ts";
import { HOST_BUILTINS } from "../src/policy/builtins/host.ts";
import { readBundle } from "../src/policy/bundle/bundle.ts";
import { systemClock } from "../src/policy/clock.ts";
import { buildBundle } from "../src/policy/opa/build.ts";
import { resultValue } from "../src/policy/result.ts";
import { PolicyRevision } from "../src/policy/revision.ts";
import { inputOf } from "./policy/inputs.ts";
import { OpaLibrary } from "./policy/opa.ts";
import { DATA, rulesOf } from "./policy/rules.ts";

const RULES = [10, 100, 1_000];
const INPUT_BYTES = [1_000, 10_000, 100_000];
/** The p50 of Regent over that of OPA, at most. */
const BAR = new Map([
  [10, 0.5],
  [100, 0.5],
  [1_000, 1],
]);
const ROUNDS = 11;
/** What one side of a round takes about. */
const ROUND_MS = 120;
const WARM_UP_MS = 1_000;

const { values } = parseArgs({ options: { rules: { type: "string" }, bytes: { type: "string" } } });
const chosen = (given: string | undefined, all: readonly number[]) =>
  given === undefined ? all : given.split(",").map(Number);

async function compile(folder: string, rules: number): Promise<PolicyRevision> {
  const source = join(folder, "bench.rego");
  const data = join(folder, "data.json");
  const output = join(folder, "bench.tar.gz");
  await writeFile(source, rulesOf(rules));
  await writeFile(data, JSON.stringify(DATA));
  await buildBundle({ paths: [source, data], output, entrypoints: ["bench/decision"] });
  return PolicyRevision.create(await readBundle(output), {
    builtins: HOST_BUILTINS,
    clock: systemClock,
    print: () => {},
  });
}

function runRegent(evaluate: () => unknown, times: number): number[] {
  const micros: number[] = [];
  for (let call = 0; call < times; call++) {
    const startedAt = process.hrtime.bigint();
    evaluate();
    micros.push(Number(process.hrtime.bigint() - startedAt) / 1_000);
  }
  return micros;
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[list.length >> 1] ?? Number.NaN;
}

const folder = await mkdtemp(join(tmpdir(), "regent-bench-"));
const opa = await OpaLibrary.start(folder);
try {
  const rows: object[] = [];
  for (const rules of chosen(values.rules, RULES)) {
    const revision = await compile(folder, rules);
    for (const bytes of chosen(values.bytes, INPUT_BYTES)) {
      const input = inputOf(bytes);
      const evaluate = () => resultValue(revision.evaluate("bench/decision", input).result ?? "");
      const expected = await opa.load({
        policy: rulesOf(rules),
        data: DATA as JsonObject,
        query: "data.bench.decision",
        input: input.toString(),
      });
      assert.deepEqual(evaluate(), expected);
      const times = { regent: callsIn(runRegent, evaluate), opa: 0 };
      const warm = await opa.run(200);
      times.opa = Math.max(5, Math.ceil((ROUND_MS * 1_000) / median(warm)));
      await opa.run(times.opa * 3);
      const p50 = { regent: [] as number[], opa: [] as number[] };
      for (let round = 0; round < ROUNDS; round++) {
        p50.regent.push(median(runRegent(evaluate, times.regent)));
        p50.opa.push(median(await opa.run(times.opa)));
      }
      const ratio = median(p50.regent.map((time, round) => time / (p50.opa[round] ?? Number.NaN)));
      rows.push({
        rules,
        "input KB": (input.length / 1000).toFixed(1),
        "Regent us": median(p50.regent).toFixed(1),
        "OPA us": median(p50.opa).toFixed(1),
        ratio: ratio.toFixed(2),
        bar: BAR.get(rules),
      });
    }
  }
  console.table(rows);
} finally {
  await opa.close();
  await rm(folder, { recursive: true });
}

function callsIn(run: typeof runRegent, evaluate: () => unknown): number {
  const startedAt = performance.now();
  let last: number[] = [];
  while (performance.now() - startedAt < WARM_UP_MS) last = run(evaluate, 20);
  return Math.max(5, Math.ceil((ROUND_MS * 1_000) / median(last)));
}
