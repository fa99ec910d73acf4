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

    reserve(exchangeId, limits, estimate) {
      const now = nowMs();
      expire(now);
      const known = held.get(exchangeId);
      if (known !== undefined) return known.reservation;
      const tokens = estimate.inputTokens + estimate.outputTokensMax;
      const reservation = { exchangeId, tokens };
      const first = limits[0];
      if (first === undefined) return reservation;
      if (held.size >= RESERVATIONS_MAX) return full(first);

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
      held.set(exchangeId, { reservation, shares, leaseEndsMs: now + LEASE_MS });
      return reservation;
    },

    settle(exchangeId, tokens) {
      const entry = held.get(exchangeId);
      if (entry === undefined) return undefined;
      const plausible = Number.isSafeInteger(tokens) && tokens >= 0 && tokens <= TOKENS_PER_EXCHANGE_MAX;
      const charged = plausible ? tokens : entry.reservation.tokens;
      finish(exchangeId, entry, ({ limit, amount }) => (limit.unit === "tokens" ? charged : amount));
      return { tokens: charged, clamped: !plausible };
    },

    release(exchangeId) {
      const entry = held.get(exchangeId);
      if (entry !== undefined) finish(exchangeId, entry, () => 0);
    },
  };
}

/** Two rules may limit one key in one window: the smaller amount counts. */
function strictest(limits: readonly Limit[]): Iterable<Limit> {
  const byBudget = new Map<string, Limit>();
  for (const limit of limits) {
    const id = `${limit.unit} ${limit.windowMs} ${limit.key}`;
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
