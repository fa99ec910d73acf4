import type { PolicyLog } from "../log.ts";
import type { Policies } from "../policies.ts";
import { Comparison, type Difference } from "./comparison.ts";
import { digestOfSteps, type RolloutPlan, type RolloutStep } from "./plan.ts";
import { HISTORY_MAX, REJECTED_MAX, type Rejection, type RolloutState, type Transition } from "./state.ts";
import { type CandidateStatus, describeStep, EVENT_WORDS, type RolloutStatus } from "./status.ts";
import { isInCanary } from "./subjects.ts";
import { beyondGate, Tally, type Verdict } from "./tally.ts";
import { compared } from "./views.ts";
import { jump, WatchWindow } from "./watch.ts";

/** One version of all policies together, proved and ready to decide. */
export type Version = {
  /** SHA-256 over its bundles, hex. */
  readonly digest: string;
  readonly revision: string;
  readonly policies: Policies;
  /** Nobody needs it any more, but for exchanges that hold it. */
  release(): void;
};

export type RolloutOptions = {
  readonly plan: RolloutPlan;
  /** Milliseconds since the epoch, for what people read. */
  readonly nowMs: () => number;
  /** Milliseconds that only go forward: clocks are set, and a step must not end because of it. */
  readonly monotonicMs: () => number;
  readonly log: PolicyLog;
  /** How the version that decides is asked: from a cache, say. */
  readonly livePolicies?: (version: Version) => Policies;
  /** Keeps what has to be known after a restart. Never throws. */
  readonly save?: (state: RolloutState, live: Version) => void;
  /** What was kept. */
  readonly restored?: RolloutState;
};

/** A candidate on its way. */
type Candidate = {
  readonly version: Version;
  step: number;
  stepStartedMs: number;
  comparison: Comparison;
  readonly differences: Difference[];
};

/** The version before, kept in case the one that took its place fares badly. */
type Previous = {
  readonly version: Version;
  readonly sinceMs: number;
  /** What it would have said to what the live version decides. */
  readonly comparison: Comparison;
  readonly window: WatchWindow;
};

/** Who does what nobody asked for. */
const REGENT = "regent";

/** What was asked for cannot be done now; the message says why. */
export class RolloutError extends Error {
  override readonly name = "RolloutError";
}

/**
 * The life of a version of the policies. A new one is a candidate first: it goes through the steps of the plan, is
 * compared with what is live in each of them, and decides everything only after the last. Beyond the gate, at any time,
 * it is turned down. Once promoted it is watched, and gives way to the one before when denials or failures jump.
 *
 *     propose ──► step 0 ──► … ──► step n ──► promoted ──► settled
 *                  │ beyond the gate   │          │ denials or failures jump
 *                  └──────► rejected ◄─┘          └──► rolled back
 */
export class Rollout {
  readonly #options: RolloutOptions;
  #live: Version | undefined;
  #liveView: Policies | undefined;
  #candidate: Candidate | undefined;
  #candidateView: Policies | undefined;
  #previous: Previous | undefined;
  #rejected: Rejection[];
  #history: Transition[];
  /** Where the candidate of before the restart was. */
  #resumed: RolloutState["candidate"];
  readonly #verdicts = new Map<Verdict, number>();

  constructor(options: RolloutOptions) {
    this.#options = options;
    this.#rejected = [...(options.restored?.rejected ?? [])];
    this.#history = [...(options.restored?.history ?? [])];
    this.#resumed = options.restored?.candidate;
  }

  /** What decides, but for the subjects of a canary. */
  get live(): Version | undefined {
    return this.#live;
  }

  /** Comparisons since the start, by what came of them. */
  get verdicts(): ReadonlyMap<Verdict, number> {
    return this.#verdicts;
  }

  /** The policies for an exchange that begins now; undefined while there are none. */
  for(subject: string): Policies | undefined {
    const canary = this.#canary();
    if (canary !== undefined && isInCanary(subject, canary.version.digest, canary.percent))
      return this.#candidateView;
    return this.#liveView;
  }

