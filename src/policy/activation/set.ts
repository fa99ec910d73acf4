import { createHash } from "node:crypto";
import { RegentError } from "../../exchange/errors.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import { READS_EVERYTHING } from "../../exchange/reads.ts";
import type { BundleContent } from "../bundle/content.ts";
import { mergeDocuments } from "../bundle/document.ts";
import { BundleError } from "../bundle/error.ts";
import { assertRootsApart, isWithin } from "../bundle/roots.ts";
import { faultOf } from "../fault.ts";
import type { Evaluation, Policies, PolicyDocument } from "../policies.ts";
import { type PolicyFacts, readManifestSection } from "../reads/manifest.ts";
import { resultValue } from "../result.ts";
import { PolicyRevision, type RevisionEvaluation, type RevisionOptions } from "../revision.ts";
import type { PolicyModule } from "../wasm/module.ts";
import { type RulePath, rulePathsOf } from "./rule-paths.ts";
import { type CompiledSources, compileSources } from "./sources.ts";

export type SetOptions = {
  /** Entrypoints that governance asks for decisions: each must exist and answer with one. */
  readonly decisions: readonly string[];
  /** Further entrypoints that must exist. */
  readonly entrypoints: readonly string[];
  /** Entrypoints that are compiled where the sources have them. */
  readonly optionalEntrypoints: readonly string[];
  /** Each package of the sources is an entrypoint too, as a whole; with `rules` each rule besides. */
  readonly everything?: "packages" | "rules" | undefined;
  readonly revision: Omit<RevisionOptions, "print">;
  /** Where what the policies of a bundle print goes. */
  readonly printOf: (bundle: string) => (line: string) => void;
};

/** A module of the set with the data of all bundles. */
export type SetModule = {
  /** Whose it is: a bundle, or those whose sources were compiled into it. */
  readonly owner: string;
  /** SHA-256 of the module, hex. */
  readonly digest: string;
  readonly revision: PolicyRevision;
  readonly facts: PolicyFacts;
  readonly rules: readonly RulePath[];
};

/**
 * What decides: modules, and one data document that all of them see, of bundles that are active together. It never
 * changes, so that whoever holds it is answered by the same policies and the same data to the end.
 */
export class PolicySet {
  /** What an exchange is given. One object for all of them. */
  readonly policies: Policies;
  readonly document: PolicyDocument;
  /** Bytes of data and modules that are kept to make instances again. */
  readonly bytes: number;
  /** Told of each evaluation; for the one who gives instances up. */
  onEvaluation: (() => void) | undefined;
  #modules: readonly SetModule[];
  readonly #byEntrypoint: Map<string, SetModule>;
  #closed = false;

  constructor(
    bundles: ReadonlyMap<string, { readonly revision: string }>,
    modules: readonly SetModule[],
    bytes: number,
    data: Buffer = Buffer.from("{}"),
    complete = false,
  ) {
    this.bytes = bytes;
    this.#modules = modules;
    this.#byEntrypoint = entrypointsOf(modules);
    const names = new Set(this.#byEntrypoint.keys());
    let parsed: JsonValue | undefined;
    this.document = {
      entrypoints: [...names],
      complete,
      data: () => {
        parsed ??= JSON.parse(data.toString("utf8")) as JsonValue;
        return parsed;
      },
    };
    this.policies = {
      revision: revisionOf(bundles),
      bundles: Object.fromEntries([...bundles].map(([name, { revision }]) => [name, { revision }])),
      // Also once it is closed: a question that is optional must fail then, and not be left out.
      has: (entrypoint) => names.has(entrypoint),
      reads: (entrypoint) =>
        this.#byEntrypoint.get(entrypoint)?.facts.reads.get(entrypoint) ?? READS_EVERYTHING,
      evaluate: (entrypoint, input) => this.#decide(entrypoint, input),
    };
  }

  get modules(): readonly SetModule[] {
    return this.#modules;
  }

  /** Evaluates an entrypoint. @throws RegentError policy_trap, policy_timeout, policy_unavailable */
  evaluate(
    entrypoint: string,
    input: JsonValue | Buffer | undefined,
    limits: { readonly timeLimitMs?: number } = {},
  ): Evaluation {
    const startedAt = performance.now();
    const evaluation = this.#asked(entrypoint).evaluate(entrypoint, input, undefined, limits);
    return this.#evaluated(evaluation, startedAt);
  }

  async #decide(entrypoint: string, input: JsonValue | Buffer): Promise<Evaluation> {
    const startedAt = performance.now();
    const evaluation = await this.#asked(entrypoint).decide(entrypoint, input);
    return this.#evaluated(evaluation, startedAt);
  }

