/**
 * Runs OPA's own conformance cases through Regent's evaluator and counts. The cases are read in place from the OPA
 * module that set-up installs; compiled policies are kept in the system's temporary folder, so a second run is quick.
 *
 *   node test/conformance/main.ts [--verbose] [PART OF A NOTE]
 */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { HOST_BUILTINS } from "../../src/policy/builtins/host.ts";
import { readBundle } from "../../src/policy/bundle/bundle.ts";
import { systemClock } from "../../src/policy/clock.ts";
import { faultOf } from "../../src/policy/fault.ts";
import { findOpa, runOpa } from "../../src/policy/opa/opa.ts";
import { resultJson } from "../../src/policy/result.ts";
import { PolicyRevision } from "../../src/policy/revision.ts";
import { type Case, canonical, entrypointOf, readCases, toJson } from "./cases.ts";

const OPA_VERSION = "v1.22.0";
const WORKERS = 2;
const cache = join(tmpdir(), "regent-conformance");

type Outcome =
  | { readonly kind: "passed" }
  | { readonly kind: "other_form" | "not_compiled" | "missing_builtin" | "failed"; readonly why: string };

async function casesFolder(): Promise<string> {
  const { stdout } = await promisify(execFile)("go", [
    "list",
    "-m",
    "-f",
    "{{.Dir}}",
    `github.com/open-policy-agent/opa@${OPA_VERSION}`,
  ]);
  return join(stdout.trim(), "v1/test/cases/testdata/v1");
}

/** The compiled bundle of a case, or OPA's fault. */
async function compile(opa: string, modules: readonly string[], entrypoint: string): Promise<string> {
  const key = createHash("sha256")
    .update(JSON.stringify([OPA_VERSION, modules, entrypoint]))
    .digest("hex");
  const bundle = join(cache, `${key}.tar.gz`);
  if (
    await access(bundle).then(
      () => true,
      () => false,
    )
  )
    return bundle;
  const folder = await mkdtemp(join(tmpdir(), "regent-case-"));
  try {
    const files = modules.map((_, index) => join(folder, `module-${index}.rego`));
    await Promise.all(modules.map((module, index) => writeFile(files[index] ?? "", module)));
    const built = join(folder, "bundle.tar.gz");
    const run = await runOpa(opa, ["build", "-t", "wasm", "-e", entrypoint, "-o", built, ...files]);
    if (run.status !== 0) throw new Error(run.stderr.trim());
    // Two cases may share their modules: the file appears whole.
    await rename(built, bundle);
    return bundle;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function run(opa: string, testCase: Case): Promise<Outcome> {
  const query = entrypointOf(testCase.query);
  if (query === undefined) return { kind: "other_form", why: testCase.query };
  // OPA parses this as a term, which may have commas at the end.
  const term = testCase.input_term?.replace(/,(\s*[}\]])/g, "$1");
  const input = term ?? (testCase.input === undefined ? undefined : toJson(testCase.input));
  let file: string;
  try {
    file = await compile(opa, testCase.modules ?? [], query.entrypoint);
  } catch (error) {
    return { kind: "not_compiled", why: (error as Error).message };
  }
  try {
    const bundle = { ...(await readBundle(file)), data: Buffer.from(toJson(testCase.data ?? {})) };
    const revision = await PolicyRevision.create(bundle, {
      builtins: HOST_BUILTINS,
      clock: systemClock,
      print: () => {},
    });
    const { result } = revision.evaluate(
      query.entrypoint,
      input === undefined ? undefined : Buffer.from(input),
    );
    return judge(testCase, query.variable, result === undefined ? undefined : resultJson(result));
  } catch (error) {
    const fault = faultOf(error);
    if (fault.includes("needs builtins")) return { kind: "missing_builtin", why: fault };
    const wantsError = testCase.want_error_code !== undefined || testCase.want_error !== undefined;
    return wantsError && !testCase.strict_error
      ? { kind: "passed" }
      : { kind: "failed", why: `error: ${fault}` };
  }
}

function judge(testCase: Case, variable: string, resultText: string | undefined): Outcome {
  const wantsError = testCase.want_error_code !== undefined || testCase.want_error !== undefined;
  if (wantsError) {
    // Errors of builtins are errors only in strict mode; Wasm knows no strict mode, there they are undefined.
    const undefinedWanted =
      testCase.strict_error === true || testCase.want_error_code === "eval_builtin_error";
    if (undefinedWanted && resultText === undefined) return { kind: "passed" };
    return {
      kind: "failed",
      why: `wanted an error (${testCase.want_error ?? testCase.want_error_code}), got ${resultText}`,
    };
  }
  const wanted = (testCase.want_result ?? []).map((binding) => binding[variable]);
  const got = resultText === undefined ? [] : [parseExact(resultText)];
  const sets = testCase.sort_bindings === true;
  if (canonical(wanted, sets) === canonical(got, sets)) return { kind: "passed" };
  return { kind: "failed", why: `wanted ${canonical(wanted, sets)}, got ${canonical(got, sets)}` };
}

/** JSON.parse that keeps integers of any size. */
function parseExact(text: string): unknown {
  const reviver = (_: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && /^-?\d+$/.test(context?.source ?? "")
      ? BigInt(context?.source ?? "")
      : value;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
}

const { values, positionals } = parseArgs({
  options: { verbose: { type: "boolean" } },
  allowPositionals: true,
});
await mkdir(cache, { recursive: true });
const opa = await findOpa();
const cases = (await readCases(await casesFolder())).filter(({ note }) =>
  note.includes(positionals[0] ?? ""),
);
const counts = new Map<string, number>();
const lines: string[] = [];
const queue = [...cases];
await Promise.all(
  Array.from({ length: WORKERS }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const outcome = await run(opa, next);
      counts.set(outcome.kind, (counts.get(outcome.kind) ?? 0) + 1);
      if (outcome.kind !== "passed")
        lines.push(`${outcome.kind}\t${next.note}\t${outcome.why.replaceAll("\n", " ")}`);
    }
  }),
);
if (values.verbose) process.stdout.write(`${lines.sort().join("\n")}\n`);
process.stdout.write(
  `${cases.length} cases: ${[...counts].map(([kind, count]) => `${count} ${kind}`).join(", ")}\n`,
);
