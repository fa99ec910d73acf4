type Entry<T> = { readonly item: T; readonly bytes: number };

/** First in, first out. Counts what it holds; whoever fills it keeps it within its bounds. */
export class Queue<T> {
  #entries: (Entry<T> | undefined)[] = [];
  /** Entries before this one are gone: moving the rest for each would cost more than the room they take. */
  #start = 0;
  #bytes = 0;

  get count(): number {
    return this.#entries.length - this.#start;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(item: T, bytes: number): void {
    this.#entries.push({ item, bytes });
    this.#bytes += bytes;
  }

  /** Puts back what was taken last. */
  putBack(item: T, bytes: number): void {
    if (this.#start > 0) this.#entries[--this.#start] = { item, bytes };
    else this.#entries.unshift({ item, bytes });
    this.#bytes += bytes;
  }

  /** The oldest, which is no longer in it; undefined when it is empty. */
  take(): T | undefined {
    const entry = this.#entries[this.#start];
    if (entry === undefined) return undefined;
    this.#entries[this.#start++] = undefined;
    this.#bytes -= entry.bytes;
    if (this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
    return entry.item;
  }

  /** The oldest ones that have `bytesMax` together, at least one when there is one. */
  takeUpTo(bytesMax: number): T[] {
    const taken: T[] = [];
    let bytes = 0;
    for (;;) {
      const next = this.#entries[this.#start];
      if (next === undefined || (taken.length > 0 && bytes + next.bytes > bytesMax)) return taken;
      bytes += next.bytes;
      taken.push(next.item);
      this.take();
    }
  }
}
