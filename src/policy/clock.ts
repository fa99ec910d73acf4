/** Nanoseconds since the epoch. Milliseconds are all that JavaScript's wall clock knows. */
export function systemClock(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
