import type { InputPath } from "./claim.ts";

/** Paths by their text. Never changed once a local holds them. */
export type Paths = ReadonlyMap<string, InputPath>;

/** What locals may hold, inside a block on top of what they hold around it: a copy for each block would cost too much. */
export class Held {
  readonly #around: Held | undefined;
  /** Undefined: the local surely holds nothing. */
  readonly #own = new Map<number, Paths | undefined>();

  constructor(around?: Held) {
    this.#around = around;
  }

  /** Undefined: the local surely holds nothing. */
  get(local: number): Paths | undefined {
    return this.#own.has(local) ? this.#own.get(local) : this.#around?.get(local);
  }

  set(local: number, paths: Paths | undefined): void {
    this.#own.set(local, paths);
  }

  /** Grows whenever a local of this block may hold more. */
  get weight(): number {
    let weight = 0;
    for (const paths of this.#own.values()) weight += paths === undefined ? 0 : 1 + paths.size;
    return weight;
  }
}