  /** Takes a version as live without any step: the one that was live before a restart. */
  restore(version: Version): void {
    this.#live = version;
    this.#rebuildViews();
    this.#note("kept", version, REGENT);
  }

  /**
   * A new version has proved good. The first one decides at once, for otherwise nothing would; a later one becomes the
   * candidate in place of one that is on its way.
   */
  propose(version: Version): void {
    if (this.#live === undefined && !this.#isRejected(version)) this.#takeFirst(version);
    else if (version.digest === this.#live?.digest) this.#withdraw(version);
    else if (version.digest === this.#candidate?.version.digest) version.release();
    else if (this.#isRejected(version)) this.#refuseAgain(version);
    else this.#begin(version);
  }

  /** Looks whether a step is over, a gate is passed or the live version fares badly. To be called every second or so. */
  tick(): void {
    this.#advance();
    this.#watchLive();
  }

  /** Ends the steps of the candidate now. @throws RolloutError when there is none, or it is beyond the gate */
  promote(by: string, force = false): void {
    const { version, comparison } = this.#expectCandidate();
    const { gate } = this.#options.plan;
    if (comparison.tally.decisions === 0 && gate.decisions > 0 && !force)
      throw new RolloutError(
        `nothing has been compared with the candidate ${version.revision} in this step yet; force promotes it all the same`,
      );
    const faults = beyondGate(comparison.tally, { ...gate, decisions: 1 });
    if (faults.length > 0 && !force)
      throw new RolloutError(
        `the candidate ${version.revision} is beyond the gate: ${faults.join("; ")}. Look at its differences; force promotes it all the same`,
      );
    this.#promote(by, force ? "forced" : undefined);
  }

  /** Says yes to the step that waits for it. @throws RolloutError when none does */
  approve(by: string): void {
    const candidate = this.#expectCandidate();
    const step = this.#step(candidate);
    if (step?.kind !== "approval")
      throw new RolloutError(`the candidate ${candidate.version.revision} does not wait for an approval`);
    this.#note("approved", candidate.version, by, step.approval);
    this.#nextStep(candidate);
  }

  /**
   * Turns the candidate down, or where there is none goes back to the version before.
   * @throws RolloutError when there is neither
   */
  rollback(by: string, reason: string): void {
    if (this.#candidate !== undefined) this.#reject(by, reason);
    else if (this.#previous !== undefined) this.#rollBack(by, reason);
    else throw new RolloutError("there is no candidate, and no version before that is still kept");
  }

  status(): RolloutStatus {
    const { plan } = this.#options;
    return {
      live: this.#live && { revision: this.#live.revision, digest: this.#live.digest },
      previous: this.#previous && {
        revision: this.#previous.version.revision,
        digest: this.#previous.version.digest,
        keptForMs: Math.max(0, plan.rollback.forMs - (this.#nowMonotonic() - this.#previous.sinceMs)),
      },
      candidate: this.#candidate && this.#candidateStatus(this.#candidate),
      rejected: this.#rejected,
      history: this.#history,
    };
  }

  close(): void {
    this.#candidate?.comparison.close();
    this.#previous?.comparison.close();
  }

  #candidateStatus(candidate: Candidate): CandidateStatus {
    const { version, step, comparison, differences } = candidate;
    const { tally } = comparison;
    return {
      revision: version.revision,
      digest: version.digest,
      step,
      steps: this.#options.plan.steps,
      stepForMs: Math.round(this.#nowMonotonic() - candidate.stepStartedMs),
      decisions: tally.decisions,
      neededDecisions: this.#options.plan.gate.decisions,
      skipped: tally.skipped,
      counts: { ...tally.counts },
      latencyMs: {
        live: { p50: tally.live.percentile(0.5), p95: tally.live.percentile(0.95) },
        candidate: { p50: tally.candidate.percentile(0.5), p95: tally.candidate.percentile(0.95) },
      },
      differences,
    };
  }

  #takeFirst(version: Version): void {
    this.#live = version;
    this.#rebuildViews();
    this.#note("first", version, REGENT);
  }

  /** The source went back to what is live. */
  #withdraw(version: Version): void {
    version.release();
    if (this.#candidate === undefined) return;
    this.#dropCandidate("withdrawn", REGENT, "the source holds the live version again");
  }

  #refuseAgain(version: Version): void {
    const rejection = this.#rejected.find(({ digest }) => digest === version.digest);
    this.#options.log.warn(
      { revision: version.revision, reason: rejection?.reason },
      "a version of the policies that was turned down is there again, and is not taken up",
    );
    version.release();
  }

  #begin(version: Version): void {
    if (this.#candidate !== undefined)
      this.#dropCandidate("withdrawn", REGENT, `${version.revision} is newer`);
    const step = this.#resumedStep(version);
    this.#resumed = undefined;
    const differences: Difference[] = [];
    this.#candidate = { version, differences, ...this.#startStep(differences, step) };
    this.#note("proposed", version, REGENT);
    if (this.#step(this.#candidate) === undefined) this.#promote(REGENT);
    else this.#rebuildViews();
  }

  /** Where a candidate of before the restart goes on. In another plan it has gone through no step yet. */
  #resumedStep({ digest }: Version): number {
    const { steps } = this.#options.plan;
    const resumed = this.#resumed;
    if (resumed?.digest !== digest || resumed.plan !== digestOfSteps(steps)) return 0;
    return resumed.step < steps.length ? resumed.step : 0;
  }

  #startStep(differences: Difference[], step: number) {
    const comparison = new Comparison(new Tally(), differences, this.#options.nowMs, (verdict) =>
      this.#verdicts.set(verdict, (this.#verdicts.get(verdict) ?? 0) + 1),
    );
    return { step, stepStartedMs: this.#nowMonotonic(), comparison };
  }

  #advance(): void {
    const candidate = this.#candidate;
    const { gate } = this.#options.plan;
    if (candidate === undefined) return;
    const { tally } = candidate.comparison;
    const faults = beyondGate(tally, gate);
    const step = this.#step(candidate);
    if (faults.length > 0) this.#reject(REGENT, faults.join("; "));
    else if (step !== undefined && step.kind !== "approval") {
      const isOver = this.#nowMonotonic() - candidate.stepStartedMs >= step.forMs;
      if (isOver && tally.decisions >= gate.decisions) this.#nextStep(candidate);
    }
  }

  #nextStep(candidate: Candidate): void {
    candidate.comparison.close();
    Object.assign(candidate, this.#startStep(candidate.differences, candidate.step + 1));
    const step = this.#step(candidate);
    if (step === undefined) this.#promote(REGENT);
    else {
      this.#rebuildViews();
      this.#note("step", candidate.version, REGENT, describeStep(step));
    }
  }

  #promote(by: string, reason?: string): void {
    const { version, comparison } = this.#expectCandidate();
    comparison.close();
    const before = this.#live;
    this.#dropPrevious();
    if (before !== undefined && this.#options.plan.rollback.forMs > 0) this.#previous = this.#keep(before);
    else before?.release();
    this.#live = version;
    this.#candidate = undefined;
    this.#rebuildViews();
    this.#note("promoted", version, by, reason);
  }

  #keep(version: Version): Previous {
    const window = new WatchWindow();
    const comparison = new Comparison(new Tally(), [], this.#options.nowMs, (verdict) =>
      window.add(verdict, this.#nowMonotonic()),
    );
    return { version, sinceMs: this.#nowMonotonic(), comparison, window };
  }

  #dropPrevious(): void {
    this.#previous?.comparison.close();
    this.#previous?.version.release();
    this.#previous = undefined;
  }

  #watchLive(): void {
    const previous = this.#previous;
    if (previous === undefined) return;
    const { rollback } = this.#options.plan;
    const now = this.#nowMonotonic();
    const fault = jump(previous.window.worse(now), rollback);
    if (fault !== undefined) this.#rollBack(REGENT, fault);
    else if (now - previous.sinceMs >= rollback.forMs) {
      this.#dropPrevious();
      this.#rebuildViews();
    }
  }

  #rollBack(by: string, reason: string): void {
    const bad = this.#live;
    const previous = this.#previous;
    if (bad === undefined || previous === undefined) return;
    // A candidate on its way was compared with what is no longer live.
    if (this.#candidate !== undefined)
      this.#dropCandidate("withdrawn", REGENT, "the live version is rolled back");
    previous.comparison.close();
    this.#live = previous.version;
    this.#previous = undefined;
    this.#remember(bad, reason);
    this.#rebuildViews();
    this.#note("rolled_back", bad, by, reason);
    bad.release();
  }

  #reject(by: string, reason: string): void {
    const { version } = this.#expectCandidate();
    this.#remember(version, reason);
    this.#dropCandidate("rejected", by, reason);
  }

  #dropCandidate(event: Transition["event"], by: string, reason: string): void {
    const { version, comparison } = this.#expectCandidate();
    comparison.close();
    this.#candidate = undefined;
    this.#rebuildViews();
    this.#note(event, version, by, reason);
    version.release();
  }

