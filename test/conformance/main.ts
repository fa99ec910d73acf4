/**
 * How far Regent answers as OPA does: OPA's conformance cases, the recorded answers of opa-envoy-plugin, and those of
 * builtins. Prints one table; ends with 3 when something failed that is not a published exception.
 *
 *   node test/conformance/main.ts [--cases PART OF A NOTE] [--write]
 *
 * With --cases it runs those conformance cases alone and tells what is wrong with them. With --write it writes
 * docs/conformance.md anew.
 */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { packageFile } from "../../src/document/package-root.ts";
import { findOpa } from "../../src/policy/opa/opa.ts";
import { casesFolder, readCases } from "./cases.ts";
import { EXCEPTION_REASONS } from "./exceptions.ts";
import { CONFORMANCE_PAGE, conformancePage } from "./page.ts";
import { type Outcome, runCases } from "./run.ts";
import { type Counts, runVectors, VECTOR_TESTS } from "./vectors.ts";

const VECTORS_FOLDER = packageFile("..", "shared", "vectors", "opa-envoy");

function countsOf(outcomes: readonly Outcome[]): Counts {
  const passed = outcomes.filter((outcome) => outcome.passed).length;
  const excepted = outcomes.filter(
    (outcome) => !outcome.passed && EXCEPTION_REASONS.has(outcome.testCase.note),
  ).length;
  return { passed, excepted, failed: outcomes.length - passed - excepted };
}

function printRow(name: string, cells: readonly (string | number)[]): void {
  process.stdout.write(`${name.padEnd(20)}${cells.map((cell) => String(cell).padStart(10)).join("")}\n`);
}

function print(name: string, { passed, failed, excepted }: Counts): void {
  printRow(name, [passed, failed, excepted]);
}

const { values } = parseArgs({ options: { cases: { type: "string" }, write: { type: "boolean" } } });
const all = await readCases(await casesFolder());
if (values.write === true) await writeFile(CONFORMANCE_PAGE, conformancePage(all.length));
else {
  const outcomes = await runCases(
    await findOpa(),
    all.filter(({ note }) => note.includes(values.cases ?? "")),
  );
  const tables: [string, Counts][] = [["conformance cases", countsOf(outcomes)]];
  for (const { passed, testCase, why } of outcomes) {
    const published = EXCEPTION_REASONS.has(testCase.note);
    if (!passed && (values.cases !== undefined || !published))
      process.stderr.write(`${testCase.note}: ${why}\n`);
  }
  if (values.cases === undefined) {
    for (const [name, file] of Object.entries(VECTOR_TESTS)) {
      if (!existsSync(VECTORS_FOLDER)) {
        process.stderr.write(`${name}: SKIPPED, ${VECTORS_FOLDER} is not there\n`);
        continue;
      }
      const { faults, ...counts } = await runVectors(file);
      for (const fault of faults) process.stderr.write(`${name}: ${fault}\n`);
      tables.push([name, counts]);
    }
  }
  printRow("", ["passed", "failed", "excepted"]);
  for (const [name, counts] of tables) print(name, counts);
  if (tables.some(([, { failed }]) => failed > 0)) process.exitCode = 3;
}
