import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { RegentError } from "../../src/exchange/errors.ts";
import type { JsonValue } from "../../src/exchange/json.ts";
import { pruneInput, type Reads } from "../../src/exchange/reads.ts";
import { HOST_BUILTINS } from "../../src/policy/builtins/host.ts";
import { unpackArchive } from "../../src/policy/bundle/archive.ts";
import { readContent } from "../../src/policy/bundle/content.ts";
import { type BuildOptions, buildBundle } from "../../src/policy/opa/build.ts";
import { type PolicyFacts, readManifestSection } from "../../src/policy/reads/manifest.ts";
import { PolicyRevision } from "../../src/policy/revision.ts";
import { NOW_NS, type Sources, withFolder, writeSources } from "../support/rego.ts";

/** A policy that was built as every policy is, and what the build found that it reads. */
export type Built = { readonly revision: PolicyRevision; readonly facts: PolicyFacts };

/** Long enough that a busy machine decides nothing. */
const TIME_LIMIT_MS = 10_000;

export async function build(options: Omit<BuildOptions, "output">): Promise<Built> {
  return withFolder(async (folder) => {
    const output = join(folder, "bundle.tar.gz");
    await buildBundle({ ...options, output });
    const { wasm, data, manifest } = readContent(await unpackArchive(await readFile(output)));
    const [module] = wasm;
    if (module === undefined) throw new Error("the bundle has no module");
    const revision = await PolicyRevision.create(
      { wasm: module.content, data, entrypoints: module.entrypoints },
      { builtins: HOST_BUILTINS, clock: () => NOW_NS, print: () => {}, timeLimitMs: TIME_LIMIT_MS },
    );
    const digest = createHash("sha256").update(module.content).digest("hex");
    return { revision, facts: readManifestSection(manifest.metadata, digest) };
  });
}

export async function buildSources(sources: Sources, entrypoints: readonly string[]): Promise<Built> {
  return withFolder(async (folder) => {
    await writeSources(folder, sources);
    return build({ paths: [folder], entrypoints });
  });
}

/** What the build found; the test fails where it found nothing. */
export function readsOf({ facts }: Built, entrypoint: string): Reads {
  const reads = facts.reads.get(entrypoint);
  if (reads === undefined) throw new Error(`nothing is known of ${entrypoint}`);
  return reads;
}

/** The documents, of those given, on which an entrypoint decides otherwise once they are pruned. */
export function differences(
  { revision }: Built,
  entrypoint: string,
  reads: Reads,
  documents: readonly JsonValue[],
): readonly JsonValue[] {
  return documents.filter((document) => differs(revision, entrypoint, reads, document));
}

/** Whether there is a document among those given on which it decides otherwise. */
export function notices(
  { revision }: Built,
  entrypoint: string,
  reads: Reads,
  documents: readonly JsonValue[],
): boolean {
  return documents.some((document) => differs(revision, entrypoint, reads, document));
}

function differs(revision: PolicyRevision, entrypoint: string, reads: Reads, document: JsonValue): boolean {
  const whole = outcome(revision, entrypoint, document);
  const pruned = outcome(revision, entrypoint, pruneInput(document, reads));
  return !isDeepStrictEqual(whole, pruned);
}

/** Result, or the kind of failure; and what was recorded. */
function outcome(revision: PolicyRevision, entrypoint: string, document: JsonValue): unknown {
  try {
    return revision.evaluate(entrypoint, document);
  } catch (error) {
    if (error instanceof RegentError) return { failed: error.code };
    throw error;
  }
}

/** The reads without one of their ends, for each of them: what an analysis that drops a path would find. */
export function* narrowed(reads: Reads): Generator<{ readonly dropped: string; readonly reads: Reads }> {
  if (reads === true) return;
  for (const [member, inner] of Object.entries(reads)) {
    const { [member]: _, ...rest } = reads;
    const ends = inner === true || Object.keys(inner).length === 0;
    if (ends) yield { dropped: member, reads: rest };
    else
      for (const { dropped, reads: less } of narrowed(inner))
        yield { dropped: `${member}.${dropped}`, reads: { ...rest, [member]: less } };
  }
}