  #remember({ digest, revision }: Version, reason: string): void {
    const at = new Date(this.#options.nowMs()).toISOString();
    this.#rejected = [...this.#rejected, { digest, revision, at, reason }].slice(-REJECTED_MAX);
  }

  #isRejected({ digest }: Version): boolean {
    return this.#rejected.some((rejection) => rejection.digest === digest);
  }

  #expectCandidate(): Candidate {
    if (this.#candidate === undefined) throw new RolloutError("there is no candidate");
    return this.#candidate;
  }

  #step({ step }: Candidate): RolloutStep | undefined {
    return this.#options.plan.steps[step];
  }

  #canary(): { readonly version: Version; readonly percent: number } | undefined {
    const step = this.#candidate && this.#step(this.#candidate);
    return this.#candidate !== undefined && step?.kind === "canary"
      ? { version: this.#candidate.version, percent: step.percent }
      : undefined;
  }

  #rebuildViews(): void {
    const live = this.#live && (this.#options.livePolicies?.(this.#live) ?? this.#live.policies);
    const previous = this.#previous;
    const watched =
      live && previous ? compared(live, "candidate", previous.version.policies, previous.comparison) : live;
    const candidate = this.#candidate;
    this.#candidateView = undefined;
    this.#liveView = watched;
    if (live === undefined || watched === undefined || candidate === undefined) return;
    const { comparison, version } = candidate;
    this.#liveView = compared(watched, "live", version.policies, comparison);
    this.#candidateView = compared(version.policies, "candidate", live, comparison);
  }

  #note(event: Transition["event"], { revision, digest }: Version, by: string, reason?: string): void {
    const at = new Date(this.#options.nowMs()).toISOString();
    const transition = { at, event, revision, digest, by, ...(reason === undefined ? {} : { reason }) };
    this.#history = [...this.#history, transition].slice(-HISTORY_MAX);
    const say = event === "rejected" || event === "rolled_back" ? "warn" : "info";
    this.#options.log[say](transition, `policies ${revision}: ${EVENT_WORDS[event]}`);
    if (this.#live !== undefined) this.#options.save?.(this.#state(this.#live), this.#live);
  }

  #state(live: Version): RolloutState {
    const candidate = this.#candidate && {
      digest: this.#candidate.version.digest,
      step: this.#candidate.step,
      plan: digestOfSteps(this.#options.plan.steps),
    };
    return {
      version: 1,
      live: live.digest,
      ...(candidate === undefined ? {} : { candidate }),
      rejected: this.#rejected,
      history: this.#history,
    };
  }

  #nowMonotonic(): number {
    return this.#options.monotonicMs();
  }
}
