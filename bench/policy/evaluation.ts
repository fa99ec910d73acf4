/**
 * Evaluation from the bytes of the input to the decision, beside OPA's Go library on the same Rego, data and input. Both
 * are measured in turns in one run, so that a busy machine slows both alike; the ratio is the claim.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { JsonValue } from "../../src/exchange/json.ts";
import { pruneInput, READS_EVERYTHING, type Reads } from "../../src/exchange/reads.ts";

import { decide, ENTRYPOINT, engineOf } from "./engine.ts";
import { inputOf } from "./inputs.ts";
import { callsIn, median, report, timesOf, warmUp } from "./measure.ts";
import { OpaLibrary } from "./opa.ts";
import { DATA, rulesOf } from "./rules.ts";

/** The p50 of Regent over that of OPA, at most, by the number of rules. */
const BARS = new Map([
  [10, 0.5],
  [100, 0.5],
  [1_000, 1],
]);
const INPUT_BYTES = [1_000, 10_000, 100_000];
const ROUNDS = 11;
/** What one side of a round takes about. */
const SLICE_MS = 100;
const WARM_UP_MS = 1_000;

const { values } = parseArgs({ options: { rules: { type: "string" }, bytes: { type: "string" } } });
const chosen = (given: string | undefined, all: readonly number[]): readonly number[] =>
  given === undefined ? all : given.split(",").map(Number);

type Side = { readonly run: (calls: number) => Promise<number[]>; readonly calls: number };

/** Medians of each side over all rounds, and of the ratio of the medians of each round. */
async function compare(regent: Side, opa: Side): Promise<{ regentUs: number; opaUs: number; ratio: number }> {
  const rounds: { regentUs: number; opaUs: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const regentUs = median(await regent.run(regent.calls));
    rounds.push({ regentUs, opaUs: median(await opa.run(opa.calls)) });
  }
  return {
    regentUs: median(rounds.map(({ regentUs }) => regentUs)),
    opaUs: median(rounds.map(({ opaUs }) => opaUs)),
    ratio: median(rounds.map(({ regentUs, opaUs }) => regentUs / opaUs)),
  };
}

async function sideOf(act: () => Promise<unknown>): Promise<Side> {
  const calls = await warmUp(act, WARM_UP_MS, SLICE_MS);
  return { run: (times) => timesOf(act, times), calls };
}

async function measureRules(opa: OpaLibrary, folder: string, rules: number): Promise<object[]> {
  const rows: object[] = [];
  const engine = await engineOf(folder, rules);
  const reads = engine.for("").reads(ENTRYPOINT);
  for (const bytes of chosen(values.bytes, INPUT_BYTES)) {
    const input = inputOf(bytes);
    const expected = await opa.load({
      policy: rulesOf(rules),
      data: DATA,
      query: "data.bench.decision",
      input: input.toString(),
    });
    assert.deepEqual(await decide(engine, input), expected);
    await opa.run(200);
    const calls = callsIn(await opa.run(200), SLICE_MS);
    const opaSide = { run: (times: number) => opa.run(times), calls };
    const row = (
      name: string,
      bar: number | undefined,
      { regentUs, opaUs, ratio }: Awaited<ReturnType<typeof compare>>,
    ) => ({
      rules,
      "input KB": (input.length / 1_000).toFixed(1),
      handed: name,
      "Regent us": regentUs.toFixed(1),
      "OPA us": opaUs.toFixed(1),
      ratio: ratio.toFixed(2),
      bar,
      holds: bar === undefined ? "" : ratio <= bar,
    });
    const whole = await compare(await sideOf(() => decide(engine, input)), opaSide);
    rows.push(row("whole", BARS.get(rules), whole));
    const less = withoutUnread(input, reads);
    if (less === undefined) continue;
    assert.deepEqual(await decide(engine, less), expected);
    rows.push(row("pruned", undefined, await compare(await sideOf(() => decide(engine, less)), opaSide)));
  }
  await engine.close();
  return rows;
}

/** What a policy is handed that is known to read only a part of its input. OPA is handed all of it. */
function withoutUnread(input: Buffer, reads: Reads): Buffer | undefined {
  if (reads === READS_EVERYTHING) return undefined;
  return Buffer.from(JSON.stringify(pruneInput(JSON.parse(input.toString()) as JsonValue, reads)));
}

const folder = await mkdtemp(join(tmpdir(), "regent-bench-"));
const opa = await OpaLibrary.start(folder);
try {
  const rows: { holds?: unknown }[] = [];
  for (const rules of chosen(values.rules, [...BARS.keys()]))
    rows.push(...(await measureRules(opa, folder, rules)));
  console.log(
    `\nevaluation from the input's bytes to the decision, p50, medians of ${ROUNDS} rounds in turns`,
  );
  console.table(rows);
  report(
    rows.every(({ holds }) => holds !== false),
    "evaluation takes at most 0.5 of OPA's time for 10 and 100 rules, and at most its time for 1,000",
  );
} finally {
  await opa.close();
  await rm(folder, { recursive: true });
}
