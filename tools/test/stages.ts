import { spawn } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

/** How many checks of a stage passed and failed. */
export type Counts = {
  readonly passed: number;
  readonly failed: number;
  /** Files that failed beside the others and passed alone: a machine too slow for a test, or a race that is to be found. */
  readonly unsteady?: readonly string[];
};

export type Stage = { readonly name: string; readonly what: string; readonly run: () => Promise<Counts> };

/** Tests that start processes, Envoy above all: one file at a time, or two cores are too few for their time limits. */
const SYSTEM_FOLDERS = [
  "test/bundles",
  "test/conformance",
  "test/decision-log",
  "test/differential",
  "test/docs",
  "test/envoy",
  "test/istio",
  "test/local",
  "test/opa",
  "test/replay",
  "test/setup",
  "test/tensors",
];
/** No test file takes longer; one that does hangs. Milliseconds. */
const FILE_TIMEOUT_MS = { unit: 300_000, system: 900_000 };
/** Files that are run once more, alone, when something in them failed. More of them are no accident of the machine. */
export const SECOND_TRIES_MAX = 3;

export const STAGES: readonly Stage[] = [
  { name: "lint", what: "style", run: () => asOne("biome", ["check", "."]) },
  { name: "types", what: "types", run: () => asOne("tsc", ["-p", "tsconfig.json"]) },
  { name: "rego", what: "tests of the policies", run: rego },
  { name: "unit", what: "tests beside the code", run: () => nodeTests(unitFiles(), 2, FILE_TIMEOUT_MS.unit) },
  {
    name: "system",
    what: "tests with real processes",
    run: () => nodeTests(systemFiles(), 1, FILE_TIMEOUT_MS.system),
  },
  { name: "demo", what: "the tour", run: demo },
];

function systemFiles(): string[] {
  return SYSTEM_FOLDERS.flatMap((folder) => globSync(`${folder}/**/*.test.ts`)).sort();
}

function unitFiles(): string[] {
  const system = new Set(systemFiles());
  return ["src", "test", "tools", "bench"]
    .flatMap((folder) => globSync(`${folder}/**/*.test.ts`))
    .filter((file) => !system.has(file))
    .sort();
}

/** A command that passes or fails as a whole. */
async function asOne(command: string, args: readonly string[]): Promise<Counts> {
  const { status } = await run(command, args);
  return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function nodeTests(files: readonly string[], atOnce: number, timeoutMs: number): Promise<Counts> {
  const dir = mkdtempSync(join(tmpdir(), "regent-test-"));
  try {
    return await secondTry(await runFiles(files, atOnce, timeoutMs, dir), (failed) => {
      console.log(`\n== once more, alone: ${failed.join(", ")}`);
      return runFiles(failed, 1, timeoutMs, dir);
    });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

export type FilesRun = Counts & { readonly failedFiles: readonly string[] };

/** Runs the files in which something failed once more, unless they are too many. */
export async function secondTry(
  first: FilesRun,
  again: (files: readonly string[]) => Promise<FilesRun>,
): Promise<Counts> {
  const { passed, failed, failedFiles } = first;
  if (failedFiles.length === 0 || failedFiles.length > SECOND_TRIES_MAX) return { passed, failed };
  const second = await again(failedFiles);
  if (second.failed > 0) return { passed, failed };
  return { passed: passed + failed, failed: 0, unsteady: failedFiles };
}

async function runFiles(
  files: readonly string[],
  atOnce: number,
  timeoutMs: number,
  dir: string,
): Promise<FilesRun> {
  const failures = join(dir, "failed-files.txt");
  const options = [
    "--test",
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    `--test-reporter=${join(import.meta.dirname, "failed-files.ts")}`,
    `--test-reporter-destination=${failures}`,
    `--test-concurrency=${atOnce}`,
    `--test-timeout=${timeoutMs}`,
  ];
  const counts = countsOf(await run(process.execPath, [...options, ...files]), {
    passed: /^ℹ pass (\d+)$/gm,
    failed: /^ℹ (?:fail|cancelled) (\d+)$/gm,
  });
  const failedFiles = readFileSync(failures, "utf8").split("\n").filter(Boolean);
  return { ...counts, failedFiles: failedFiles.map((file) => relative(".", file)) };
}

async function rego(): Promise<Counts> {
  return countsOf(await run("node_modules/.bin/regent", ["policy", "test", "policies"]), {
    passed: /^OPA: (\d+) of \d+ pass\b/gm,
    failed: /^Wasm: (\d+) differ$/gm,
  });
}

async function demo(): Promise<Counts> {
  const ran = await run("make", ["demo"]);
  const [, scenes, asExpected] = /^demo: (\d+) scenes, (\d+) as expected$/m.exec(ran.output) ?? [];
  return closed(ran.status, Number(asExpected ?? 0), Number(scenes ?? 0) - Number(asExpected ?? 0));
}

export type Ran = { readonly status: number | null; readonly output: string };

/** Reads counts out of what a runner printed, adding up all matches. */
export function countsOf(ran: Ran, patterns: { readonly passed: RegExp; readonly failed: RegExp }): Counts {
  const sum = (pattern: RegExp) =>
    [...ran.output.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);
  return closed(ran.status, sum(patterns.passed), sum(patterns.failed));
}

/** A stage in which nothing passed has not run, and one that ends badly has failed even if it counts no failure. */
export function closed(status: number | null, passed: number, failed: number): Counts {
  const bad = status !== 0 || passed === 0;
  return { passed, failed: bad ? Math.max(1, failed) : failed };
}

/** Runs a command, showing what it prints and keeping it, without colours. Nothing reads standard input. */
function run(command: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], env: environment() });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      process.stdout.write(chunk);
    });
    child.on("error", reject);
    child.on("close", (status) => {
      resolve({ status, output: stripVTControlCharacters(Buffer.concat(chunks).toString("utf8")) });
    });
  });
}

function environment(): NodeJS.ProcessEnv {
  return process.stdout.isTTY ? { ...process.env, FORCE_COLOR: "1" } : process.env;
}
