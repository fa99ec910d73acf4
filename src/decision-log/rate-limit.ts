/** A bucket of tokens, as OPA's `max_decisions_per_second`: as many at once as there are in a second, at least one. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #monotonicMs: () => number;
  #tokens: number;
  #filledMs: number;

  /** @param monotonicMs a clock that never jumps, milliseconds. */
  constructor(perSecond: number, monotonicMs: () => number) {
    this.#perSecond = perSecond;
    this.#burst = Math.max(1, Math.floor(perSecond));
    this.#monotonicMs = monotonicMs;
    this.#tokens = this.#burst;
    this.#filledMs = monotonicMs();
  }

  /** Takes a token; false when there is none. */
  allow(): boolean {
    const now = this.#monotonicMs();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledMs) / 1000) * this.#perSecond);
    this.#filledMs = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
