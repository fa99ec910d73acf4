import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { HOST_BUILTINS } from "../../src/policy/builtins/host.ts";
import { parseBundle } from "../../src/policy/bundle/bundle.ts";
import { buildBundle } from "../../src/policy/opa/build.ts";
import { PolicyRevision, type RevisionOptions } from "../../src/policy/revision.ts";

/** Files by path: Rego, and `data.json` where a test needs data. */
export type Sources = { readonly [path: string]: string };

/** Runs with a new folder, which is gone afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "regent-test-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function writeSources(folder: string, sources: Sources): Promise<void> {
  for (const [path, content] of Object.entries(sources)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** Compiles sources with OPA to the bytes of a bundle. */
export async function compileBundle(
  sources: Sources,
  entrypoints: readonly string[],
  revision?: string,
): Promise<Buffer> {
  return withFolder(async (folder) => {
    await writeSources(join(folder, "sources"), sources);
    const output = join(folder, "bundle.tar.gz");
    const options = revision === undefined ? {} : { revision };
    await buildBundle({ paths: [join(folder, "sources")], output, entrypoints, ...options });
    return readFile(output);
  });
}

/** One second of 2026, in nanoseconds since the epoch. */
export const NOW_NS = 1_772_600_767_000_000_000n;

/** Compiles sources and makes them ready to evaluate. */
export async function createRevision(
  sources: Sources,
  entrypoints: readonly string[],
  options: Partial<RevisionOptions> = {},
): Promise<PolicyRevision> {
  const bundle = await parseBundle(await compileBundle(sources, entrypoints));
  return PolicyRevision.create(bundle, {
    builtins: HOST_BUILTINS,
    clock: () => NOW_NS,
    print: () => {},
    ...options,
  });
}
