import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Reads } from "../exchange/reads.ts";
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
  const set = await load(path, content, [entrypoint], print);
  if (!set.policies.has(entrypoint)) {
    const names = set.modules.flatMap(({ revision }) => revision.entrypoints);
    throw new BundleError(
      `the bundle ${path} (revision ${content.revision}) has no entrypoint ${entrypoint}; it has ${names.join(", ") || "none"}`,
    );
  }
  return set.module(entrypoint).revision;
}

/** Sources are compiled for each entrypoint that is asked for, a second or more each. */
export const SOURCE_ENTRYPOINTS_MAX = 32;

/** Policies that a person named, for questions that come up one by one. */
export type NamedPolicies = {
  /** @returns undefined when they cannot be asked that. @throws BundleError, OpaError */
  of(entrypoint: string): Promise<NamedPolicy | undefined>;
};

export type NamedPolicy = {
  readonly policy: PolicyRevision;
  /** What the entrypoint may read of its input. */
  readonly reads: Reads;
  /** What each rule may read, by `category/rule`; of those that are not there nothing is known. */
  readonly ruleReads: ReadonlyMap<string, Reads>;
  readonly content: BundleContent;
};

/**
 * As {@link loadForEvaluation}, where it is not known yet what will be asked: a bundle is loaded once, sources are
 * compiled for each entrypoint when it is first asked for.
 * @throws BundleError that names the path; OpaError
 */
export async function loadNamedPolicies(path: string, print: (line: string) => void): Promise<NamedPolicies> {
  const known = new Map<string, NamedPolicy | undefined>();
  const bundle = await readBundle(path);
  const isCompiled = bundle !== undefined && bundle.wasm.length > 0;
  const whole = isCompiled ? { set: await load(path, bundle, [], print), content: bundle } : undefined;
  return {
    async of(entrypoint) {
      if (whole !== undefined) return namedPolicy(whole, entrypoint);
      if (known.has(entrypoint)) return known.get(entrypoint);
      if (known.size >= SOURCE_ENTRYPOINTS_MAX)
        throw new BundleError(
          `${path} would have to be compiled for more than ${SOURCE_ENTRYPOINTS_MAX} entrypoints: build it with regent policy build, or name one with --entrypoint`,
        );
      const compiled = await compiledFor(path, bundle, entrypoint, print);
      const found = compiled && namedPolicy(compiled, entrypoint);
      known.set(entrypoint, found);
      return found;
    },
  };
}

type Whole = { readonly set: PolicySet; readonly content: BundleContent };

async function compiledFor(
  path: string,
  bundle: BundleContent | undefined,
  entrypoint: string,
  print: (line: string) => void,
): Promise<Whole | undefined> {
  try {
    const content = bundle ?? (await compile(path, entrypoint));
    return { set: await load(path, content, [entrypoint], print), content };
  } catch (error) {
    if (error instanceof OpaError && NO_RULE.test(error.message)) return undefined;
    throw error;
  }
}

/** What OPA says of an entrypoint that is none. */
const NO_RULE = /^error: entrypoint .* does not refer to a rule/;

function namedPolicy({ set, content }: Whole, entrypoint: string): NamedPolicy | undefined {
  if (!set.policies.has(entrypoint)) return undefined;
  const { revision: policy, facts } = set.module(entrypoint);
  return { policy, reads: set.policies.reads(entrypoint), ruleReads: facts.rules, content };
}

async function load(
  path: string,
  content: BundleContent,
  entrypoints: readonly string[],
  print: (line: string) => void,
): Promise<PolicySet> {
  try {
    const { set } = await buildSet(new Map([["bundle", content]]), {
      decisions: [],
      entrypoints,
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

async function readSources(path: string, entrypoint: string): Promise<BundleContent> {
  return (await readBundle(path)) ?? compile(path, entrypoint);
}

/**
 * Undefined for sources: a `.rego` file, or a folder without module and manifest, in which data stands wherever its file
 * does.
 */
async function readBundle(path: string): Promise<BundleContent | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() && path.endsWith(".rego")) return undefined;
  try {
    const version = await readFiles(path);
    const isBundle =
      !found?.isDirectory() || version.files.has("policy.wasm") || version.files.has(".manifest");
    return isBundle ? readContent(version) : undefined;
  } catch (error) {
    throw new BundleError(`the bundle ${path} cannot be used: ${faultOf(error)}`, { cause: error });
  }
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
