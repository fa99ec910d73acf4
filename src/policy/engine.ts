import { RegentError } from "../exchange/errors.ts";
import type { JsonObject } from "../exchange/json.ts";
import { type BundleStatus, opaStatusOf, statusOf } from "./activation/status.ts";
import { BundleStore } from "./activation/store.ts";
import { HOST_BUILTINS } from "./builtins/host.ts";
import { BundleError } from "./bundle/error.ts";
import type { Verification } from "./bundle/signature/key.ts";
import { behindCache } from "./cache/behind-cache.ts";
import { DecisionCache, type DecisionCacheOptions, type DecisionCacheStats } from "./cache/decision-cache.ts";
import { systemClock } from "./clock.ts";
import { type PolicyLog, printToLog } from "./log.ts";
import type { Policies, PolicyDocument } from "./policies.ts";
import { READS_EVERYTHING } from "./reads/reads.ts";
import { createFileSource } from "./source/file.ts";
import type { BundleSource } from "./source/source.ts";
import { EvaluationPool } from "./worker/pool.ts";

export type { BundleStatus } from "./activation/status.ts";

/** What the rest of Regent asks of policy. */
export type PolicyEngine = {
  /** A set of bundles is active. */
  readonly ready: boolean;
  /** Revision of the active bundle, or `name=revision,…` of several; empty while there is none. */
  readonly revision: string;
  /**
   * The policies that decide an exchange that begins now.
   * @param subject who the choice between two revisions is stable for.
   */
  for(subject: string): Policies;
};

/** The engine as the process that owns it sees it. */
export type ManagedPolicyEngine = PolicyEngine & {
  /** What can be asked of what decides now; undefined while nothing is active. */
  document(): PolicyDocument | undefined;
  /** One entry for each bundle, in the order of the configuration. */
  status(): readonly BundleStatus[];
  /** The same by name, as OPA's status API writes it. */
  opaStatus(): JsonObject;
  /** Calls back when a status may have changed. @returns what ends that */
  onStatus(listener: () => void): () => void;
  /** Wasm instances in memory, those of replaced bundles included. */
  readonly instances: number;
  /** What the decision cache holds and how often it could answer. */
  readonly cache: DecisionCacheStats;
  /** Reads all bundles again now; resolves when each is active or was refused. */
  reload(): Promise<void>;
  /** Stops watching. */
  close(): Promise<void>;
};

/** One bundle: a file or folder that is followed, or wherever else it comes from. */
export type BundleOptions = {
  readonly name: string;
  /** How its signature is verified; undefined: it must not be signed. */
  readonly verification?: Verification;
} & ({ readonly path: string } | { readonly source: BundleSource });

export type PolicyEngineOptions = {
  readonly bundles: readonly BundleOptions[];
  /** Entrypoints of governance: bundles are refused unless each gives a decision of the contract. */
  readonly decisions?: readonly string[];
  /** Further entrypoints that must be there, with answers of any form. */
  readonly entrypoints?: readonly string[];
  /** Entrypoints that may be missing: they are compiled where Rego sources have them. */
  readonly optionalEntrypoints?: readonly string[];
  /** What `opa.runtime()` gives policies, such as `{"config": {"labels": …}}`; nothing unless said otherwise. */
  readonly runtime?: JsonObject;
  /** Compile each package of Rego sources as a whole too, or each rule besides, so that all of it can be asked. */
  readonly everything?: "packages" | "rules";
  readonly log: PolicyLog;
  /** Follow changes of files; true unless said otherwise. */
  readonly watch?: boolean;
  /** Milliseconds between two looks at a file where no event comes. */
  readonly pollMs?: number;
  readonly memoryMaxBytes?: number;
  /** CPU time of one evaluation at most, milliseconds. */
  readonly timeLimitMs?: number;
  /** Nanoseconds since the epoch, for `time.now_ns`. */
  readonly clock?: () => bigint;
  /** Bytes that replaced sets may keep; `RETIRED_BYTES_MAX` unless said otherwise. */
  readonly retiredBytesMax?: number;
  /** Bounds of the decisions that are kept where policies claim that they may be. */
  readonly cache?: DecisionCacheOptions;
};

type Loaded = { readonly name: string; readonly source: BundleSource };

/**
 * Loads the bundles and keeps them loaded: new ones are activated when they prove good, all policies and data in one
 * step, and the last good ones go on deciding when they do not.
 * @throws BundleError when the first bundles are missing or bad; the message names one and says why. A bundle of a
 * service that is away is waited for: until it comes the engine is not ready and every evaluation is refused.
 */
