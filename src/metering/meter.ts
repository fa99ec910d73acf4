import type { BudgetExceeded, BudgetState, Estimate, Limit, Reservation } from "../exchange/budget.ts";
import { TOKENS_PER_EXCHANGE_MAX } from "../exchange/inference.ts";
import { createWindows, type Window } from "./windows.ts";

/**
 * Exchanges that may hold a reservation at one time. A sidecar serves some thousands at once; at the cap a request is
 * denied, because one that is not counted is one that no budget holds.
 */
export const RESERVATIONS_MAX = 50_000;

/**
 * How long a reservation lives when its exchange never ends: longer than any answer takes. What was reserved is then
 * charged, because the tokens may have been used; with the window they leave the budget.
 */
export const LEASE_MS = 3_600_000;

export type MeterOptions = {
  /** Wall clock, milliseconds since the epoch: windows are aligned to it. */
  nowMs(): number;
};

/** What a settled exchange was charged. */
export type Settlement = {
  readonly tokens: number;
  /** The reported count was no count (negative, fractional, absurd), and the reservation was charged instead. */
  readonly clamped: boolean;
};

/** Budgets in fixed windows, in memory. Everything is synchronous: between a check and its reservation nothing happens. */
export type Meter = {
  /** The budgets of a tenant: keys `tenant:TENANT` and those below, `tenant:TENANT:…`, that were reserved from in a window that lasts. */
  budgets(tenant: string | undefined): readonly BudgetState[];
  /**
   * Takes the estimate out of all limits, or out of none. A second call for one exchange gives the first reservation,
   * and takes nothing. No limits: nothing is held.
   */
  reserve(exchangeId: string, limits: readonly Limit[], estimate: Estimate): Reservation | BudgetExceeded;
  /**
   * Takes one more request of an exchange out of all limits, or out of none: what it may use is added to what the exchange
   * holds, and its lease begins anew.
   */
  extend(exchangeId: string, limits: readonly Limit[], estimate: Estimate): Reservation | BudgetExceeded;
  /**
   * Charges what was used to the windows it was reserved in, more than was reserved too, and gives the rest back. Only
   * the first call counts; undefined when there is nothing to settle.
   */
  settle(exchangeId: string, tokens: number): Settlement | undefined;
  /** Gives everything back: the call was never made. */
  release(exchangeId: string): void;
};

type Share = { readonly window: Window; readonly limit: Limit; readonly amount: number };
type Held = {
  readonly reservation: Reservation;
  readonly shares: readonly Share[];
  readonly leaseEndsMs: number;
};

export function createMeter({ nowMs }: MeterOptions): Meter {
  const windows = createWindows();
  // In the order of their leases, because a map keeps the order of insertion and every lease is as long.
  const held = new Map<string, Held>();

  const finish = (exchangeId: string, { shares }: Held, used: (share: Share) => number): void => {
    held.delete(exchangeId);
    for (const share of shares) {
      share.window.reserved -= share.amount;
      share.window.used += used(share);
    }
  };

  /** Takes an amount for each limit, or says which one it does not fit into. */
  const take = (limits: readonly Limit[], tokens: number, now: number): readonly Share[] | BudgetExceeded => {
    const shares: Share[] = [];
    for (const limit of strictest(limits)) {
      const window = windows.at(limit, now);
      if (window === undefined) return full(limit);
      shares.push({ window, limit, amount: limit.unit === "tokens" ? tokens : 1 });
    }
    const exceeded = shares.filter((share) => !fits(share));
    if (exceeded.length > 0) return longestWait(exceeded, now);
    for (const { window, limit, amount } of shares) {
      window.limit = limit.amount;
      window.reserved += amount;
    }
    return shares;
  };

  const reserve: Meter["reserve"] = (exchangeId, limits, estimate) => {
    const now = nowMs();
    expire(now);
    const known = held.get(exchangeId);
    if (known !== undefined) return known.reservation;
    const tokens = tokensOf(estimate);
    const reservation = { exchangeId, tokens };
    const first = limits[0];
    if (first === undefined) return reservation;
    if (held.size >= RESERVATIONS_MAX) return full(first);
    const shares = take(limits, tokens, now);
    if (!isTaken(shares)) return shares;
    held.set(exchangeId, { reservation, shares, leaseEndsMs: now + LEASE_MS });
    return reservation;
  };

  const expire = (now: number): void => {
    for (const [exchangeId, entry] of held) {
      if (entry.leaseEndsMs > now) return;
      finish(exchangeId, entry, ({ amount }) => amount);
    }
  };

  return {
    budgets(tenant) {
      return tenant === undefined ? [] : windows.ofOwner(`tenant:${tenant}`, nowMs()).map(stateOf);
    },

    reserve,

    extend(exchangeId, limits, estimate) {
      const now = nowMs();
      expire(now);
      const known = held.get(exchangeId);
      if (known === undefined) return reserve(exchangeId, limits, estimate);
      const more = tokensOf(estimate);
      const taken = take(limits, more, now);
      if (!isTaken(taken)) return taken;
      const reservation = { exchangeId, tokens: known.reservation.tokens + more };
      held.delete(exchangeId);
      held.set(exchangeId, { reservation, shares: joined(known.shares, taken), leaseEndsMs: now + LEASE_MS });
      return reservation;
    },

    settle(exchangeId, tokens) {
      const entry = held.get(exchangeId);
      if (entry === undefined) return undefined;
      const plausible = Number.isSafeInteger(tokens) && tokens >= 0 && tokens <= TOKENS_PER_EXCHANGE_MAX;
      const charged = plausible ? tokens : entry.reservation.tokens;
      const charges = chargesOf(entry.shares, charged);
      finish(exchangeId, entry, (share) => charges.get(share) ?? share.amount);
      return { tokens: charged, clamped: !plausible };
    },

    release(exchangeId) {
      const entry = held.get(exchangeId);
      if (entry !== undefined) finish(exchangeId, entry, () => 0);
    },
  };
}

