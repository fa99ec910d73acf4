import { isDeepStrictEqual } from "node:util";
import type { JsonValue } from "../../exchange/json.ts";
import { LatencyHistogram } from "./latency.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import type { Gate } from "./plan.ts";

/** What one side answered. */
export type Answered = {
  readonly result: JsonValue | undefined;
  readonly failed: boolean;
  readonly ms: number;
};

/** How two answers to one question differ. */
export type Verdict =
  | "same"
  /** Both allow, both deny or of both nobody knows which, and they say something else. */
  | "changed"
  | "newly_denied"
  | "newly_allowed"
  | "candidate_error"
  | "live_error";

export function compare(live: Answered, candidate: Answered): Verdict {
  const [one, other] = [outcomeOfAnswer(live), outcomeOfAnswer(candidate)];
  if (one === other) return sameDocument(live, candidate) ? "same" : "changed";
  if (other === "error") return "candidate_error";
  // A client that was refused because policy failed would be let through.
  if (one === "error") return other === "allow" ? "newly_allowed" : "live_error";
  return other === "deny" ? "newly_denied" : "newly_allowed";
}

export function outcomeOfAnswer({ result, failed }: Answered): Outcome {
  return failed ? "error" : outcomeOf(result);
}

function sameDocument(live: Answered, candidate: Answered): boolean {
  try {
    return isDeepStrictEqual(live.result, candidate.result);
  } catch (error) {
    // Policies can answer with what a request nests deeper than the stack goes.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * Latencies below this are equal: a policy of microseconds that doubles is not worth a refusal, and timers and other work
 * of the process are of this size.
 */
export const LATENCY_FLOOR_MS = 2;

/** Comparisons of one candidate in one step. */
export class Tally {
  readonly counts: { [verdict in Verdict]: number } = {
    same: 0,
    changed: 0,
    newly_denied: 0,
    newly_allowed: 0,
    candidate_error: 0,
    live_error: 0,
  };
  readonly live = new LatencyHistogram();
  readonly candidate = new LatencyHistogram();
  decisions = 0;
  /** Questions that were not compared, because too many were waiting to be. */
  skipped = 0;

  add(verdict: Verdict, live: Answered, candidate: Answered): void {
    this.decisions += 1;
    this.counts[verdict] += 1;
    this.live.add(live.ms);
    this.candidate.add(candidate.ms);
  }
}

/** What of a gate a tally is beyond, as sentences; none while too little was compared. */
export function beyondGate(tally: Tally, gate: Gate): readonly string[] {
  if (tally.decisions < gate.decisions) return [];
  const { counts, decisions } = tally;
  const shares = [
    ["denies", counts.newly_denied, gate.denials, "that the live policies allow"],
    ["allows", counts.newly_allowed, gate.allowances, "that the live policies deny"],
    ["fails on", counts.candidate_error, gate.errors, "that the live policies decide"],
  ] as const;
  return [
    ...shares
      .filter(([, count, bound]) => count / decisions > bound)
      .map(
        ([does, count, bound, what]) =>
          `it ${does} ${count} of ${decisions} decisions ${what}: ${percent(count / decisions)}, and ${percent(bound)} may be`,
      ),
    ...slower(tally, gate),
  ];
}

function slower({ live, candidate }: Tally, { latencyRatio }: Gate): readonly string[] {
  const [one, other] = [live.percentile(0.95), candidate.percentile(0.95)];
  if (one === undefined || other === undefined || other <= LATENCY_FLOOR_MS) return [];
  const allowed = Math.max(one, LATENCY_FLOOR_MS) * latencyRatio;
  return other <= allowed
    ? []
    : [`95 % of its decisions take up to ${other.toFixed(2)} ms, and ${allowed.toFixed(2)} ms may be`];
}

export function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
