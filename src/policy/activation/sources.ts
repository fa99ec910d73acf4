import { createHash } from "node:crypto";
import type { BundleContent } from "../bundle/content.ts";
import { definesRule, packageOf, regoVersionsOf, ruleNames } from "../bundle/rego.ts";
import { compileRego, type RegoBundle } from "../opa/compile.ts";
import { OpaError } from "../opa/opa.ts";
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
  const entrypoints = boundedEntrypoints(bundles, rego, options);
  if (entrypoints.length === 0 && [...bundles.values()].some(({ wasm }) => wasm.length > 0)) return undefined;
  const key = keyOf(rego, entrypoints);
  if (previous?.key === key) return previous;
  const compiled = await compileRego(rego, entrypoints).catch((error: unknown) => {
    // A name that only looked like a rule must not keep the bundle out: its package can be asked all the same.
    if (options.everything !== "rules" || !(error instanceof OpaError) || !NO_RULE.test(error.message))
      throw error;
    return compileRego(rego, wantedEntrypoints(bundles, rego, { ...options, everything: "packages" }));
  });
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

/** What OPA says of an entrypoint that is none. */
const NO_RULE = /does not refer to a rule|used as reference, not called/;

/** Each rule an entrypoint, up to so many; beyond it their packages have to do. They go over a command line. */
export const RULE_ENTRYPOINTS_MAX = 5_000;

function boundedEntrypoints(
  bundles: ReadonlyMap<string, BundleContent>,
  rego: readonly RegoBundle[],
  options: SetOptions,
): readonly string[] {
  const wanted = wantedEntrypoints(bundles, rego, options);
  if (options.everything !== "rules" || wanted.length <= RULE_ENTRYPOINTS_MAX) return wanted;
  return wantedEntrypoints(bundles, rego, { ...options, everything: "packages" });
}

/** What is asked for and no module promises; of what may be left out, only what the sources have. */
function wantedEntrypoints(
  bundles: ReadonlyMap<string, BundleContent>,
  rego: readonly RegoBundle[],
  { decisions, entrypoints, optionalEntrypoints, everything }: SetOptions,
): readonly string[] {
  const promised = new Set(
    [...bundles.values()].flatMap(({ wasm }) => wasm.flatMap((module) => module.entrypoints)),
  );
  const optional = optionalEntrypoints.filter((entrypoint) =>
    rego.some((bundle) => defines(bundle, entrypoint)),
  );
  const all = everything === undefined ? [] : rego.flatMap((bundle) => entrypointsIn(bundle, everything));
  return [...new Set([...decisions, ...entrypoints, ...optional, ...all])].filter(
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

/** The packages, and where they are asked for the rules in them, as far as their text tells. */
function entrypointsIn(
  { files }: RegoBundle,
  what: NonNullable<SetOptions["everything"]>,
): readonly string[] {
  return files.flatMap(({ content }) => {
    const text = content.toString("utf8");
    const name = packageOf(text);
    if (name === undefined) return [];
    const rules = what === "rules" ? ruleNames(text).map((rule) => `${name}/${rule}`) : [];
    return [name, ...rules];
  });
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