function tokensOf({ inputTokens, outputTokensMax }: Estimate): number {
  return inputTokens + outputTokensMax;
}

function isTaken(taken: readonly Share[] | BudgetExceeded): taken is readonly Share[] {
  return Array.isArray(taken);
}

/** One share for each window. */
function joined(shares: readonly Share[], more: readonly Share[]): readonly Share[] {
  const byWindow = new Map<Window, Share>();
  for (const share of [...shares, ...more]) {
    const amount = (byWindow.get(share.window)?.amount ?? 0) + share.amount;
    byWindow.set(share.window, { ...share, amount });
  }
  return [...byWindow.values()];
}

/**
 * What each share of tokens is charged. An exchange that went on in later windows of a budget is charged once for it: to
 * the earlier ones at most what they hold for it, and all the rest to the last.
 */
function chargesOf(shares: readonly Share[], tokens: number): ReadonlyMap<Share, number> {
  const charges = new Map<Share, number>();
  const budgets = Map.groupBy(
    shares.filter(({ limit }) => limit.unit === "tokens"),
    ({ limit }) => budgetOf(limit),
  );
  for (const parts of budgets.values()) {
    let left = tokens;
    for (const [index, part] of parts.entries()) {
      const charge = index === parts.length - 1 ? left : Math.min(left, part.amount);
      charges.set(part, charge);
      left -= charge;
    }
  }
  return charges;
}

function budgetOf({ unit, windowMs, key }: Limit): string {
  return `${unit} ${windowMs} ${key}`;
}

/** Two rules may limit one key in one window: the smaller amount counts. */
function strictest(limits: readonly Limit[]): Iterable<Limit> {
  const byBudget = new Map<string, Limit>();
  for (const limit of limits) {
    const id = budgetOf(limit);
    const known = byBudget.get(id);
    if (known === undefined || limit.amount < known.amount) byBudget.set(id, limit);
  }
  return byBudget.values();
}

/** Written so that whatever is no number does not fit. */
function fits({ window, limit, amount }: Share): boolean {
  return amount >= 0 && window.used + window.reserved + amount <= limit.amount;
}

function longestWait(exceeded: readonly Share[], now: number): BudgetExceeded {
  return exceeded
    .map(({ window, limit }) => ({
      limit,
      remaining: Math.max(limit.amount - window.used - window.reserved, 0),
      retryAfterS: Math.max(Math.ceil((window.endsMs - now) / 1_000), 1),
    }))
    .reduce((longest, next) => (next.retryAfterS > longest.retryAfterS ? next : longest));
}

/** Nothing more can be counted, so nothing more is let through. */
function full(limit: Limit): BudgetExceeded {
  return { limit, remaining: 0, retryAfterS: 1 };
}

function stateOf({ key, unit, windowMs, limit, used, reserved }: Window): BudgetState {
  return { key, unit, windowMs, limit, used, reserved, remaining: Math.max(limit - used - reserved, 0) };
}
