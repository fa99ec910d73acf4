import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { JsonObject } from "../../exchange/json.ts";
import { unpackArchive } from "../bundle/archive.ts";
import { readContent } from "../bundle/content.ts";
import { BundleError } from "../bundle/error.ts";
import type { RegoFile, RegoVersions } from "../bundle/rego.ts";
import { nondeterministicIn } from "./build.ts";
import { withFacts } from "./facts.ts";
import { CAPABILITIES_FILE, findOpa, OpaError, runOpa } from "./opa.ts";

/** Sources of one bundle. */
export type RegoBundle = {
  /** Name of the bundle, for messages. */
  readonly name: string;
  readonly roots: readonly string[];
  readonly versions: RegoVersions;
  readonly files: readonly RegoFile[];
  /** Its part of the data document: OPA refuses data where a package is. */
  readonly data: Buffer;
};

export type CompiledRego = {
  readonly wasm: Buffer;
  readonly entrypoints: readonly string[];
  /** `metadata` of the manifest, with what was found out about the policy. */
  readonly metadata: JsonObject;
};

/** All that OPA may take for the sources of a set of bundles, milliseconds. 1,000 rules take two seconds. */
export const COMPILE_TIMEOUT_MS = 60_000;

/**
 * Compiles the sources of bundles together, with the OPA that is found and only the builtins that Regent has, each file
 * in the version of Rego that its manifest says. It takes place in a process of its own.
 * @param entrypoints slash-separated; those that METADATA marks come on top
 * @throws OpaError with OPA's own words, BundleError when OPA takes too long
 */
export async function compileRego(
  bundles: readonly RegoBundle[],
  entrypoints: readonly string[],
  timeoutMs: number = COMPILE_TIMEOUT_MS,
): Promise<CompiledRego> {
  const opa = await findOpa();
  const folder = await mkdtemp(join(tmpdir(), "regent-compile-"));
  const until = AbortSignal.timeout(timeoutMs);
  try {
    // Names of bundles are no names of folders.
    const folders = bundles.map((_, index) => join(folder, String(index).padStart(6, "0")));
    for (const [index, bundle] of bundles.entries()) await writeBundle(folders[index] ?? "", bundle);
    const run = async (...args: readonly string[]): Promise<void> => {
      const { status, stderr, stdout } = await runOpa(opa, args, until);
      if (status !== 0) throw new OpaError(inBundles((stderr || stdout).trim(), folders, bundles));
    };
    const build = async (target: "wasm" | "plan"): Promise<Buffer> => {
      const output = join(folder, `${target}.tar.gz`);
      await run(
        ...["build", "--target", target, "--output", output, "--capabilities", CAPABILITIES_FILE],
        ...entrypoints.flatMap((entrypoint) => ["--entrypoint", entrypoint]),
        ...folders.flatMap((path) => ["--bundle", path]),
      );
      return readFile(output);
    };
    // Only the check finds data where a rule is.
    await run("check", "--capabilities", CAPABILITIES_FILE, "--bundle", ...folders);
    return await contentOf(await build("wasm"), await build("plan"));
  } catch (error) {
    if (!until.aborted) throw error;
    throw new BundleError(`OPA has not compiled its Rego within ${timeoutMs} ms`, { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** OPA's words with files as they are called in their bundles, behind the name of the bundle. */
function inBundles(
  text: string,
  folders: readonly string[],
  bundles: readonly { readonly name: string }[],
): string {
  return bundles.reduce((words, { name }, index) => words.replaceAll(folders[index] ?? "", name), text);
}

async function contentOf(wasm: Buffer, plan: Buffer): Promise<CompiledRego> {
  const nondeterministic = nondeterministicIn(await readFile(CAPABILITIES_FILE, "utf8"));
  const content = readContent(await unpackArchive(withFacts(wasm, plan, nondeterministic)));
  const [module] = content.wasm;
  if (module === undefined) throw new BundleError("OPA wrote no module");
  return { wasm: module.content, entrypoints: module.entrypoints, metadata: content.manifest.metadata };
}

async function writeBundle(folder: string, { roots, versions, files, data }: RegoBundle): Promise<void> {
  await mkdir(folder);
  await writeFile(join(folder, ".manifest"), JSON.stringify({ revision: "", roots, ...versions }));
  await writeFile(join(folder, "data.json"), data);
  for (const { path, content } of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}
