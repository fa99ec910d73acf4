import type { RollbackWatch } from "./plan.ts";
import { percent, type Verdict } from "./tally.ts";

/** What a version that was promoted does otherwise than the one before. */
export type Worse = { readonly decisions: number; readonly denied: number; readonly failed: number };

/** How long comparisons count, milliseconds: a jump has to show within minutes, and a night must not hide it. */
export const WINDOW_MS = 60_000;

/** Counts comparisons of what is live with the version before, in this minute and the one before. */
export class WatchWindow {
  #startedMs = 0;
  #now = zero();
  #before = zero();

  add(verdict: Verdict, nowMs: number): void {
    this.#turn(nowMs);
    this.#now.decisions += 1;
    if (verdict === "newly_denied") this.#now.denied += 1;
    if (verdict === "candidate_error") this.#now.failed += 1;
  }

  /** Of the last one to two minutes. */
  worse(nowMs: number): Worse {
    this.#turn(nowMs);
    return {
      decisions: this.#now.decisions + this.#before.decisions,
      denied: this.#now.denied + this.#before.denied,
      failed: this.#now.failed + this.#before.failed,
    };
  }

  #turn(nowMs: number): void {
    const passed = nowMs - this.#startedMs;
    if (passed >= 0 && passed < WINDOW_MS) return;
    this.#before = passed >= WINDOW_MS && passed < 2 * WINDOW_MS ? this.#now : zero();
    this.#now = zero();
    this.#startedMs = nowMs;
  }
}

function zero(): { decisions: number; denied: number; failed: number } {
  return { decisions: 0, denied: 0, failed: 0 };
}

/**
 * How a version that was just promoted fares worse than the one before it; undefined while it does not, or while too
 * little was compared. Requests that either would deny say nothing: a flood of them brings no older version back.
 */
export function jump({ decisions, denied, failed }: Worse, watch: RollbackWatch): string | undefined {
  if (decisions < watch.decisions || decisions === 0) return undefined;
  if (failed / decisions > watch.errors)
    return `it fails on ${percent(failed / decisions)} of the decisions, which the version before decides, and ${percent(watch.errors)} may be`;
  if (denied / decisions > watch.denials)
    return `it denies ${percent(denied / decisions)} of the decisions, which the version before allows, and ${percent(watch.denials)} may be`;
  return undefined;
}
