import type { PolicySet } from "./set.ts";

/**
 * Sets that no longer decide what begins and whose instances stay all the same: exchanges under way come back to them
 * soon. What is asked of an older one has its instance made again, which costs the loading of its data.
 */
export const RETIRED_INSTANCES_MAX = 4;

/**
 * Data and modules of retired sets that exchanges still hold, bytes: some hundred sets of common size. Beyond it the
 * oldest are given up, and what still asks them is refused with policy_unavailable: an answer that streams for an hour
 * must not keep every bundle of that hour.
 */
export const RETIRED_BYTES_MAX = 512 * 1024 * 1024;

/** Bounds what sets hold after they were replaced. Sets that nobody holds go away by themselves. */
export class RetiredSets {
  readonly #bytesMax: number;
  /** With instances, the one that was asked last at the end. */
  #awake: PolicySet[] = [];
  /** All that somebody may still hold, the oldest first. */
  #held: WeakRef<PolicySet>[] = [];

  constructor(bytesMax: number = RETIRED_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** Instances that retired sets have now. */
  get instances(): number {
    return this.#awake.reduce((sum, set) => sum + set.instances, 0);
  }

  retire(set: PolicySet): void {
    set.onEvaluation = () => this.#asked(set);
    this.#asked(set);
    this.#held.push(new WeakRef(set));
    this.#boundBytes();
  }

  #asked(set: PolicySet): void {
    if (this.#awake.at(-1) === set) return;
    this.#awake = [...this.#awake.filter((other) => other !== set), set];
    while (this.#awake.length > RETIRED_INSTANCES_MAX) this.#awake.shift()?.rest();
  }

  #boundBytes(): void {
    this.#held = this.#held.filter((held) => held.deref() !== undefined);
    const sets = this.#held.flatMap((held) => held.deref() ?? []);
    let bytes = sets.reduce((sum, set) => sum + set.bytes, 0);
    for (const oldest of sets.slice(0, -1)) {
      if (bytes <= this.#bytesMax) return;
      oldest.close();
      bytes -= oldest.bytes;
      this.#held.shift();
      this.#awake = this.#awake.filter((set) => set !== oldest);
    }
  }
}
