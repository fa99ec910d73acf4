import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSet, type PolicySet } from "./activation/set.ts";
import { HOST_BUILTINS } from "./builtins/host.ts";
import { type BundleContent, readContent } from "./bundle/content.ts";
import { BundleError } from "./bundle/error.ts";
import { systemClock } from "./clock.ts";
import { faultOf } from "./fault.ts";
import { buildBundle } from "./opa/build.ts";
import { OpaError } from "./opa/opa.ts";
import type { PolicyRevision } from "./revision.ts";
import { readFiles } from "./source/read.ts";

/** A person at a terminal may try out what a server would cut off; an endless evaluation ends all the same. */
const TIME_LIMIT_MS = 10_000;

/**
 * Loads what a person names to evaluate something once: a bundle of any form that a server takes, packed or not, or
 * Rego sources (a folder or a file), which OPA compiles first. As with `opa eval`, signatures are not verified.
 * @throws BundleError that names the path and what it has when the entrypoint is missing; OpaError
 */
export async function loadForEvaluation(
  path: string,
  entrypoint: string,
  print: (line: string) => void,
): Promise<PolicyRevision> {
  const content = await readSources(path, entrypoint);
  const set = await load(path, content, entrypoint, print);
  if (!set.policies.has(entrypoint)) {
    const names = set.modules.flatMap(({ revision }) => revision.entrypoints);
    throw new BundleError(
      `the bundle ${path} (revision ${content.revision}) has no entrypoint ${entrypoint}; it has ${names.join(", ") || "none"}`,
    );
  }
  return set.module(entrypoint).revision;
}

async function load(
  path: string,
  content: BundleContent,
  entrypoint: string,
  print: (line: string) => void,
): Promise<PolicySet> {
  try {
    const { set } = await buildSet(new Map([["bundle", content]]), {
      decisions: [],
      entrypoints: [entrypoint],
      optionalEntrypoints: [],
      printOf: () => print,
      revision: { builtins: HOST_BUILTINS, clock: systemClock, timeLimitMs: TIME_LIMIT_MS },
    });
    return set;
  } catch (error) {
    if (error instanceof OpaError) throw error;
    throw new BundleError(`the bundle ${path} cannot be used: ${faultOf(error)}`, { cause: error });
  }
}

/** A folder without module and manifest is no bundle but sources, in which data stands wherever its file does. */
async function readSources(path: string, entrypoint: string): Promise<BundleContent> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || (found.isFile() && !path.endsWith(".rego")))
    return readContent(await readFiles(path));
  if (found.isFile()) return compile(path, entrypoint);
  const version = await readFiles(path);
  const isBundle = version.files.has("policy.wasm") || version.files.has(".manifest");
  return isBundle ? readContent(version) : compile(path, entrypoint);
}

async function compile(path: string, entrypoint: string): Promise<BundleContent> {
  const folder = await mkdtemp(join(tmpdir(), "regent-eval-"));
  try {
    const output = join(folder, "bundle.tar.gz");
    await buildBundle({ paths: [path], output, entrypoints: [entrypoint] });
    return readContent(await readFiles(output));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
