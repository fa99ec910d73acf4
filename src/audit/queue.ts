/** A disk that stands still for four seconds at 5,000 records a second fills it. */
export const QUEUE_RECORDS_MAX = 20_000;
/** Records are about 1 KiB; with bodies in them they are longer, and the memory of a sidecar is small. */
export const QUEUE_BYTES_MAX = 32 * 1024 * 1024;
/** From this share of a full queue on nothing more is let through: the rest is for the records of the denials. */
const SHARE_MAX = 0.8;

type Entry = { readonly body: string; readonly bytes: number };

/** Records that wait for the disk, oldest first, bounded in number and in bytes. */
export class RecordQueue {
  readonly #recordsMax: number;
  readonly #bytesMax: number;
  #entries: Entry[] = [];
  #bytes = 0;

  constructor(recordsMax: number = QUEUE_RECORDS_MAX, bytesMax: number = QUEUE_BYTES_MAX) {
    this.#recordsMax = recordsMax;
    this.#bytesMax = bytesMax;
  }

  get records(): number {
    return this.#entries.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Why nothing more may be let through; undefined while there is room for its records. */
  get fault(): string | undefined {
    if (this.#entries.length >= this.#recordsMax * SHARE_MAX) return "too many records wait for the disk";
    return this.#bytes >= this.#bytesMax * SHARE_MAX ? "too many bytes wait for the disk" : undefined;
  }

  /** False when there is no room. */
  push(body: string): boolean {
    const bytes = Buffer.byteLength(body);
    if (this.#entries.length >= this.#recordsMax || this.#bytes + bytes > this.#bytesMax) return false;
    this.#entries.push({ body, bytes });
    this.#bytes += bytes;
    return true;
  }

  /** The oldest records up to `bytesMax` in all, at least one when there is one. They stay until they are dropped. */
  oldest(bytesMax: number): readonly string[] {
    let bytes = 0;
    let count = 0;
    for (const entry of this.#entries) {
      bytes += entry.bytes;
      if (count > 0 && bytes > bytesMax) break;
      count++;
    }
    return this.#entries.slice(0, count).map(({ body }) => body);
  }

  /** Forgets the oldest `count`: the disk has them. */
  drop(count: number): void {
    for (const { bytes } of this.#entries.slice(0, count)) this.#bytes -= bytes;
    this.#entries = this.#entries.slice(count);
  }
}
