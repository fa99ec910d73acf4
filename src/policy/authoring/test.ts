import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adviceOn } from "../opa/advice.ts";
import { CAPABILITIES_FILE, OpaError, runOpa } from "../opa/opa.ts";
import { opaArgument, type Source } from "../opa/sources.ts";
import { compareInWasm, type WasmDifference } from "./wasm-tests.ts";

/** One Rego test as OPA ran it. */
export type RegoTest = {
  /** `data.regent.rules_test.models.access`. */
  readonly package: string;
  readonly name: string;
  readonly file: string;
  readonly row: number;
  readonly outcome: "pass" | "fail" | "skip";
  /** What it printed, or the error it ended with. */
  readonly output?: string;
};

export type TestReport = {
  readonly tests: readonly RegoTest[];
  /** Percent of lines that the tests reach, and by file what they do not; undefined when a test failed. */
  readonly coverage?: {
    readonly percent: number;
    readonly missed: readonly { readonly file: string; readonly rows: readonly string[] }[];
  };
  /** Tests that end otherwise in compiled Wasm; undefined when that was not asked for. */
  readonly wasm?: readonly WasmDifference[];
};

export type TestOptions = {
  /** Only tests whose name matches. */
  readonly run?: string;
  /** Compile the tests to Wasm as well, run them as the server would, and compare. */
  readonly wasm: boolean;
};

/** For one test. OPA's own 5 seconds are too few on a machine that is busy. */
const TEST_TIMEOUT = "60s";

/** Runs the Rego tests with OPA, with coverage, and the same tests compiled to Wasm through Regent's own evaluator. */
export async function testPolicies(
  opa: string,
  sources: readonly Source[],
  options: TestOptions,
): Promise<TestReport> {
  const args = sources.map(opaArgument);
  const tests = await runTests(opa, args, options.run);
  const coverage = tests.some(({ outcome }) => outcome === "fail")
    ? undefined
    : await coverageOf(opa, args, options.run);
  return {
    tests,
    ...(coverage === undefined ? {} : { coverage }),
    ...(options.wasm ? { wasm: await inFolder((folder) => compareInWasm(opa, args, tests, folder)) } : {}),
  };
}

type OpaTest = {
  readonly location: { readonly file: string; readonly row: number };
  readonly package: string;
  readonly name: string;
  readonly fail?: boolean;
  readonly skip?: boolean;
  readonly error?: { readonly message?: string };
  readonly output?: string;
};

async function runTests(
  opa: string,
  sources: readonly string[],
  run: string | undefined,
): Promise<readonly RegoTest[]> {
  const ran = await opaTest(opa, ["--format", "json"], sources, run);
  return (ran as readonly OpaTest[]).map((test) => {
    const printed = test.output === undefined ? "" : Buffer.from(test.output, "base64").toString("utf8");
    const output = [printed, test.error?.message ?? ""].filter((part) => part !== "").join("\n");
    const failed = test.fail === true || test.error !== undefined;
    return {
      package: test.package,
      name: test.name,
      file: test.location.file,
      row: test.location.row,
      outcome: failed ? "fail" : test.skip === true ? "skip" : "pass",
      ...(output === "" ? {} : { output }),
    };
  });
}

type OpaCoverage = {
  readonly coverage: number;
  readonly files: {
    readonly [file: string]: {
      readonly not_covered?: readonly { start: { row: number }; end: { row: number } }[];
    };
  };
};

async function coverageOf(
  opa: string,
  sources: readonly string[],
  run: string | undefined,
): Promise<TestReport["coverage"]> {
  const report = (await opaTest(opa, ["--coverage", "--format", "json"], sources, run)) as OpaCoverage;
  return {
    percent: Math.floor(report.coverage * 100) / 100,
    missed: Object.entries(report.files).flatMap(([file, { not_covered }]) =>
      not_covered === undefined
        ? []
        : [{ file, rows: [...new Set(not_covered.map(({ start, end }) => rowsOf(start.row, end.row)))] }],
    ),
  };
}

function rowsOf(first: number, last: number): string {
  return first === last ? String(first) : `${first}-${last}`;
}

async function opaTest(
  opa: string,
  options: readonly string[],
  sources: readonly string[],
  run: string | undefined,
): Promise<unknown> {
  const named = run === undefined ? [] : ["--run", run];
  const limits = ["--capabilities", CAPABILITIES_FILE, "--timeout", TEST_TIMEOUT];
  const ran = await runOpa(opa, ["test", ...limits, ...options, ...named, "--", ...sources]);
  try {
    return JSON.parse(ran.stdout) as unknown;
  } catch (error) {
    // A policy that does not compile runs no test; OPA says what is wrong with it.
    const fault = (ran.stderr || ran.stdout).trim();
    throw new OpaError(`${fault}\n${adviceOn(fault)}`.trim(), { cause: error });
  }
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "regent-test-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
