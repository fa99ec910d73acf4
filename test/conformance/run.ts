import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { HOST_BUILTINS } from "../../src/policy/builtins/host.ts";
import { readBundle } from "../../src/policy/bundle/bundle.ts";
import { systemClock } from "../../src/policy/clock.ts";
import { faultOf } from "../../src/policy/fault.ts";
import { runOpa } from "../../src/policy/opa/opa.ts";
import { resultJson } from "../../src/policy/result.ts";
import { PolicyRevision } from "../../src/policy/revision.ts";
import { isMovable, mergedData, moved } from "./batch.ts";
import { type Case, canonical } from "./cases.ts";
import { EXCEPTION_REASONS } from "./exceptions.ts";
import { type Job, jobOf } from "./job.ts";

export type Outcome = { readonly testCase: Case; readonly passed: boolean; readonly why: string };

/** Cases that are compiled together. More make a module that takes long to compile in its turn. */
const BATCH_SIZE = 60;

/** What OPA said of modules that it does not compile. */
class CompileError extends Error {}

/** Runs cases through Regent's evaluator. What fails among others is run again by itself, and that counts. */
export async function runCases(opa: string, cases: readonly Case[]): Promise<readonly Outcome[]> {
  const jobs = cases.map(jobOf);
  // A published exception may be one that does not compile, and would take others with it.
  const movable = jobs.filter((job) => isMovable(job) && !EXCEPTION_REASONS.has(job.testCase.note));
  const batches = Array.from({ length: Math.ceil(movable.length / BATCH_SIZE) }, (_, index) =>
    movable.slice(index * BATCH_SIZE, (index + 1) * BATCH_SIZE),
  );
  const together = (await inTurns(batches, (batch) => runBatch(opa, batch))).flat();
  const passed = new Set(together.filter((outcome) => outcome.passed).map(({ testCase }) => testCase));
  const rest = jobs.filter(({ testCase }) => !passed.has(testCase));
  const alone = await inTurns(rest, (job) => runAlone(opa, job));
  return [...together.filter((outcome) => outcome.passed), ...alone];
}

/** As many at once as there are processors. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results.push(await work(next));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

async function runBatch(opa: string, jobs: readonly Job[]): Promise<readonly Outcome[]> {
  const all = jobs.map((job, index) => moved(job, `case${index}`));
  try {
    const revision = await revisionOf(opa, all, mergedData(all));
    return all.map((job) => evaluate(revision, job));
  } catch (error) {
    return jobs.map(({ testCase }) => ({ testCase, passed: false, why: faultOf(error) }));
  }
}

async function runAlone(opa: string, job: Job): Promise<Outcome> {
  try {
    return evaluate(await revisionOf(opa, [job], job.data), job);
  } catch (error) {
    return { testCase: job.testCase, passed: false, why: faultOf(error).replaceAll("\n", " ") };
  }
}

/** @throws CompileError, BundleError */
async function revisionOf(opa: string, jobs: readonly Job[], data: string): Promise<PolicyRevision> {
  const folder = await mkdtemp(join(tmpdir(), "regent-conformance-"));
  try {
    const modules = jobs.flatMap((job) => job.modules);
    const files = modules.map((_, index) => join(folder, `module-${index}.rego`));
    await Promise.all(modules.map((module, index) => writeFile(files[index] ?? "", module)));
    const entrypoints = [...new Set(jobs.map(({ path }) => path.join("/")))];
    const bundle = join(folder, "bundle.tar.gz");
    const run = await runOpa(opa, [
      ...["build", "--target", "wasm", "--output", bundle],
      ...entrypoints.flatMap((entrypoint) => ["--entrypoint", entrypoint]),
      ...files,
    ]);
    if (run.status !== 0) throw new CompileError((run.stderr || run.stdout).trim());
    const executable = { ...(await readBundle(bundle)), data: Buffer.from(data) };
    return await PolicyRevision.create(executable, {
      builtins: HOST_BUILTINS,
      clock: systemClock,
      print: () => {},
      // What is compared are answers; a busy machine must not change them.
      timeLimitMs: 10_000,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

function evaluate(revision: PolicyRevision, job: Job): Outcome {
  const { testCase } = job;
  try {
    const input = job.input === undefined ? undefined : Buffer.from(job.input);
    const { result } = revision.evaluate(job.path.join("/"), input);
    return { testCase, ...judge(job, result === undefined ? undefined : resultJson(result)) };
  } catch (error) {
    const errorExpected = wantsError(testCase) && testCase.strict_error !== true;
    return { testCase, passed: errorExpected, why: `error: ${faultOf(error)}` };
  }
}

function wantsError({ want_error_code, want_error }: Case): boolean {
  return want_error_code !== undefined || want_error !== undefined;
}

function judge({ testCase, gives }: Job, text: string | undefined): { passed: boolean; why: string } {
  const bindings = text !== undefined && gives === "bindings" ? (parseExact(text) as unknown[]) : undefined;
  const nothing = text === undefined || bindings?.length === 0;
  if (wantsError(testCase)) {
    // Errors of builtins are errors only in strict mode; Wasm knows no strict mode, there they are undefined.
    const allowed = testCase.strict_error === true || testCase.want_error_code === "eval_builtin_error";
    return {
      passed: allowed && nothing,
      why: `wanted an error (${testCase.want_error ?? testCase.want_error_code}), got ${text}`,
    };
  }
  const sets = testCase.sort_bindings === true;
  const wanted = testCase.want_result ?? [];
  if (bindings !== undefined) return compared(wanted, bindings, true);
  const { variable } = gives as { variable: string };
  return compared(
    wanted.map((binding) => binding[variable]),
    text === undefined ? [] : [parseExact(text)],
    sets,
  );
}

function compared(wanted: unknown, got: unknown, sets: boolean): { passed: boolean; why: string } {
  const [expected, actual] = [canonical(wanted, sets), canonical(got, sets)];
  return { passed: expected === actual, why: `wanted ${expected}, got ${actual}` };
}

/** JSON.parse that keeps integers of any size. */
function parseExact(text: string): unknown {
  const reviver = (_: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && /^-?\d+$/.test(context?.source ?? "")
      ? BigInt(context?.source ?? "")
      : value;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
}
