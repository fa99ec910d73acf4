/**
 * Memory of the process after many evaluations over memory after few. It needs `--expose-gc`: what is only waiting to be
 * collected is no growth.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { decide, engineOf } from "./engine.ts";
import { inputOf } from "./inputs.ts";
import { report } from "./measure.ts";

const { values } = parseArgs({
  options: { few: { type: "string", default: "10000" }, many: { type: "string", default: "1000000" } },
});
const GROWTH_MIB_MAX = 5;
const MIB = 1024 * 1024;

function residentMiB(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage.rss() / MIB;
}

const folder = await mkdtemp(join(tmpdir(), "regent-bench-"));
try {
  const engine = await engineOf(folder, 10);
  // Sizes that differ: an instance must not grow by what it is handed.
  const inputs = [1_000, 1_500, 4_000, 20_000].map(inputOf);
  let done = 0;
  const until = async (count: number): Promise<number> => {
    for (; done < count; done++)
      await decide(engine, inputs[done % 50 === 0 ? 3 : done % 3] ?? Buffer.alloc(0));
    return residentMiB();
  };
  if (globalThis.gc === undefined) throw new Error("run it with node --expose-gc");
  const few = await until(Number(values.few));
  const many = await until(Number(values.many));
  await engine.close();
  report(
    many - few <= GROWTH_MIB_MAX,
    `memory after ${values.many} evaluations is within ${GROWTH_MIB_MAX} MiB of that after ${values.few}: ${few.toFixed(1)} and ${many.toFixed(1)} MiB`,
  );
} finally {
  await rm(folder, { recursive: true });
}
