/** Bytes of a stream that are not dealt with yet, from `start` to `end`; what lies behind `end` is spare. */
export type Pending = { bytes: Buffer; start: number; end: number };

const NOTHING = Buffer.alloc(0);

export function initialPending(): Pending {
  return { bytes: NOTHING, start: 0, end: 0 };
}

/**
 * Puts a chunk behind what is left; without any left the chunk is not copied. Bytes that were given out are never written
 * over, and room grows by doubling, so that a message that comes byte by byte costs no more than one that comes whole.
 */
export function appendTo(pending: Pending, chunk: Buffer): void {
  const left = pending.end - pending.start;
  if (left === 0) {
    Object.assign(pending, { bytes: chunk, start: 0, end: chunk.length });
    return;
  }
  if (pending.end + chunk.length > pending.bytes.length) {
    const bytes = Buffer.allocUnsafe(Math.max(2 * left, left + chunk.length));
    pending.bytes.copy(bytes, 0, pending.start, pending.end);
    Object.assign(pending, { bytes, start: 0, end: left });
  }
  chunk.copy(pending.bytes, pending.end);
  pending.end += chunk.length;
}

/**
 * Lets go of bytes that are dealt with: a stream may be silent for minutes, and a byte that is left must not keep a
 * megabyte in memory. Copies less than what is let go.
 */
export function release(pending: Pending): void {
  const left = pending.end - pending.start;
  if (left > pending.bytes.length / 4) return;
  Object.assign(pending, { bytes: Buffer.from(restOf(pending)), start: 0, end: left });
}

export function restOf({ bytes, start, end }: Pending): Buffer {
  return bytes.subarray(start, end);
}
