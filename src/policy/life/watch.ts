import type { RollbackWatch } from "./plan.ts";
import { type Answered, outcomeOfAnswer, percent } from "./tally.ts";

/** Outcomes of decisions of one revision. */
export type Shares = { readonly decisions: number; readonly denials: number; readonly errors: number };

/** How long outcomes count, milliseconds: a jump has to show within minutes, and a night must not hide it. */
export const WINDOW_MS = 60_000;

/** Counts the outcomes of what decides, in this minute and the one before. */
export class OutcomeWindow {
  #startedMs = 0;
  #now = zero();
  #before = zero();

  add(answered: Answered, nowMs: number): void {
    this.#turn(nowMs);
    const outcome = outcomeOfAnswer(answered);
    this.#now.decisions += 1;
    if (outcome === "deny") this.#now.denials += 1;
    if (outcome === "error") this.#now.errors += 1;
  }

  /** Of the last one to two minutes. */
  shares(nowMs: number): Shares {
    this.#turn(nowMs);
    return {
      decisions: this.#now.decisions + this.#before.decisions,
      denials: this.#now.denials + this.#before.denials,
      errors: this.#now.errors + this.#before.errors,
    };
  }

  #turn(nowMs: number): void {
    const passed = nowMs - this.#startedMs;
    // A clock that was set back begins a new window as well.
    if (passed >= 0 && passed < WINDOW_MS) return;
    this.#before = passed >= WINDOW_MS && passed < 2 * WINDOW_MS ? this.#now : zero();
    this.#now = zero();
    this.#startedMs = nowMs;
  }
}

function zero(): { decisions: number; denials: number; errors: number } {
  return { decisions: 0, denials: 0, errors: 0 };
}

/**
 * How a version that was just promoted fares worse than the one before did; undefined while it does not, or while too
 * little was decided. Denials are compared only where enough is known of before.
 */
export function jump(now: Shares, before: Shares | undefined, watch: RollbackWatch): string | undefined {
  if (now.decisions < watch.decisions) return undefined;
  const known = before !== undefined && before.decisions >= watch.decisions;
  const errors = grown(
    now.errors / now.decisions,
    known ? before.errors / before.decisions : 0,
    watch.errors,
  );
  if (errors !== undefined) return `its failures went ${errors}`;
  const denials = known
    ? grown(now.denials / now.decisions, before.denials / before.decisions, watch.denials)
    : undefined;
  return denials === undefined ? undefined : `its denials went ${denials}`;
}

function grown(now: number, before: number, bound: number): string | undefined {
  return now - before > bound
    ? `from ${percent(before)} to ${percent(now)} of decisions, and may grow by ${percent(bound)}`
    : undefined;
}
