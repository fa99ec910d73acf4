import { hash } from "node:crypto";
import { deepFreeze } from "../../document/freeze.ts";
import type { JsonValue } from "../../exchange/json.ts";
import { pruneInput } from "../../exchange/reads.ts";
import type { Evaluation, Policies } from "../policies.ts";
import type { CacheClaim } from "../reads/claim.ts";

/** Memory of all decisions that are kept. Of one kilobyte each these are 16,000: callers times models of a large mesh. */
export const CACHE_BYTES_MAX = 16 * 1024 * 1024;
/** The longest that any decision is kept, milliseconds: a mistake in a claim is over after this. */
export const CACHE_AGE_MS_MAX = 5 * 60 * 1000;
/**
 * Largest input that a decision is kept for. Hashing 16 KiB takes 20 microseconds, as long as a small evaluation; what is
 * larger is seldom sent twice.
 */
export const KEY_BYTES_MAX = 16 * 1024;
/** What an entry costs beside its text: key, frozen object, place in the map. */
export const ENTRY_BYTES = 512;

export type DecisionCacheOptions = {
  /** {@link CACHE_BYTES_MAX} unless said otherwise; 0 keeps nothing. */
  readonly maxBytes?: number;
  /** {@link CACHE_AGE_MS_MAX} unless said otherwise. */
  readonly maxAgeMs?: number;
  /** Monotonic, milliseconds: a wall clock that jumps must not make old decisions young. */
  readonly nowMs?: () => number;
};

export type DecisionCacheStats = {
  readonly hits: number;
  /** Evaluations of an entrypoint whose decisions may be kept, because none was. */
  readonly misses: number;
  /** Decisions that went, by why: no room, too old, or other policies. */
  readonly evictions: { readonly size: number; readonly age: number; readonly activation: number };
  readonly entries: number;
  readonly bytes: number;
};

type Entry = { readonly result: JsonValue | undefined; readonly bytes: number; readonly untilMs: number };

/**
 * Decisions that are kept for as long as the policy that made them says, and found again by exactly what it was handed:
 * a hash of the policies, the entrypoint and the bytes of the input. The one that was not asked for longest goes first.
 */
export class DecisionCache {
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  readonly #nowMs: () => number;
  /** In the order in which they were last asked for. */
  readonly #entries = new Map<string, Entry>();
  readonly #evictions = { size: 0, age: 0, activation: 0 };
  #bytes = 0;
  #hits = 0;
  #misses = 0;
  /** Tells the policies of one activation from those of another with the same revision. */
  #generation = 0;

  constructor(options: DecisionCacheOptions = {}) {
    this.#maxBytes = options.maxBytes ?? CACHE_BYTES_MAX;
    this.#maxAgeMs = options.maxAgeMs ?? CACHE_AGE_MS_MAX;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  get stats(): DecisionCacheStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      evictions: { ...this.#evictions },
      entries: this.#entries.size,
      bytes: this.#bytes,
    };
  }

  /**
   * The same policies, which answer from the cache where they may. Decisions are never shared with those of another call,
   * whatever their revision. An input of bytes comes from one who left out what is not read; of a value it is left out
   * here.
   * @param claimOf what the policies say of an entrypoint; undefined: its decisions are not kept
   */
  over(policies: Policies, claimOf: (entrypoint: string) => CacheClaim | undefined): Policies {
    const generation = ++this.#generation;
    return {
      revision: policies.revision,
      bundles: policies.bundles,
      has: (entrypoint) => policies.has(entrypoint),
      reads: (entrypoint) => policies.reads(entrypoint),
      evaluate: async (entrypoint, input) => {
        const claim = claimOf(entrypoint);
        if (claim === undefined || this.#maxBytes === 0) return policies.evaluate(entrypoint, input);
        const handed = Buffer.isBuffer(input) ? input : pruneInput(input, policies.reads(entrypoint));
        const bytes = Buffer.isBuffer(handed) ? handed : Buffer.from(JSON.stringify(handed));
        if (bytes.length > KEY_BYTES_MAX) return policies.evaluate(entrypoint, handed);
        const startedAt = performance.now();
        const key = keyOf(`${generation}\0${policies.revision}\0${entrypoint}\0`, bytes);
        const kept = this.#find(key);
        if (kept === undefined) return this.#keep(key, claim, await policies.evaluate(entrypoint, handed));
        const durationMs = performance.now() - startedAt;
        return { result: kept.result, revision: policies.revision, durationMs };
      },
    };
  }

  /** Forgets every decision: other policies decide from now on. */
  clear(): void {
    this.#evictions.activation += this.#entries.size;
    this.#entries.clear();
    this.#bytes = 0;
  }

  #find(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.untilMs > this.#nowMs()) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      this.#hits += 1;
      return entry;
    }
    this.#misses += 1;
    if (entry !== undefined) this.#evict(key, entry, "age");
    return undefined;
  }

  /** A decision that used what another run would find otherwise is none to keep, whatever the policy claims. */
  #keep(key: string, { ttlMs }: CacheClaim, evaluation: Evaluation): Evaluation {
    if (evaluation.nondeterministic !== undefined) return evaluation;
    const { result } = evaluation;
    const bytes = ENTRY_BYTES + 2 * (JSON.stringify(result)?.length ?? 0);
    if (bytes > this.#maxBytes) return evaluation;
    const known = this.#entries.get(key);
    if (known !== undefined) this.#remove(key, known);
    // Whoever is handed a decision shares it with all that come after.
    deepFreeze(result);
    const untilMs = this.#nowMs() + Math.min(ttlMs, this.#maxAgeMs);
    this.#entries.set(key, { result, bytes, untilMs });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#evict(oldest, entry, "size");
    }
    return evaluation;
  }

  #evict(key: string, entry: Entry, why: "size" | "age"): void {
    this.#evictions[why] += 1;
    this.#remove(key, entry);
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}

function keyOf(prefix: string, bytes: Buffer): string {
  return hash("sha256", Buffer.concat([Buffer.from(prefix), bytes]), "base64");
}