export async function createPolicyEngine(options: PolicyEngineOptions): Promise<ManagedPolicyEngine> {
  if (options.bundles.length === 0) throw new BundleError("no policy bundle is configured");
  assertNamesDiffer(options.bundles);
  const bundles = options.bundles.map((bundle) => ({ ...bundle, source: sourceOf(bundle, options) }));
  const pool = new EvaluationPool();
  const store = createStore(bundles, options, pool);
  await Promise.all(
    bundles.map(async ({ name, source }) => {
      await source.start(store.sink(name));
      store.looked(name);
    }),
  );
  const close = async () => {
    await Promise.all(bundles.map(({ source }) => source.close()));
    await pool.close();
  };
  const fault = startFault(bundles, store);
  if (fault !== undefined) {
    await close();
    throw fault;
  }
  return engineOf(bundles, store, new DecisionCache(options.cache), close);
}

function engineOf(
  bundles: readonly Loaded[],
  store: BundleStore,
  cache: DecisionCache,
  close: () => Promise<void>,
): ManagedPolicyEngine {
  const active = behindCache(cache, () => store.active);
  const policies = () => active() ?? NONE_YET;
  const recordsOf = <T>(render: (name: string, source: BundleSource) => T): T[] =>
    bundles.map(({ name, source }) => render(name, source));
  return {
    get ready() {
      return store.active !== undefined;
    },
    get revision() {
      return policies().revision;
    },
    get instances() {
      return store.instances;
    },
    get cache() {
      return cache.stats;
    },
    for: policies,
    document: () => store.active?.document,
    status: () => recordsOf((name, { location }) => statusOf(name, location, store.record(name))),
    opaStatus: () => Object.fromEntries(recordsOf((name) => [name, opaStatusOf(name, store.record(name))])),
    onStatus: (listener) => store.onChange(listener),
    async reload() {
      await Promise.all(bundles.map(({ source }) => source.reload()));
    },
    close,
  };
}

/** Before there are policies nothing is allowed. */
const NONE_YET: Policies = {
  revision: "",
  bundles: {},
  has: () => false,
  reads: () => READS_EVERYTHING,
  async evaluate() {
    throw new RegentError("policy_unavailable");
  },
};

function createStore(
  bundles: readonly (BundleOptions & Loaded)[],
  options: PolicyEngineOptions,
  pool: EvaluationPool,
): BundleStore {
  const { log, memoryMaxBytes, timeLimitMs, retiredBytesMax } = options;
  const expected = bundles.map(({ name, source, verification }) => ({
    name,
    location: source.location,
    ...(verification === undefined ? {} : { verification }),
  }));
  return new BundleStore(expected, {
    decisions: options.decisions ?? [],
    entrypoints: options.entrypoints ?? [],
    optionalEntrypoints: options.optionalEntrypoints ?? [],
    everything: options.everything,
    log,
    nowMs: Date.now,
    printOf: (bundle) => printToLog(log, bundle),
    revision: {
      builtins: HOST_BUILTINS,
      clock: options.clock ?? systemClock,
      runtime: options.runtime,
      pool,
      ...(memoryMaxBytes === undefined ? {} : { memoryMaxBytes }),
      ...(timeLimitMs === undefined ? {} : { timeLimitMs }),
    },
    ...(retiredBytesMax === undefined ? {} : { retiredBytesMax }),
  });
}

function sourceOf(bundle: BundleOptions, { watch, pollMs }: PolicyEngineOptions): BundleSource {
  if ("source" in bundle) return bundle.source;
  return createFileSource({
    path: bundle.path,
    ...(watch === undefined ? {} : { watch }),
    ...(pollMs === undefined ? {} : { pollMs }),
  });
}

function assertNamesDiffer(bundles: readonly BundleOptions[]): void {
  const names = bundles.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new BundleError(`two policy bundles are called ${twice}`);
}

/** Why the process must not start: what is on this machine is not there or is bad. What is elsewhere may come later. */
function startFault(bundles: readonly Loaded[], store: BundleStore): BundleError | undefined {
  if (store.active !== undefined) return undefined;
  const bad = bundles.find(({ name, source }) => source.remote !== true && !store.isWaiting(name));
  return bad === undefined ? undefined : store.record(bad.name).error?.error;
}
