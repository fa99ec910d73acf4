import { unpackArchive } from "../../src/policy/bundle/archive.ts";
import type { Policies } from "../../src/policy/policies.ts";
import { type FileEngine, withFileEngine } from "./policy-engine.ts";
import { compileBundle } from "./rego.ts";
import { tarGzOf } from "./tar.ts";

/** One bundle in ten is bad, in one of these ways. */
const BAD_EVERY = 10;
/** Revisions that are swapped in turn: each has a module of its own. */
const REVISIONS = 8;
/** Loops that evaluate meanwhile. */
const LOADS = 4;
/** Evaluations of one exchange: its request and its answer, with other work between. */
const EVALUATIONS_OF_AN_EXCHANGE = 2;

export type SwapFigures = {
  readonly swaps: number;
  /** Bad bundles that were refused. */
  readonly refused: number;
  readonly evaluations: number;
  readonly failed: number;
  /** Results in which policy, data and the revision that was told are not of one bundle, and exchanges of two. */
  readonly mixed: number;
  /** Most Wasm instances in memory at once. */
  readonly instancesMax: number;
  /** Resident memory at the end above that after a tenth of the swaps, bytes. */
  readonly growthBytes: number;
  readonly durationMs: number;
};

type Counts = { evaluations: number; failed: number; mixed: number };

/**
 * Swaps bundles under a load of evaluations, one in ten of them bad. Every result tells the revision that is compiled
 * into the policy and the one that is in the data.
 */
export async function swapBundles(swaps: number): Promise<SwapFigures> {
  const revisions = await Promise.all(Array.from({ length: REVISIONS }, (_, index) => revision(`r${index}`)));
  const bad = await badBundles(revisions[1] ?? Buffer.alloc(0));
  return withFileEngine(
    { main: revisions[0] ?? Buffer.alloc(0) },
    { entrypoints: ["p/r"] },
    async (files) => {
      const counts: Counts = { evaluations: 0, failed: 0, mixed: 0 };
      const ending = { now: false };
      const loads = Array.from({ length: LOADS }, () => evaluateUntil(ending, files, counts));
      const startedAt = performance.now();
      let [refused, instancesMax, rssEarly] = [0, 0, 0];
      for (let swap = 1; swap <= swaps; swap++) {
        const isBad = swap % BAD_EVERY === 0;
        const next = isBad ? bad[(swap / BAD_EVERY) % bad.length] : revisions[swap % REVISIONS];
        await files.put("main", next ?? Buffer.alloc(0));
        const [status] = files.engine.status();
        if (isBad && status?.lastError !== undefined) refused += 1;
        if (!isBad && status?.lastError !== undefined) throw new Error(status.lastError.message);
        instancesMax = Math.max(instancesMax, files.engine.instances);
        if (swap === Math.ceil(swaps / 10)) rssEarly = process.memoryUsage.rss();
      }
      ending.now = true;
      await Promise.all(loads);
      const growthBytes = process.memoryUsage.rss() - rssEarly;
      const durationMs = performance.now() - startedAt;
      return { swaps, refused, ...counts, instancesMax, growthBytes, durationMs };
    },
  );
}

async function evaluateUntil(
  ending: { now: boolean },
  { engine }: FileEngine,
  counts: Counts,
): Promise<void> {
  while (!ending.now) {
    const policies = engine.for("");
    for (let index = 0; index < EVALUATIONS_OF_AN_EXCHANGE; index++) {
      await evaluate(policies, counts);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

async function evaluate(policies: Policies, counts: Counts): Promise<void> {
  counts.evaluations += 1;
  try {
    const { result, revision: told } = await policies.evaluate("p/r", {});
    const { policy, data } = result as { policy: string; data: string };
    if (policy !== data || policy !== told || told !== policies.revision) counts.mixed += 1;
  } catch {
    // What is counted is what a caller sees: any fault is a failure.
    counts.failed += 1;
  }
}

function revision(name: string): Promise<Buffer> {
  const rego = `package p\n\nr := {"policy": "${name}", "data": data.revision}\n`;
  return compileBundle({ "p.rego": rego, "data.json": JSON.stringify({ revision: name }) }, ["p/r"], name);
}

/** Corrupt, without its entrypoint, lying, and with a path out of the archive. */
async function badBundles(good: Buffer): Promise<readonly Buffer[]> {
  const entries = [...(await unpackArchive(good)).files].map(([path, content]) => ({ path, content }));
  const without = entries.filter(({ path }) => path !== ".manifest");
  return [
    Buffer.from(good).fill(0x55, good.length - 64),
    await compileBundle({ "q.rego": "package q\n\nr := 1\n" }, ["q/r"], "q"),
    tarGzOf([...without, { path: ".manifest", content: '{"roots":["q"]}' }]),
    tarGzOf([...entries, { path: "../x", content: "x" }]),
  ];
}
