import { createHash } from "node:crypto";

/** One step that a new version of the policies goes through before it decides everything. */
export type RolloutStep =
  /** It is evaluated beside the live policies; what it says is compared and never enforced. */
  | { readonly kind: "shadow"; readonly forMs: number }
  /** It decides for a share of the subjects, for each of them always or never. */
  | { readonly kind: "canary"; readonly percent: number; readonly forMs: number }
  /** It waits until somebody approves. Until then it is in the shadow. */
  | { readonly kind: "approval"; readonly approval: string };

/** Bounds that a step must stay within. Shares are of the decisions that were compared, 0 to 1. */
export type Gate = {
  /** Decisions compared before a step may end: with fewer the shares say nothing. */
  readonly decisions: number;
  /** Share that the candidate denies and the live policies allow. */
  readonly denials: number;
  /** Share that the candidate allows and the live policies deny. */
  readonly allowances: number;
  /** Share in which the candidate fails and the live policies do not. */
  readonly errors: number;
  /** Times the latency (95th percentile) of the live policies. */
  readonly latencyRatio: number;
};

/** What a version that has just been promoted must not do: it gives way to the one before. */
export type RollbackWatch = {
  /** How long after the promotion the version before is kept, milliseconds; 0: not at all. */
  readonly forMs: number;
  /** Decisions compared before a share says anything. */
  readonly decisions: number;
  /** Share that it denies and the version before allows. */
  readonly denials: number;
  /** Share on which it fails and the version before does not. */
  readonly errors: number;
};

/** The way of a new version, from its arrival to deciding everything. */
export type RolloutPlan = {
  readonly steps: readonly RolloutStep[];
  readonly gate: Gate;
  readonly rollback: RollbackWatch;
};

/** What tells the steps of one plan from those of another: SHA-256, hex. */
export function digestOfSteps(steps: readonly RolloutStep[]): string {
  return createHash("sha256").update(JSON.stringify(steps)).digest("hex");
}
