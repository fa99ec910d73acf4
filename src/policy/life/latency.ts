/** Buckets for each doubling: a value is known to a twelfth of itself. */
const BUCKETS_PER_DOUBLING = 8;
/** The first bucket ends at a microsecond; the last holds everything from 18 minutes on. */
const BUCKETS = 30 * BUCKETS_PER_DOUBLING;
const FIRST_MS = 0.001;

/** Latencies in a fixed amount of memory, whatever their number. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;

  add(ms: number): void {
    const bucket = Math.ceil(Math.log2(Math.max(ms, FIRST_MS) / FIRST_MS) * BUCKETS_PER_DOUBLING);
    const index = Math.min(bucket, BUCKETS - 1);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
  }

  /** The latency that a share of all stays within, milliseconds; undefined while there is none. */
  percentile(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    let left = Math.max(1, Math.ceil(share * this.#count));
    for (let index = 0; index < BUCKETS; index++) {
      left -= this.#counts[index] ?? 0;
      if (left <= 0) return FIRST_MS * 2 ** (index / BUCKETS_PER_DOUBLING);
    }
    return undefined;
  }
}
