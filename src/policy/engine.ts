import { RegentError } from "../exchange/errors.ts";
import type { JsonObject } from "../exchange/json.ts";
import { READS_EVERYTHING } from "../exchange/reads.ts";
import type { PolicySet } from "./activation/set.ts";
import { type BundleStatus, opaStatusOf, statusOf } from "./activation/status.ts";
import { BundleStore, type StoreOptions } from "./activation/store.ts";
import { HOST_BUILTINS } from "./builtins/host.ts";
import { BundleError } from "./bundle/error.ts";
import type { Verification } from "./bundle/signature/key.ts";
import { behindCache } from "./cache/behind-cache.ts";
import { DecisionCache, type DecisionCacheOptions, type DecisionCacheStats } from "./cache/decision-cache.ts";
import { systemClock } from "./clock.ts";
import { PolicyLife } from "./life/life.ts";
import type { RolloutPlan } from "./life/plan.ts";
import type { Rollout } from "./life/rollout.ts";
import { type PolicyLog, printToLog } from "./log.ts";
import type { Policies, PolicyDocument } from "./policies.ts";
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
  /** The life of new versions; undefined where they are activated at once. */
  readonly rollout: Rollout | undefined;
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
  /** Undefined: a new version that proves good decides at once. */
  readonly rollout?: RolloutSettings;
};

/** How new versions come to decide. */
export type RolloutSettings = {
  readonly plan: RolloutPlan;
  /** Where its state is kept over a restart; undefined: a restart takes what the sources have. */
  readonly folder: string | undefined;
};

type Loaded = { readonly name: string; readonly source: BundleSource };

/**
 * Loads the bundles and keeps them loaded: new ones are activated when they prove good, all policies and data in one
 * step, and the last good ones go on deciding when they do not.
 * @throws BundleError when the first bundles are missing or bad; the message names one and says why. A bundle of a
 * service that is away is waited for: until it comes the engine is not ready and every evaluation is refused.
 */
export async function createPolicyEngine(options: PolicyEngineOptions): Promise<ManagedPolicyEngine> {
  if (options.bundles.length === 0)
    throw new BundleError(
      "no policy bundle is configured: name one under bundles, or policies on the command line",
    );
  assertNamesDiffer(options.bundles);
  const bundles = options.bundles.map((bundle) => ({ ...bundle, source: sourceOf(bundle, options) }));
  const pool = new EvaluationPool();
  let life: PolicyLife | undefined;
  const store = createStore(bundles, options, pool, {
    proposed: (next, files) => life?.proposed(next, files),
  });
  const deciding = () => (options.rollout === undefined ? store.active : life?.liveSet);
  const cache = new DecisionCache(options.cache);
  let shown: PolicySet | undefined;
  const cached = behindCache(cache, () => (options.rollout === undefined ? store.active : shown));
  if (options.rollout !== undefined)
    life = await PolicyLife.open(store, {
      ...options.rollout,
      log: options.log,
      nowMs: Date.now,
      monotonicMs: () => performance.now(),
      livePolicies: (set) => {
        shown = set;
        return cached() ?? set.policies;
      },
    });
  const close = async () => {
    // A version that waits for the first look of another bundle waits no longer.
    for (const { name } of bundles) store.looked(name);
    await Promise.all(bundles.map(({ source }) => source.close()));
    await life?.close();
    await pool.close();
  };
  try {
    await startAll(bundles, store);
    const fault = deciding() === undefined ? startFault(bundles, store) : undefined;
    if (fault !== undefined) throw fault;
  } catch (error) {
    await close();
    throw error;
  }
  return engineOf({ bundles, store, cache, life, deciding, cached, close });
}

async function startAll(bundles: readonly Loaded[], store: BundleStore): Promise<void> {
  await Promise.all(
    bundles.map(async ({ name, source }) => {
      await source.start(store.sink(name));
      store.looked(name);
    }),
  );
}

type EngineParts = {
  readonly bundles: readonly Loaded[];
  readonly store: BundleStore;
  readonly cache: DecisionCache;
  readonly life: PolicyLife | undefined;
  /** What decides, but for the subjects of a canary. */
  readonly deciding: () => PolicySet | undefined;
  readonly cached: () => Policies | undefined;
  readonly close: () => Promise<void>;
};

function engineOf(parts: EngineParts): ManagedPolicyEngine {
  const { bundles, store, cache, life, deciding, cached, close } = parts;
  const policiesFor = (subject: string) =>
    (life === undefined ? cached() : life.rollout.for(subject)) ?? NONE_YET;
  const recordsOf = <T>(render: (name: string, source: BundleSource) => T): T[] =>
    bundles.map(({ name, source }) => render(name, source));
  return {
    get ready() {
      return deciding() !== undefined;
    },
    get revision() {
      return deciding()?.policies.revision ?? NONE_YET.revision;
    },
    get instances() {
      return store.instances;
    },
    get cache() {
      return cache.stats;
    },
    for: policiesFor,
    rollout: life?.rollout,
    document: () => deciding()?.document,
    // What the store took last may be a candidate still: what is told to be active is what decides.
    status: () =>
      recordsOf((name, { location }) => {
        const status = statusOf(name, location, store.record(name));
        const live = life?.liveBundle(name);
        return live === undefined ? status : { ...status, revision: live.revision, digest: live.digest };
      }),
    opaStatus: () =>
      Object.fromEntries(
        recordsOf((name) => {
          const status = opaStatusOf(name, store.record(name));
          const live = life?.liveBundle(name);
          return [name, live === undefined ? status : { ...status, active_revision: live.revision }];
        }),
      ),
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
  lifecycle: StoreOptions["lifecycle"],
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
    ...(options.rollout === undefined ? {} : { lifecycle }),
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