  /** Told before it is evaluated: a failure makes an instance as well. */
  #asked(entrypoint: string): PolicyRevision {
    const { revision } = this.module(entrypoint);
    this.onEvaluation?.();
    return revision;
  }

  #evaluated({ result, nondeterministic }: RevisionEvaluation, startedAt: number): Evaluation {
    return {
      result: result === undefined ? undefined : resultValue(result),
      revision: this.policies.revision,
      durationMs: performance.now() - startedAt,
      ...(nondeterministic === undefined ? {} : { nondeterministic }),
    };
  }

  /** The module that answers an entrypoint. @throws RegentError policy_unavailable */
  module(entrypoint: string): SetModule {
    const module = this.#byEntrypoint.get(entrypoint);
    if (module !== undefined) return module;
    const message = this.#closed
      ? "The policies that this exchange began with are gone: too many newer ones have been activated since."
      : `The policy has no entrypoint ${entrypoint}.`;
    throw new RegentError("policy_unavailable", message);
  }

  /** @throws BundleError that names what is missing, and what each bundle has. */
  assertEntrypoints(entrypoints: readonly string[]): void {
    const missing = entrypoints.filter((entrypoint) => !this.#byEntrypoint.has(entrypoint));
    if (missing.length === 0) return;
    const several = Object.keys(this.policies.bundles).length > 1;
    const found = this.#modules.map(({ owner, revision }) => {
      const names = revision.entrypoints.join(", ") || "none";
      return several ? `${owner} has ${names}` : `it has ${names}`;
    });
    throw new BundleError(
      `${several ? "no bundle has the" : "it has no"} entrypoint ${missing.join(", ")}; ${found.join("; ")}. Build it with --entrypoint, or take what asks for it out of the configuration`,
    );
  }

  /** Instances that are held in memory now. */
  get instances(): number {
    return this.#modules.filter(({ revision }) => revision.memoryBytes > 0).length;
  }

  /** Gives instances up until they are asked again. */
  rest(): void {
    for (const { revision } of this.#modules) revision.rest();
  }

  /** Gives everything up: whoever still holds the set is told that its policies are gone. */
  close(): void {
    this.#closed = true;
    this.#modules = [];
    this.#byEntrypoint.clear();
  }
}

/** A set with what it was made from, which is needed to make the next one and to tell of it. */
export type BuiltSet = {
  readonly set: PolicySet;
  readonly bundles: ReadonlyMap<string, BundleContent>;
  readonly sources: CompiledSources | undefined;
};

/**
 * Makes bundles ready to be active together.
 * @param previous what is active: what did not change is taken from it
 * @throws BundleError, OpaError, PolicyModuleError, RegentError; the message says which bundle where there are several
 */
