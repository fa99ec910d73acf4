import type { JsonValue } from "../exchange/json.ts";
import { readBundle } from "./bundle/bundle.ts";
import { BundleError } from "./bundle/error.ts";
import { parseDecision } from "./decision.ts";
import { faultOf } from "./fault.ts";
import type { PolicyLog } from "./log.ts";
import { resultValue } from "./result.ts";
import { PolicyRevision, type RevisionOptions } from "./revision.ts";
import { type FileWatch, watchFile } from "./source/watch.ts";

/** What is active of a bundle and what went wrong with it last: for the admin API and metrics. */
export type BundleStatus = {
  readonly name: string;
  readonly path: string;
  readonly revision: string;
  /** SHA-256 of the active bundle, hex. */
  readonly digest: string;
  /** RFC 3339, UTC. */
  readonly activatedAt: string;
  /** The fault of the newest bundle when that one was refused; absent once a good one is active. */
  readonly lastError?: { readonly at: string; readonly message: string };
};

export type BundleSource = { readonly name: string; readonly path: string };

export type BundleSlotOptions = {
  readonly decisions: readonly string[];
  readonly entrypoints: readonly string[];
  readonly log: PolicyLog;
  readonly watch: boolean;
  readonly pollMs?: number;
  readonly revision: RevisionOptions;
};

/** The place of one bundle: holds the active revision and puts a newer one there once it has proved good. */
export class BundleSlot {
  readonly #source: BundleSource;
  readonly #options: BundleSlotOptions;
  #active: PolicyRevision;
  #activatedAt: string;
  #lastError: BundleStatus["lastError"];
  #watch: FileWatch | undefined;
  /** Reloads run one after another. */
  #reloading: Promise<void> = Promise.resolve();

  private constructor(source: BundleSource, options: BundleSlotOptions, first: PolicyRevision) {
    this.#source = source;
    this.#options = options;
    this.#active = first;
    this.#activatedAt = new Date().toISOString();
  }

  /** Loads the first bundle and begins to follow the file. @throws BundleError that names the bundle and the fault. */
  static async open(source: BundleSource, options: BundleSlotOptions): Promise<BundleSlot> {
    let slot: BundleSlot | undefined;
    // Watched before it is read, so that no change falls between the two.
    const watch = options.watch
      ? watchFile(source.path, async () => slot?.reload(), options.pollMs)
      : undefined;
    try {
      slot = new BundleSlot(source, options, await load(source, options));
      slot.#watch = watch;
      options.log.info(slot.#fields(), "policy bundle is active");
      return slot;
    } catch (error) {
      watch?.close();
      throw error;
    }
  }

  get active(): PolicyRevision {
    return this.#active;
  }

  get status(): BundleStatus {
    return {
      ...this.#source,
      revision: this.#active.bundle.revision,
      digest: this.#active.bundle.digest,
      activatedAt: this.#activatedAt,
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  /** Reads the bundle again. Never throws: a bad bundle is logged and told by `status`, and the active one stays. */
  reload(): Promise<void> {
    this.#reloading = this.#reloading.then(() => this.#reload());
    return this.#reloading;
  }

  close(): void {
    this.#watch?.close();
  }

  async #reload(): Promise<void> {
    try {
      const next = await load(this.#source, this.#options, this.#active);
      this.#lastError = undefined;
      if (next === this.#active) return;
      this.#active = next;
      this.#activatedAt = new Date().toISOString();
      this.#options.log.info(this.#fields(), "policy bundle is active");
    } catch (error) {
      const message = (error as Error).message;
      this.#lastError = { at: new Date().toISOString(), message };
      this.#options.log.error(
        { ...this.#fields(), err: error },
        `policy bundle is refused, the last good one stays: ${message}`,
      );
    }
  }

  #fields(): object {
    return { bundle: this.#source.name, revision: this.#active.bundle.revision };
  }
}

/** Reads, compiles and proves a bundle. Returns `active` itself when the file holds the same bytes. */
async function load(
  source: BundleSource,
  options: BundleSlotOptions,
  active?: PolicyRevision,
): Promise<PolicyRevision> {
  try {
    const bundle = await readBundle(source.path);
    if (active !== undefined && bundle.digest === active.bundle.digest) return active;
    const revision = await PolicyRevision.create(bundle, options.revision);
    prove(revision, options);
    return revision;
  } catch (error) {
    throw new BundleError(
      `the policy bundle ${source.name} (${source.path}) cannot be used: ${faultOf(error)}`,
      { cause: error },
    );
  }
}

/** A smoke evaluation of each entrypoint: it must not trap, and what governs must answer with a decision. */
function prove(revision: PolicyRevision, { decisions, entrypoints }: BundleSlotOptions): void {
  revision.assertEntrypoints([...decisions, ...entrypoints]);
  for (const entrypoint of entrypoints) evaluateSmoke(revision, entrypoint);
  for (const entrypoint of decisions) parseDecisionOf(entrypoint, evaluateSmoke(revision, entrypoint));
}

function evaluateSmoke(revision: PolicyRevision, entrypoint: string): JsonValue | undefined {
  try {
    const { result } = revision.evaluate(entrypoint, {});
    return result === undefined ? undefined : resultValue(result);
  } catch (error) {
    throw new BundleError(`${entrypoint} fails on an empty input: ${faultOf(error)}`, { cause: error });
  }
}

function parseDecisionOf(entrypoint: string, result: JsonValue | undefined): void {
  try {
    parseDecision(result, "");
  } catch (error) {
    throw new BundleError(`${entrypoint} answers an empty input with no decision: ${faultOf(error)}`, {
      cause: error,
    });
  }
}
