/**
 * What bodies that ask for 10^9 steps do to the others: the delay from when a request was due to its decision, while
 * there is no hostile traffic and while there is, in turns.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RegentError } from "../../src/exchange/errors.ts";
import { createPolicyEngine } from "../../src/policy/engine.ts";
import { buildRules, ENTRYPOINT } from "./engine.ts";
import { inputOf } from "./inputs.ts";
import { median, quantile, report } from "./measure.ts";
import { rulesOf } from "./rules.ts";

const HOSTILE_PER_SECOND = 10;
const NORMAL_EVERY_MS = 2;
const SLICE_MS = 3_000;
const ROUNDS = 5;
/** What a denial may take: the budget of an evaluation and 50 ms. */
const DENIED_MS_MAX = 100;

const POLICY = `${rulesOf(100)}
deny contains {"code": "pairs"} if count([1 | some i in numbers.range(1, input.n); some j in numbers.range(1, input.n); i * j == -1]) > 0
`;
const HOSTILE = Buffer.from('{"n":3e4}\n');

const folder = await mkdtemp(join(tmpdir(), "regent-bench-"));
const path = await buildRules(folder, POLICY);
const log = { info: () => {}, warn: () => {}, error: () => {} };
const engine = await createPolicyEngine({
  bundles: [{ name: "bench", path }],
  entrypoints: [ENTRYPOINT],
  log,
  watch: false,
});
const policies = engine.for("");
const normal = inputOf(10_000);

/** Delays in milliseconds of requests that come at fixed times, whatever became of the ones before. */
async function normalDelays(): Promise<number[]> {
  const delays: number[] = [];
  const startedAt = performance.now();
  for (let due = 0; due < SLICE_MS; due += NORMAL_EVERY_MS) {
    while (performance.now() - startedAt < due) await sleep(1);
    await policies.evaluate(ENTRYPOINT, normal);
    delays.push(performance.now() - startedAt - due);
  }
  return delays;
}

async function hostileDelays(): Promise<number[]> {
  const delays: number[] = [];
  for (let sent = 0; sent < (SLICE_MS / 1_000) * HOSTILE_PER_SECOND; sent++) {
    const startedAt = performance.now();
    const outcome = await policies.evaluate(ENTRYPOINT, HOSTILE).catch((error: unknown) => error);
    const took = performance.now() - startedAt;
    if (!(outcome instanceof RegentError && outcome.code === "policy_timeout"))
      throw new Error(`a hostile body was answered with ${String(outcome)}`);
    delays.push(took);
    await sleep(Math.max(0, 1_000 / HOSTILE_PER_SECOND - took));
  }
  return delays;
}

try {
  await normalDelays();
  const [quiet, busy, denied]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    quiet.push(quantile(await normalDelays(), 0.99));
    const [normalOnes, hostileOnes] = await Promise.all([normalDelays(), hostileDelays()]);
    busy.push(quantile(normalOnes, 0.99));
    denied.push(...hostileOnes);
  }
  const ratio = median(busy.map((p99, round) => p99 / (quiet[round] ?? Number.NaN)));
  report(
    ratio < 2,
    `with ${HOSTILE_PER_SECOND} hostile bodies a second the p99 of others is under twice its normal value: ${median(quiet).toFixed(1)} and ${median(busy).toFixed(1)} ms, ratio ${ratio.toFixed(2)}`,
  );
  report(
    quantile(denied, 0.99) <= DENIED_MS_MAX,
    `they are denied within ${DENIED_MS_MAX} ms: p50 ${median(denied).toFixed(0)}, p99 ${quantile(denied, 0.99).toFixed(0)} ms`,
  );
} finally {
  await engine.close();
  await rm(folder, { recursive: true });
}
