/** How much longer each wait is than the one before, and how far it is spread: as OPA and gRPC have them. */
const FACTOR = 1.6;
const JITTER = 0.2;

export type BackoffLimits = { readonly minMs: number; readonly maxMs: number };

/**
 * Milliseconds to wait before the next attempt, after `attempt` failures in a row (1, 2, …): grows from `minMs` by 1.6
 * a time up to `maxMs`, spread by a fifth either way so that a fleet does not come back in one moment.
 * @param random in [0, 1).
 */
export function backoffMs(
  attempt: number,
  { minMs, maxMs }: BackoffLimits,
  random: () => number = Math.random,
): number {
  // 1.6 to the 64th passes every limit; larger exponents would end in infinity times zero.
  const grown = Math.min(maxMs, minMs * FACTOR ** Math.min(Math.max(attempt - 1, 0), 64));
  return grown * (1 + JITTER * (random() * 2 - 1));
}
