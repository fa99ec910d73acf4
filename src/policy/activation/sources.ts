import { createHash } from "node:crypto";
import type { BundleContent } from "../bundle/content.ts";
import { definesRule, packageOf, regoVersionsOf } from "../bundle/rego.ts";
import { compileRego, type RegoBundle } from "../opa/compile.ts";
import type { ModuleCandidate, SetOptions } from "./set.ts";

/** The sources of the bundles that hold nothing else, compiled. */
export type CompiledSources = {
  /** Of everything that went in: the same sources are not compiled twice. */
  readonly key: string;
  readonly module: ModuleCandidate;
};

/** Tests are no part of what decides. */
const TEST_FILE = /_test\.rego$/;

/**
 * Compiles the Rego of those bundles that hold no module, together, for the entrypoints that no module has.
 * @param previous returned when nothing has changed
 * @returns undefined when there are no such bundles, or modules have every entrypoint that is asked for
 * @throws OpaError, BundleError
 */
export async function compileSources(
  bundles: ReadonlyMap<string, BundleContent>,
  options: SetOptions,
  previous: CompiledSources | undefined,
): Promise<CompiledSources | undefined> {
  const rego = [...bundles].flatMap(([name, content]) => regoBundleOf(name, content) ?? []);
  if (rego.length === 0) return undefined;
  const entrypoints = wantedEntrypoints(bundles, rego, options);
  if (entrypoints.length === 0 && [...bundles.values()].some(({ wasm }) => wasm.length > 0)) return undefined;
  const key = keyOf(rego, entrypoints);
  if (previous?.key === key) return previous;
  const compiled = await compileRego(rego, entrypoints);
  return {
    key,
    module: {
      owner: rego.map(({ name }) => name).join(", "),
      path: "what OPA compiled from the Rego",
      wasm: compiled.wasm,
      entrypoints: compiled.entrypoints,
      // OPA has held the packages against the roots of each bundle.
      roots: [""],
      metadata: compiled.metadata,
    },
  };
}

function regoBundleOf(
  name: string,
  { wasm, rego, roots, manifest, data }: BundleContent,
): RegoBundle | undefined {
  const files = rego.filter(({ path }) => !TEST_FILE.test(path));
  if (wasm.length > 0 || files.length === 0) return undefined;
  return { name, roots, versions: regoVersionsOf(manifest), files, data };
}

/** What is asked for and no module promises; of what may be left out, only what the sources have. */
function wantedEntrypoints(
  bundles: ReadonlyMap<string, BundleContent>,
  rego: readonly RegoBundle[],
  { decisions, entrypoints, optionalEntrypoints, packages }: SetOptions,
): readonly string[] {
  const promised = new Set(
    [...bundles.values()].flatMap(({ wasm }) => wasm.flatMap((module) => module.entrypoints)),
  );
  const optional = optionalEntrypoints.filter((entrypoint) =>
    rego.some((bundle) => defines(bundle, entrypoint)),
  );
  const whole = packages === true ? rego.flatMap(packagesOf) : [];
  return [...new Set([...decisions, ...entrypoints, ...optional, ...whole])].filter(
    (entrypoint) => !promised.has(entrypoint),
  );
}

function defines({ files }: RegoBundle, entrypoint: string): boolean {
  const [rule = "", ...above] = entrypoint.split("/").reverse();
  const name = above.reverse().join("/");
  return files.some(({ content }) => {
    const text = content.toString("utf8");
    return packageOf(text) === name && definesRule(text, rule);
  });
}

function packagesOf({ files }: RegoBundle): readonly string[] {
  return files.flatMap(({ content }) => packageOf(content.toString("utf8")) ?? []);
}

function keyOf(bundles: readonly RegoBundle[], entrypoints: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify([...entrypoints].sort()));
  for (const { name, roots, versions, files, data } of bundles) {
    hash.update(JSON.stringify([name, roots, versions, files.length, data.length])).update(data);
    for (const { path, content } of files)
      hash.update(JSON.stringify([path, content.length])).update(content);
  }
  return hash.digest("hex");
}
