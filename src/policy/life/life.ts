import { createHash } from "node:crypto";
import type { BuiltSet, PolicySet } from "../activation/set.ts";
import type { BundleStore } from "../activation/store.ts";
import type { BundleContent } from "../bundle/content.ts";
import type { PolicyLog } from "../log.ts";
import type { Policies } from "../policies.ts";
import { type Kept, RolloutKeeper, type VersionFiles } from "./keeper.ts";
import type { RolloutPlan } from "./plan.ts";
import { Rollout, type RolloutOptions, type Version } from "./rollout.ts";
import type { RolloutState } from "./state.ts";

export type LifeOptions = {
  readonly plan: RolloutPlan;
  /** Where its state and the live version are kept over a restart; undefined: a restart takes what the sources have. */
  readonly folder: string | undefined;
  readonly log: PolicyLog;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  /** How the live set is asked: from a cache, say. */
  readonly livePolicies: (set: PolicySet) => Policies;
};

/** Between two looks at steps and watches, milliseconds: steps last minutes, and a jump has to be seen within seconds. */
const TICK_MS = 1_000;

/** A version of the rollout with the set behind it. */
type SetVersion = Version & {
  readonly set: PolicySet;
  readonly bundles: ReadonlyMap<string, BundleContent>;
  readonly files: VersionFiles;
};

/** The rollout of what a store activates. */
export class PolicyLife {
  readonly rollout: Rollout;
  readonly #store: BundleStore;
  readonly #keeper: RolloutKeeper | undefined;
  readonly #timer: NodeJS.Timeout;

  private constructor(
    store: BundleStore,
    options: LifeOptions,
    keeper: RolloutKeeper | undefined,
    restored: RolloutState | undefined,
  ) {
    this.#store = store;
    this.#keeper = keeper;
    const rolloutOptions: RolloutOptions = {
      plan: options.plan,
      log: options.log,
      nowMs: options.nowMs,
      monotonicMs: options.monotonicMs,
      livePolicies: (version) => options.livePolicies((version as SetVersion).set),
      save: (state, live) => keeper?.save(state, (live as SetVersion).files),
      ...(restored === undefined ? {} : { restored }),
    };
    this.rollout = new Rollout(rolloutOptions);
    this.#timer = setInterval(() => this.rollout.tick(), TICK_MS).unref();
  }

  /**
   * Begins with what was kept. A version that was live and cannot be used any more is logged, and what the sources have
   * becomes the first, unless it was turned down before: then nothing decides until another one comes.
   */
  static async open(store: BundleStore, options: LifeOptions): Promise<PolicyLife> {
    const keeper = options.folder === undefined ? undefined : new RolloutKeeper(options.folder, options.log);
    const told = (error: unknown) => {
      options.log.error(
        { err: error },
        `the version of the policies that was live cannot be used: ${(error as Error).message}`,
      );
      return undefined;
    };
    const kept = await keeper?.load().catch(told);
    const life = new PolicyLife(store, options, keeper, kept?.state);
    if (kept !== undefined) await life.#restore(kept).catch(told);
    return life;
  }

  /** The set that decides, but for the subjects of a canary. */
  get liveSet(): PolicySet | undefined {
    return (this.rollout.live as SetVersion | undefined)?.set;
  }

  /** A bundle as it is in the version that is live. */
  liveBundle(name: string): BundleContent | undefined {
    return (this.rollout.live as SetVersion | undefined)?.bundles.get(name);
  }

  /** The store has a new set that proved good. */
  proposed(built: BuiltSet, files: VersionFiles): void {
    this.rollout.propose(this.#versionOf(built, files));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.rollout.close();
    await this.#keeper?.close();
  }

  async #restore(kept: Kept): Promise<void> {
    const live = await kept.live();
    this.rollout.restore(this.#versionOf(await this.#store.prepare(live), live));
  }

  #versionOf({ set, bundles }: BuiltSet, files: VersionFiles): SetVersion {
    return {
      digest: digestOf(bundles),
      revision: set.policies.revision,
      policies: set.policies,
      set,
      bundles,
      files,
      release: () => this.#store.retire(set),
    };
  }
}

function digestOf(bundles: ReadonlyMap<string, BundleContent>): string {
  const hash = createHash("sha256");
  for (const [name, { digest }] of [...bundles].sort(([one], [other]) => (one < other ? -1 : 1)))
    hash.update(JSON.stringify([name, digest]));
  return hash.digest("hex");
}
