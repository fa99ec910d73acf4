/** Values by key that are made when first asked for. The oldest one leaves when there are more than `max`. */
export class BoundedCache<T> {
  readonly #max: number;
  readonly #values = new Map<string, T>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#values.size;
  }

  /** What `make` throws is thrown, and nothing is kept. */
  get(key: string, make: (key: string) => T): T {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const made = make(key);
    const [oldest] = this.#values.keys();
    if (this.#values.size >= this.#max && oldest !== undefined) this.#values.delete(oldest);
    this.#values.set(key, made);
    return made;
  }
}
