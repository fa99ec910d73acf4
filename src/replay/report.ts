import type { UnreadableEvent } from "../decision-log/read.ts";
import { LatencyHistogram } from "../policy/life/latency.ts";
import { FLIP_KINDS, type FlipKind } from "./flip.ts";
import type { NotReplayed } from "./replayable.ts";

/** Ids that are shown of each group. */
export const EXAMPLES_MAX = 3;
/** Pairs of a rule and a tenant that are told apart; a log may name as many tenants as it likes. */
export const GROUPS_MAX = 1_000;
/** Flips that are listed one by one, and unreadable places: what is beyond is counted only. */
export const FLIPS_MAX = 10_000;
export const UNREADABLE_MAX = 100;
/** The group of what is beyond {@link GROUPS_MAX}. */
export const OTHERS = "(others)";

export type Flip = {
  readonly kind: FlipKind;
  readonly decisionId: string;
  /** `FILE:LINE` of the log. */
  readonly place: string;
  readonly timestamp: string;
  readonly entrypoint: string;
  /** Undefined: the input names none. */
  readonly tenant: string | undefined;
  readonly rules: readonly string[];
  /** The codes of the reasons, before and now. */
  readonly before: readonly string[];
  readonly now: readonly string[];
  /** What failed, of an error. */
  readonly fault?: string;
};

export type FlipCounts = { [kind in FlipKind]: number };

export type FlipGroup = {
  readonly rule: string;
  readonly tenant: string | undefined;
  readonly counts: FlipCounts;
  /** Decision ids. */
  readonly examples: readonly string[];
};

/** What came of a replay. */
export type ReplayReport = {
  /** Events that passed the filters. */
  readonly decisions: number;
  readonly replayed: number;
  readonly same: number;
  readonly flips: FlipCounts;
  /** By rule and tenant. A flip that is about two rules stands in two groups. */
  readonly groups: readonly FlipGroup[];
  readonly notReplayed: {
    readonly [why in NotReplayed]?: { readonly count: number; readonly examples: readonly string[] };
  };
  readonly unreadable: { readonly count: number; readonly places: readonly UnreadableEvent[] };
  /** At most {@link FLIPS_MAX} of them. */
  readonly flipList: readonly Flip[];
  /** Milliseconds of an evaluation; absent when there was none. */
  readonly evaluationMs?: { readonly p50: number; readonly p95: number; readonly max: number };
};

type Group = FlipGroup & { readonly examples: string[] };

/** Adds up a replay in a fixed amount of memory. */
export class ReplayTally {
  decisions = 0;
  replayed = 0;
  readonly #flips = noFlips();
  readonly #groups = new Map<string, Group>();
  readonly #notReplayed = new Map<NotReplayed, { count: number; examples: string[] }>();
  readonly #places: UnreadableEvent[] = [];
  readonly #list: Flip[] = [];
  readonly #latency = new LatencyHistogram();
  #unreadable = 0;
  #maxMs = 0;

  unreadable(event: UnreadableEvent): void {
    this.#unreadable += 1;
    if (this.#places.length < UNREADABLE_MAX) this.#places.push(event);
  }

  notReplayed(why: NotReplayed, decisionId: string): void {
    const known = this.#notReplayed.get(why) ?? { count: 0, examples: [] };
    known.count += 1;
    addExample(known.examples, decisionId);
    this.#notReplayed.set(why, known);
  }

  evaluated(ms: number, flip: Flip | undefined): void {
    this.replayed += 1;
    this.#latency.add(ms);
    this.#maxMs = Math.max(this.#maxMs, ms);
    if (flip === undefined) return;
    this.#flips[flip.kind] += 1;
    if (this.#list.length < FLIPS_MAX) this.#list.push(flip);
    for (const rule of flip.rules) {
      const group = this.#groupOf(rule, flip.tenant);
      group.counts[flip.kind] += 1;
      addExample(group.examples, flip.decisionId);
    }
  }

  #groupOf(rule: string, tenant: string | undefined): Group {
    const key = JSON.stringify([rule, tenant]);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const isFull = this.#groups.size >= GROUPS_MAX && rule !== OTHERS;
    if (isFull) return this.#groupOf(OTHERS, undefined);
    const group = { rule, tenant, counts: noFlips(), examples: [] };
    this.#groups.set(key, group);
    return group;
  }

  /** The histogram knows the upper end of a bucket, which may lie beyond the longest of all. */
  #percentile(share: number): number | undefined {
    const ms = this.#latency.percentile(share);
    return ms === undefined ? undefined : Math.min(ms, this.#maxMs);
  }

  get report(): ReplayReport {
    const flipped = FLIP_KINDS.reduce((sum, kind) => sum + this.#flips[kind], 0);
    const [p50, p95] = [this.#percentile(0.5), this.#percentile(0.95)];
    return {
      decisions: this.decisions,
      replayed: this.replayed,
      same: this.replayed - flipped,
      flips: this.#flips,
      groups: [...this.#groups.values()].sort(
        (one, other) => total(other.counts) - total(one.counts) || (one.rule < other.rule ? -1 : 1),
      ),
      notReplayed: Object.fromEntries(this.#notReplayed),
      unreadable: { count: this.#unreadable, places: this.#places },
      flipList: this.#list,
      ...(p50 !== undefined && p95 !== undefined && { evaluationMs: { p50, p95, max: this.#maxMs } }),
    };
  }
}

function noFlips(): FlipCounts {
  return { newly_denied: 0, newly_allowed: 0, changed: 0, error: 0 };
}

function total(counts: FlipCounts): number {
  return FLIP_KINDS.reduce((sum, kind) => sum + counts[kind], 0);
}

function addExample(examples: string[], id: string): void {
  if (examples.length < EXAMPLES_MAX && !examples.includes(id)) examples.push(id);
}
