import { RegentError } from "../../exchange/errors.ts";
import { type BundleContent, readContent } from "../bundle/content.ts";
import { BundleError } from "../bundle/error.ts";
import type { Verification } from "../bundle/signature/key.ts";
import { verifySignature } from "../bundle/signature/verify.ts";
import { faultOf } from "../fault.ts";
import type { PolicyLog } from "../log.ts";
import { OpaError } from "../opa/opa.ts";
import type { BundleFiles, BundleSink, Verdict } from "../source/source.ts";
import { PolicyModuleError } from "../wasm/module.ts";
import { prove } from "./prove.ts";
import { RetiredSets } from "./retired.ts";
import { type BuiltSet, buildSet, type PolicySet, type SetOptions } from "./set.ts";
import type { BundleRecord } from "./status.ts";

/** A bundle that the store expects. */
export type ExpectedBundle = {
  readonly name: string;
  /** For messages: a path, or a URL without credentials. */
  readonly location: string;
  /** How its signature is verified; undefined: it must not be signed. */
  readonly verification?: Verification;
};

export type StoreOptions = SetOptions & {
  readonly log: PolicyLog;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
  readonly retiredBytesMax?: number;
  /**
   * Who decides what becomes of a set that proved good: what is active then is only the newest, and sets that nobody needs
   * any more come back by `retire`. Undefined: it decides at once, in place of the one before.
   */
  readonly lifecycle?:
    | { proposed(next: BuiltSet, files: ReadonlyMap<string, BundleFiles>): void }
    | undefined;
};

/** The place of one bundle. */
type Slot = ExpectedBundle & {
  /** The newest version that its source offered and that is not active: it waits for others, or was refused. */
  candidate: BundleContent | undefined;
  record: BundleRecord;
  /** Its source has had its first look. */
  looked: boolean;
};

/**
 * Holds the set of bundles that decides, and puts another one in its place, in one assignment, once that has proved
 * good. What is active stays whatever is offered.
 *
 *     offer    signature, form and manifest of the bundle alone
 *       │      (the first time: until every bundle has had its first look)
 *     build    roots apart, sources compiled, data merged, modules loaded
 *       │
 *     prove    entrypoints there, smoke evaluations, decisions of the contract
 *       │
 *     swap     one assignment; the old set is retired
 */
export class BundleStore {
  readonly #options: StoreOptions;
  readonly #slots: ReadonlyMap<string, Slot>;
  readonly #retired: RetiredSets;
  readonly #listeners = new Set<() => void>();
  /** As they were delivered; kept where there is a lifecycle, which keeps them over a restart. */
  readonly #files = new WeakMap<BundleContent, BundleFiles>();
  readonly #allLooked = Promise.withResolvers<void>();
  #active: BuiltSet | undefined;
  /** The newest set came back by `retire` while it was the newest. */
  #isRetired = false;
  /** Activations take place one after another. */
  #turn: Promise<unknown> = this.#allLooked.promise;

  constructor(bundles: readonly ExpectedBundle[], options: StoreOptions) {
    this.#options = options;
    this.#slots = new Map(bundles.map((bundle) => [bundle.name, emptySlot(bundle)]));
    this.#retired = new RetiredSets(options.retiredBytesMax);
  }

  /** What decides now; undefined until every bundle has been there once. */
  get active(): PolicySet | undefined {
    return this.#active?.set;
  }

  /** Instances in memory, of the active set and of retired ones. */
  get instances(): number {
    return (this.active?.instances ?? 0) + this.#retired.instances;
  }

  /** What became of a bundle so far. */
  record(name: string): BundleRecord {
    return this.#slot(name).record;
  }

  /** Nothing speaks against the bundle but that another one has not been there yet. */
  isWaiting(name: string): boolean {
    const isThere = (slot: Slot) => slot.candidate !== undefined || slot.record.active !== undefined;
    return this.#slot(name).candidate !== undefined && ![...this.#slots.values()].every(isThere);
  }

  /** Calls back after the record of a bundle has changed. @returns what ends that */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Where the source of a bundle delivers. */
  sink(name: string): BundleSink {
    const slot = this.#slot(name);
    return {
      offer: (version) => this.#offer(slot, version),
      unchanged: () => this.#unchanged(slot),
      failed: (error) => this.#failed(slot, error),
    };
  }

