import type { Difference } from "./comparison.ts";
import type { RolloutStep } from "./plan.ts";
import type { Rejection, Transition } from "./state.ts";
import type { Verdict } from "./tally.ts";

/** What the life of the policies looks like now, for people and programs. */
export type RolloutStatus = {
  readonly live: { readonly revision: string; readonly digest: string } | undefined;
  readonly previous:
    | { readonly revision: string; readonly digest: string; readonly keptForMs: number }
    | undefined;
  readonly candidate: CandidateStatus | undefined;
  readonly rejected: readonly Rejection[];
  readonly history: readonly Transition[];
};

export type CandidateStatus = {
  readonly revision: string;
  readonly digest: string;
  /** Index into `steps`. */
  readonly step: number;
  readonly steps: readonly RolloutStep[];
  readonly stepForMs: number;
  /** Compared in this step, and needed before it may end. */
  readonly decisions: number;
  readonly neededDecisions: number;
  readonly skipped: number;
  readonly counts: { readonly [verdict in Verdict]: number };
  readonly latencyMs: { readonly live: Percentiles; readonly candidate: Percentiles };
  readonly differences: readonly Difference[];
};

type Percentiles = { readonly p50: number | undefined; readonly p95: number | undefined };

/** What a candidate does in a step, for people. */
export function describeStep(step: RolloutStep): string {
  if (step.kind === "approval") return `waits for the approval of ${step.approval}`;
  return step.kind === "shadow" ? "in the shadow" : `decides for ${step.percent} % of the subjects`;
}

/** What happened to a version, for the log. */
export const EVENT_WORDS: { readonly [event in Transition["event"]]: string } = {
  first: "the first, live at once",
  kept: "live as before the restart",
  proposed: "a candidate",
  step: "the next step",
  approved: "approved",
  promoted: "live",
  withdrawn: "no candidate any more",
  rejected: "turned down",
  rolled_back: "rolled back, the version before is live again",
};
