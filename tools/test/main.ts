// Runs all checks, one stage after the other, and ends with one line: N passed, N failed.
// usage: node tools/test/main.ts [STAGE…]   (default: all)

import { type Counts, STAGES, type Stage } from "./stages.ts";

const names = process.argv.slice(2);
const unknown = names.find((name) => !STAGES.some((stage) => stage.name === name));
if (unknown !== undefined) {
  console.error(`there is no stage ${unknown}; there are: ${STAGES.map(({ name }) => name).join(", ")}`);
  process.exit(1);
}

const total = { passed: 0, failed: 0 };
const summary: string[] = [];
const unsteady: string[] = [];
for (const stage of STAGES.filter(({ name }) => names.length === 0 || names.includes(name))) {
  console.log(`\n== ${stage.name}: ${stage.what}`);
  const started = performance.now();
  const counts = await runStage(stage);
  total.passed += counts.passed;
  total.failed += counts.failed;
  unsteady.push(...(counts.unsteady ?? []));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  summary.push(`${stage.name.padEnd(8)}${counts.passed} passed, ${counts.failed} failed in ${seconds} s`);
}

console.log(`\n${summary.join("\n")}`);
for (const file of unsteady) console.log(`unsteady: ${file} failed beside the others and passed alone`);
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

async function runStage(stage: Stage): Promise<Counts> {
  try {
    return await stage.run();
  } catch (error) {
    console.error(`stage ${stage.name} could not run:`, error);
    return { passed: 0, failed: 1 };
  }
}