export async function buildSet(
  bundles: ReadonlyMap<string, BundleContent>,
  options: SetOptions,
  previous?: BuiltSet,
): Promise<BuiltSet> {
  assertRootsApart(bundles);
  const sources = await compileSources(bundles, options, previous?.sources);
  const candidates = [...compiledModules(bundles), ...(sources === undefined ? [] : [sources.module])];
  if (candidates.length === 0)
    throw new BundleError(
      `${bundles.size > 1 ? "no bundle holds" : "it holds no"} policy.wasm and no Rego: build it with regent policy build or opa build -t wasm`,
    );
  const data = mergedData(bundles);
  const known = new Map(previous?.set.modules.map(({ digest, revision }) => [digest, revision.module]));
  const modules: SetModule[] = [];
  for (const candidate of candidates)
    modules.push(await loadModule(candidate, data, options, known, bundles.size > 1));
  const bytes = candidates.reduce((sum, { wasm }) => sum + wasm.length, data.length);
  const complete = options.everything !== undefined && candidates.length === (sources === undefined ? 0 : 1);
  return { set: new PolicySet(bundles, modules, bytes, data, complete), bundles, sources };
}

/** The data of all bundles in one document. Their roots are apart, so that no two say something of one place. */
function mergedData(bundles: ReadonlyMap<string, BundleContent>): Buffer {
  const [only, ...others] = bundles.values();
  if (only !== undefined && others.length === 0) return only.data;
  return mergeDocuments(
    [...bundles].map(([file, { data }]) => ({ file, place: [], json: data.toString("utf8") })),
  );
}

/** A module before it is loaded. */
export type ModuleCandidate = {
  readonly owner: string;
  /** Path in the bundle, for messages. */
  readonly path: string;
  readonly wasm: Buffer;
  readonly entrypoints: readonly string[];
  readonly roots: readonly string[];
  readonly metadata: JsonObject;
};

function compiledModules(bundles: ReadonlyMap<string, BundleContent>): ModuleCandidate[] {
  return [...bundles].flatMap(([owner, { wasm, roots, manifest }]) =>
    wasm.map(({ path, content, entrypoints }) => ({
      owner,
      path,
      wasm: content,
      entrypoints,
      roots,
      // What is said about a policy holds for one module; with several nothing says which.
      metadata: wasm.length === 1 ? manifest.metadata : {},
    })),
  );
}

async function loadModule(
  { owner, path, wasm, entrypoints, roots, metadata }: ModuleCandidate,
  data: Buffer,
  options: SetOptions,
  known: ReadonlyMap<string, PolicyModule>,
  several: boolean,
): Promise<SetModule> {
  const digest = createHash("sha256").update(wasm).digest("hex");
  try {
    const facts = readManifestSection(metadata, digest);
    const revision = await PolicyRevision.create(
      { wasm, data, entrypoints },
      { ...options.revision, print: options.printOf(owner) },
      known.get(digest),
    );
    assertEntrypointsWithin(revision.entrypoints, roots);
    return { owner, digest, revision, facts, rules: rulePathsOf(wasm) };
  } catch (error) {
    if (!several) throw error;
    throw new BundleError(`${path} of the bundle ${owner}: ${faultOf(error)}`, { cause: error });
  }
}

/** A bundle answers for its own roots only, also where its manifest promises nothing. */
function assertEntrypointsWithin(entrypoints: readonly string[], roots: readonly string[]): void {
  const outside = entrypoints.find((entrypoint) => !roots.some((root) => isWithin(entrypoint, root)));
  if (outside !== undefined)
    throw new BundleError(
      `the module has the entrypoint ${outside}, which lies outside of the roots in .manifest (${roots.join(", ")})`,
    );
}

function entrypointsOf(modules: readonly SetModule[]): Map<string, SetModule> {
  const found = new Map<string, SetModule>();
  for (const module of modules) {
    for (const entrypoint of module.revision.entrypoints) {
      const other = found.get(entrypoint);
      if (other !== undefined)
        throw new BundleError(
          `the entrypoint ${entrypoint} is in two modules: of ${other.owner} and of ${module.owner}`,
        );
      found.set(entrypoint, module);
    }
  }
  return found;
}

/** The revision of the one bundle, or of each by its name. */
function revisionOf(bundles: ReadonlyMap<string, { readonly revision: string }>): string {
  const [only, ...others] = bundles.values();
  if (only !== undefined && others.length === 0) return only.revision;
  return [...bundles].map(([name, { revision }]) => `${name}=${revision}`).join(",");
}
