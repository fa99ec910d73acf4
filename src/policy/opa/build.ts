import { createHash } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { readBundle } from "../bundle/bundle.ts";
import { adviceOn } from "./advice.ts";
import { withFacts } from "./facts.ts";
import { logEntrypoints } from "./log-entrypoints.ts";
import { CAPABILITIES_FILE, findOpa, OpaError, runOpa } from "./opa.ts";
import { collectPolicies, opaArgument, type Source } from "./sources.ts";

export type BuildOptions = {
  /** Folders and files with Rego and data. */
  readonly paths: readonly string[];
  readonly output: string;
  /**
   * Slash-separated. Empty: governance's own where their packages exist, and what METADATA marks. The rules that mask
   * and drop log events are entrypoints wherever they exist.
   */
  readonly entrypoints: readonly string[];
  readonly ignore?: readonly string[];
  /** Paths of data and packages that the bundle owns, `acme/rules`: what several bundles of one server share out. */
  readonly roots?: readonly string[];
  /** Undefined: a hash of everything that goes in, so that the same sources give the same bundle. */
  readonly revision?: string;
};

export type Built = {
  readonly revision: string;
  readonly entrypoints: readonly string[];
  readonly bytes: number;
};

/** The packages whose `decision` is an entrypoint without being asked for. */
const GOVERNANCE_PACKAGES = ["regent.request", "regent.response"];

/**
 * Compiles policies and data to a Wasm bundle with OPA, allowing only the builtins that Regent has. What the policy
 * reads of its input is found in OPA's plan of it and goes into the manifest. The file appears whole or not at all, so
 * that a server that watches it never reads half a bundle.
 * @throws OpaError with OPA's own words or for a claim in METADATA that does not hold, BundleError when OPA wrote something else than a bundle.
 */
export async function buildBundle(options: BuildOptions): Promise<Built> {
  const opa = await findOpa();
  const sources = await collectPolicies(options.paths, options.ignore);
  const wanted = options.entrypoints.length > 0 ? options.entrypoints : governanceEntrypoints(sources);
  const entrypoints = [...new Set([...wanted, ...(await logEntrypoints(opa, sources))])];
  const revision = options.revision ?? (await contentHash(sources, entrypoints, options.roots));
  const temporary = `${options.output}.${process.pid}.tmp`;
  const plan = `${temporary}.plan`;
  try {
    const inputs = [
      ...["--capabilities", CAPABILITIES_FILE, "--revision", revision, "--wasm-include-print"],
      ...entrypoints.flatMap((entrypoint) => ["--entrypoint", entrypoint]),
      "--",
      ...sources.map(opaArgument),
    ];
    await compile(opa, ["--target", "wasm", "--output", temporary, ...inputs]);
    await compile(opa, ["--target", "plan", "--output", plan, ...inputs]);
    await assertUnchanged(sources);
    const archive = withFacts(
      await readFile(temporary),
      await readFile(plan),
      nondeterministicIn(await readFile(CAPABILITIES_FILE, "utf8")),
      options.roots,
    );
    await writeFile(temporary, archive);
    const bundle = await readBundle(temporary);
    await rename(temporary, options.output);
    return { revision, entrypoints: bundle.entrypoints, bytes: archive.length };
  } finally {
    await rm(temporary, { force: true });
    await rm(plan, { force: true });
  }
}

async function compile(opa: string, args: readonly string[]): Promise<void> {
  const run = await runOpa(opa, ["build", ...args]);
  if (run.status === 0) return;
  const fault = (run.stderr || run.stdout).trim();
  throw new OpaError(`${fault}\n${adviceOn(fault)}`.trim());
}

/**
 * What the policy reads is found in a second run of OPA, and holds for the first only when both had the same sources.
 * @throws OpaError
 */
async function assertUnchanged(sources: readonly Source[]): Promise<void> {
  for (const { path, content } of sources) {
    if (!content.equals(await readFile(path)))
      throw new OpaError(`${path} changed while it was built: build again`);
  }
}

/** The builtins that give another answer each time, as OPA's capabilities mark them. */
export function nondeterministicIn(capabilities: string): ReadonlySet<string> {
  const { builtins } = JSON.parse(capabilities) as {
    builtins: readonly { name: string; nondeterministic?: boolean }[];
  };
  return new Set(
    builtins.filter(({ nondeterministic }) => nondeterministic === true).map(({ name }) => name),
  );
}

function governanceEntrypoints(sources: readonly Source[]): readonly string[] {
  return GOVERNANCE_PACKAGES.filter((name) => sources.some((source) => isPackage(source, name))).map(
    (name) => `${name.replaceAll(".", "/")}/decision`,
  );
}

function isPackage({ kind, content }: Source, name: string): boolean {
  return (
    kind === "policy" &&
    new RegExp(`^package\\s+${name.replaceAll(".", "\\.")}\\s*(?:#.*)?$`, "m").test(content.toString("utf8"))
  );
}

/** 16 hex digits are enough to tell revisions apart and short enough for a log line. */
const REVISION_LENGTH = 16;

async function contentHash(
  sources: readonly Source[],
  entrypoints: readonly string[],
  roots: readonly string[] = [],
): Promise<string> {
  const hash = createHash("sha256");
  hash.update(await readFile(CAPABILITIES_FILE));
  hash.update(JSON.stringify([...entrypoints].sort()));
  if (roots.length > 0) hash.update(JSON.stringify([...roots].sort()));
  for (const { path, content } of [...sources].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(JSON.stringify([path, content.length]));
    hash.update(content);
  }
  return hash.digest("hex").slice(0, REVISION_LENGTH);
}
