import { Command, InvalidArgumentError } from "commander";
import { type RegoTest, type TestReport, testPolicies } from "../../policy/authoring/test.ts";
import { findOpa, OpaError } from "../../policy/opa/opa.ts";
import { collectPolicies } from "../../policy/opa/sources.ts";
import { CommandFailure, EXIT } from "../failure.ts";
import { append, type Format, formatOption, reportingFaults } from "./report.ts";

type Flags = {
  readonly format: Format;
  readonly run?: string;
  readonly verbose?: boolean;
  readonly wasm: boolean;
  readonly threshold?: number;
  readonly ignore?: string[];
};

/** `regent policy test` */
export function testCommand(): Command {
  return new Command("test")
    .description(
      "run the Rego tests with opa test and coverage, then compiled to Wasm as the server runs them",
    )
    .argument("<dir...>", "folders with .rego files")
    .option("--run <regex>", "only tests whose name matches")
    .option("--threshold <percent>", "fail when the tests reach less of the lines", percent)
    .option("--no-wasm", "leave out the comparison with compiled Wasm")
    .option("--ignore <pattern>", "leave out names or paths that match (repeatable)", append)
    .option("-v, --verbose", "print every test, and the lines that none reaches")
    .addOption(formatOption())
    .addHelpText(
      "after",
      "\nExit status: 3 when a test fails, ends otherwise in Wasm, or coverage is too low.\n\nExample:\n  regent policy test policies/lib my-rules --threshold 90",
    )
    .action((dirs: string[], flags: Flags) => reportingFaults(() => test(dirs, flags)));
}

function percent(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 100))
    throw new InvalidArgumentError("must be a number from 0 to 100");
  return value;
}

async function test(dirs: readonly string[], flags: Flags): Promise<void> {
  const sources = await collectPolicies(dirs, flags.ignore ?? []);
  const options = { wasm: flags.wasm, ...(flags.run === undefined ? {} : { run: flags.run }) };
  const report = await testPolicies(await findOpa(), sources, options);
  if (report.tests.length === 0) throw new OpaError(`there is no test in ${dirs.join(", ")}`);
  if (flags.format === "json") process.stdout.write(`${JSON.stringify(report)}\n`);
  else process.stdout.write(`${linesOf(report, flags.verbose === true).join("\n")}\n`);
  const status = statusOf(report, flags.threshold);
  if (status !== EXIT.ok) throw new CommandFailure(faultOf(report, flags.threshold), status);
}

function linesOf(report: TestReport, verbose: boolean): readonly string[] {
  const { tests, coverage, wasm } = report;
  const shown = tests.filter(({ outcome }) => verbose || outcome === "fail");
  const passed = tests.filter(({ outcome }) => outcome === "pass").length;
  const skipped = tests.filter(({ outcome }) => outcome === "skip").length;
  return [
    ...shown.flatMap((ran) => [
      `${ran.outcome.toUpperCase()} ${placeOf(ran)}`,
      ...(ran.output === undefined
        ? []
        : ran.output
            .trimEnd()
            .split("\n")
            .map((line) => `  ${line}`)),
    ]),
    `OPA: ${passed} of ${tests.length} pass${skipped === 0 ? "" : `, ${skipped} skipped`}`,
    ...(coverage === undefined ? [] : [`coverage: ${coverage.percent} % of the lines`]),
    ...(verbose ? (coverage?.missed ?? []) : []).map(
      ({ file, rows }) => `  not reached: ${file}:${rows.join(",")}`,
    ),
    ...(wasm ?? []).map(
      ({ test: ran, outcome, message }) =>
        `DIFFERENT ${placeOf(ran)}: ${ran.outcome} in OPA, ${outcome} in Wasm${message === undefined ? "" : ` (${message})`}`,
    ),
    ...(wasm === undefined
      ? []
      : [`Wasm: ${wasm.length === 0 ? "all end as in OPA" : `${wasm.length} differ`}`]),
  ];
}

function placeOf({ file, row, package: path, name }: RegoTest): string {
  return `${file}:${row} ${path}.${name}`;
}

function statusOf({ tests, coverage, wasm }: TestReport, threshold: number | undefined) {
  const failed =
    tests.some(({ outcome }) => outcome === "fail") ||
    (wasm ?? []).length > 0 ||
    (coverage !== undefined && coverage.percent < (threshold ?? 0));
  return failed ? EXIT.errors : EXIT.ok;
}

/** What is wrong beyond what was printed. */
function faultOf({ coverage }: TestReport, threshold: number | undefined): string {
  return coverage !== undefined && coverage.percent < (threshold ?? 0)
    ? `the tests reach ${coverage.percent} % of the lines, and ${threshold} % are asked for`
    : "";
}
