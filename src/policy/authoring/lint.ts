import { spawnSync } from "node:child_process";
import { runOpa } from "../opa/opa.ts";
import type { Source } from "../opa/sources.ts";
import { compileFaults } from "./check.ts";
import { inOrder, type PolicyFinding } from "./finding.ts";
import { unevenHeads } from "./heads.ts";
import { type Module, parseModules } from "./module.ts";
import { faultyNegations } from "./negations.ts";
import { metadataFaults, ruleFaults } from "./rule-form.ts";

/**
 * Everything that can be said of policies without running them: what `check` says, the format of `opa fmt`, Regent's own
 * rules, and Regal's where it is on PATH.
 * @throws OpaError when OPA itself fails
 */
export async function lintPolicies(
  opa: string,
  sources: readonly Source[],
): Promise<readonly PolicyFinding[]> {
  const faults = await compileFaults(opa, sources);
  // What does not compile has no tree to look at.
  if (faults.length > 0) return faults;
  const files = sources.filter(({ kind }) => kind === "policy").map(({ path }) => path);
  const modules = await parseModules(opa, files);
  return inOrder([
    ...(await unformatted(opa, files)),
    ...modules.flatMap((module) => [
      ...faultyNegations(module),
      ...unevenHeads(module),
      ...ruleFaults(module),
      ...metadataFaults(module),
    ]),
    ...untested(modules),
    ...(await regal(files)),
  ]);
}

async function unformatted(opa: string, files: readonly string[]): Promise<readonly PolicyFinding[]> {
  const run = await runOpa(opa, ["fmt", "--list", "--", ...files]);
  return run.stdout
    .split("\n")
    .filter((file) => file !== "")
    .map((file) => ({
      ...{ file, row: 1, column: 1, severity: "warning", code: "format" },
      message: `not formatted: opa fmt --write ${file}`,
    }));
}

/** Rules that no test imports or names. */
function untested(modules: readonly Module[]): readonly PolicyFinding[] {
  const tests = modules.filter(({ file }) => file.endsWith("_test.rego"));
  const named = new Set(tests.flatMap(({ tree }) => [...referencesIn(tree)]));
  return modules
    .filter(
      ({ package: path, file }) =>
        path[0] === "regent" && path[1] === "rules" && !file.endsWith("_test.rego"),
    )
    .filter(({ package: path }) => !named.has(path.join(".")))
    .map(({ file, packageLocation }) => ({
      ...{
        file,
        row: packageLocation.row,
        column: packageLocation.col,
        severity: "warning",
        code: "untested",
      },
      message: "no test (*_test.rego) imports this rule",
    }));
}

function* referencesIn(node: unknown): Generator<string> {
  if (typeof node !== "object" || node === null) return;
  if ("type" in node && node.type === "ref" && "value" in node && Array.isArray(node.value)) {
    const [head, ...rest] = node.value as { readonly value: unknown }[];
    if (head?.value === "data")
      yield rest
        .slice(0, 4)
        .map(({ value }) => String(value))
        .join(".");
  }
  for (const member of Object.values(node)) yield* referencesIn(member);
}

/** A violation as `regal lint --format json` gives it. */
type Violation = {
  readonly title: string;
  readonly description: string;
  readonly level: string;
  readonly location: { readonly file: string; readonly row: number; readonly col: number };
};

/** Regal's findings; none where there is no Regal. @see https://docs.styra.com/regal */
async function regal(files: readonly string[]): Promise<readonly PolicyFinding[]> {
  if (spawnSync("regal", ["version"]).status !== 0) return [];
  const run = await runOpa("regal", ["lint", "--format", "json", ...files]);
  const { violations } = JSON.parse(run.stdout) as { violations?: readonly Violation[] };
  return (violations ?? []).map(({ title, description, level, location }) => ({
    ...{ file: location.file, row: location.row, column: location.col, code: `regal/${title}` },
    severity: level === "error" ? "error" : "warning",
    message: description,
  }));
}
