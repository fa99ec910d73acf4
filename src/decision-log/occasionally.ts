/** Reports of one kind are this far apart, milliseconds: a fault of every request must not fill the process log. */
export const REPORT_INTERVAL_MS = 10_000;

/** Passes a report on when the last one is long enough ago, with the number of those that were held back since. */
export function occasionally<T extends readonly unknown[]>(
  report: (heldBack: number, ...facts: T) => void,
  monotonicMs: () => number,
): (...facts: T) => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  let heldBack = 0;
  return (...facts) => {
    const now = monotonicMs();
    if (now - lastMs < REPORT_INTERVAL_MS) {
      heldBack += 1;
      return;
    }
    report(heldBack, ...facts);
    lastMs = now;
    heldBack = 0;
  };
}