  /** Nothing more comes of the first look of a bundle. */
  looked(name: string): void {
    this.#looked(this.#slot(name));
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (slot === undefined) throw new TypeError(`the store expects no bundle ${name}`);
    return slot;
  }

  async #offer(slot: Slot, version: BundleFiles): Promise<Verdict> {
    const atMs = this.#options.nowMs();
    const startedAt = process.hrtime.bigint();
    this.#update(slot, {
      lastRequestMs: atMs,
      lastSuccessfulRequestMs: atMs,
      lastSuccessfulDownloadMs: atMs,
    });
    try {
      if (version.digest === slot.record.active?.digest) return this.#settled(slot);
      await verifySignature(version.files, slot.verification, atMs);
      slot.candidate = this.#read(version);
      this.#looked(slot);
      await this.#inTurn(() => this.#activate(slot, startedAt));
      return this.#settled(slot);
    } catch (error) {
      return { accepted: false, error: this.#refuse(slot, error) };
    } finally {
      this.#looked(slot);
    }
  }

  /**
   * A set of bundles that were kept, verified and proved as if they had just come. It is not activated.
   * @throws BundleError that names what is wrong
   */
  async prepare(files: ReadonlyMap<string, BundleFiles>): Promise<BuiltSet> {
    const missing = [...this.#slots.keys()].filter((name) => !files.has(name));
    const unknown = [...files.keys()].filter((name) => !this.#slots.has(name));
    if (missing.length + unknown.length > 0)
      throw new BundleError(
        `it was made of other bundles: ${[...files.keys()].join(", ")}, and configured are ${[...this.#slots.keys()].join(", ")}`,
      );
    const contents = new Map<string, BundleContent>();
    for (const [name, version] of files) {
      await verifySignature(version.files, this.#slot(name).verification, this.#options.nowMs());
      contents.set(name, this.#read(version));
    }
    return this.#build(contents);
  }

  /** A set that decides nothing new any more, but for exchanges that hold it. */
  retire(set: PolicySet): void {
    // What the next one is built from stays until there is one.
    if (set === this.active) this.#isRetired = true;
    else this.#retired.retire(set);
  }

  #read(version: BundleFiles): BundleContent {
    const content = readContent(version);
    if (this.#options.lifecycle !== undefined) this.#files.set(content, version);
    return content;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    // The next turn comes whatever became of this one, which its own caller is told.
    this.#turn = turn.catch(() => {});
    return turn;
  }

  #looked(slot: Slot): void {
    slot.looked = true;
    if ([...this.#slots.values()].every(({ looked }) => looked)) this.#allLooked.resolve();
  }

  #unchanged(slot: Slot): void {
    const atMs = this.#options.nowMs();
    this.#update(slot, { lastRequestMs: atMs, lastSuccessfulRequestMs: atMs });
    this.#settled(slot);
    this.#looked(slot);
  }

  #failed(slot: Slot, error: BundleError): void {
    this.#update(slot, { lastRequestMs: this.#options.nowMs() });
    this.#refuse(slot, error);
    this.#looked(slot);
  }

  /** The newest version of the bundle is the one that decides. */
  #settled(slot: Slot): Verdict {
    slot.candidate = undefined;
    const { error: _, ...well } = slot.record;
    slot.record = well;
    this.#changed();
    return { accepted: true };
  }

  #refuse(slot: Slot, error: unknown): BundleError {
    const refusal = refusalOf(slot, error);
    const { failures } = slot.record;
    this.#update(slot, {
      error: { error: refusal, atMs: this.#options.nowMs() },
      failures: failures + 1,
    });
    const revision = slot.record.active?.revision;
    // The message has the whole fault; the stack is of use only where nobody foresaw it.
    const unforeseen = FORESEEN.some((kind) => error instanceof kind) ? {} : { err: error };
    this.#options.log.error(
      { bundle: slot.name, ...(revision === undefined ? {} : { revision }), ...unforeseen },
      `policy bundle is refused, ${revision === undefined ? "none is active" : "the last good one stays"}: ${refusal.message}`,
    );
    return refusal;
  }

  /**
   * Activates the newest version of a bundle: with the newest versions of the others that wait, if that proves good, for
   * some go together only; else with those that are active.
   * @throws what speaks against it
   */
  async #activate(slot: Slot, startedAt: bigint): Promise<void> {
    // Another bundle may have taken it along.
    if (slot.candidate === undefined) return;
    const withNewest = this.#combination(slot, ({ candidate }, active) => candidate ?? active);
    const withActive = this.#combination(slot, ({ candidate }, active) => active ?? candidate);
    const differ = [...withNewest].some(([name, content]) => withActive.get(name) !== content);
    const together = differ ? await this.#tryBuild(withNewest) : undefined;
    this.#swap(together ?? (await this.#build(withActive)), startedAt);
  }

  /** @throws BundleError while another bundle has not been there yet. */
  #combination(
    slot: Slot,
    pick: (other: Slot, active: BundleContent | undefined) => BundleContent | undefined,
  ): ReadonlyMap<string, BundleContent> {
    const combined = new Map<string, BundleContent>();
    for (const other of this.#slots.values()) {
      const active = this.#active?.bundles.get(other.name);
      const content = other === slot ? slot.candidate : pick(other, active);
      if (content === undefined)
        throw new BundleError(
          `it waits for the bundle ${other.name} (${other.location}), which is not there yet`,
        );
      combined.set(other.name, content);
    }
    return combined;
  }

  async #tryBuild(bundles: ReadonlyMap<string, BundleContent>): Promise<BuiltSet | undefined> {
    // What speaks against it was told when those others were offered, or comes up again without them.
    return this.#build(bundles).catch(() => undefined);
  }

  async #build(bundles: ReadonlyMap<string, BundleContent>): Promise<BuiltSet> {
    const built = await buildSet(bundles, this.#options, this.#active);
    try {
      prove(built.set, this.#options);
      return built;
    } catch (error) {
      built.set.close();
      throw error;
    }
  }

  #swap(next: BuiltSet, startedAt: bigint): void {
    const previous = this.#active;
    this.#active = next;
    this.#hand(next, previous);
    const nanos = Number(process.hrtime.bigint() - startedAt);
    const atMs = this.#options.nowMs();
    for (const slot of this.#slots.values()) {
      const content = next.bundles.get(slot.name);
      if (content === undefined || content === previous?.bundles.get(slot.name)) continue;
      const { revision, digest, bytes } = content;
      slot.record = { ...slot.record, active: { revision, digest, bytes, atMs, nanos } };
      this.#settled(slot);
      this.#options.log.info({ bundle: slot.name, revision }, "policy bundle is active");
    }
  }

  #hand(next: BuiltSet, previous: BuiltSet | undefined): void {
    const { lifecycle } = this.#options;
    if (previous !== undefined && (lifecycle === undefined || this.#isRetired))
      this.#retired.retire(previous.set);
    this.#isRetired = false;
    if (lifecycle === undefined) return;
    const files = [...next.bundles].map(([name, content]) => [name, this.#files.get(content)] as const);
    lifecycle.proposed(
      next,
      new Map(files.flatMap(([name, found]) => (found === undefined ? [] : [[name, found]]))),
    );
  }

  #update(slot: Slot, change: Partial<BundleRecord>): void {
    slot.record = { ...slot.record, ...change };
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

const FORESEEN = [BundleError, OpaError, PolicyModuleError, RegentError];

function emptySlot(bundle: ExpectedBundle): Slot {
  return { ...bundle, candidate: undefined, record: { failures: 0 }, looked: false };
}

function refusalOf({ name, location }: ExpectedBundle, error: unknown): BundleError {
  const { httpStatus, details } = error instanceof BundleError ? error : detailsOf(error);
  return new BundleError(`the policy bundle ${name} (${location}) cannot be used: ${faultOf(error)}`, {
    cause: error,
    ...(httpStatus === undefined ? {} : { httpStatus }),
    details,
  });
}

/** OPA's compiler tells each fault in a line of its own. */
function detailsOf(error: unknown): { httpStatus?: undefined; details: readonly string[] } {
  const lines = error instanceof OpaError ? error.message.split("\n") : [];
  return {
    details: lines
      .map((line) => line.replace(/^(?:error: .*)?\d+ errors? occurred: ?/, ""))
      .filter((line) => line !== ""),
  };
}
