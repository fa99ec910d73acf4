/** A limit that policy asks for: an amount of a unit for a key in a window. */
export type Limit = {
  readonly key: string;
  readonly unit: "tokens" | "requests";
  readonly amount: number;
  /** Length of the fixed window, e.g. `1h`; parsed to milliseconds. */
  readonly windowMs: number;
};

export type BudgetState = {
  readonly key: string;
  readonly unit: string;
  readonly windowMs: number;
  readonly limit: number;
  readonly used: number;
  readonly reserved: number;
  readonly remaining: number;
};

/** What a call may cost at most, known before it is made. */
export type Estimate = {
  /** Tokens of the prompt. */
  readonly inputTokens: number;
  /** Tokens of all answers at most. */
  readonly outputTokensMax: number;
  /** US dollars at most; undefined when the model has no price. */
  readonly costUsd: number | undefined;
};

/** Amounts taken out of budgets for one exchange until it is settled. */
export type Reservation = {
  readonly exchangeId: string;
  readonly tokens: number;
};

/** Why a reservation did not fit. */
export type BudgetExceeded = {
  readonly limit: Limit;
  readonly remaining: number;
  /** Seconds until the window ends, at least 1: the value of `retry-after`. */
  readonly retryAfterS: number;
};
