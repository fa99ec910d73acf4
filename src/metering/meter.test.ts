import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { BudgetExceeded, BudgetState, Estimate, Limit, Reservation } from "../exchange/budget.ts";
import { TOKENS_PER_EXCHANGE_MAX } from "../exchange/inference.ts";
import { createMeter, LEASE_MS, type Meter, RESERVATIONS_MAX } from "./meter.ts";
import { WINDOWS_MAX } from "./windows.ts";

const HOUR_MS = 3_600_000;
/** The first moment of an hour. */
const START_MS = 500_000 * HOUR_MS;

function limit(amount: number, more: Partial<Limit> = {}): Limit {
  return { key: "tenant:acme", unit: "tokens", amount, windowMs: HOUR_MS, ...more };
}

function tokens(count: number): Estimate {
  return { inputTokens: count, outputTokensMax: 0, costUsd: undefined };
}

/** A meter and the clock it reads. */
function metered(): { meter: Meter; clock: { nowMs: number } } {
  const clock = { nowMs: START_MS };
  return { meter: createMeter({ nowMs: () => clock.nowMs }), clock };
}

function admitted(outcome: Reservation | BudgetExceeded): boolean {
  return "exchangeId" in outcome;
}

function budget(meter: Meter, tenant = "acme"): BudgetState | undefined {
  return meter.budgets(tenant)[0];
}

test("reserves input and the most output, and gives back what was not used", () => {
  const { meter } = metered();
  const estimate = { inputTokens: 30, outputTokensMax: 50, costUsd: undefined };
  assert.deepEqual(meter.reserve("a", [limit(100)], estimate), { exchangeId: "a", tokens: 80 });
  const state = { key: "tenant:acme", unit: "tokens", windowMs: HOUR_MS, limit: 100 };
  assert.deepEqual(meter.budgets("acme"), [{ ...state, used: 0, reserved: 80, remaining: 20 }]);
  assert.deepEqual(meter.settle("a", 35), { tokens: 35, clamped: false });
  assert.deepEqual(meter.budgets("acme"), [{ ...state, used: 35, reserved: 0, remaining: 65 }]);
});

test("admits what fits exactly and refuses one more", () => {
  const { meter, clock } = metered();
  clock.nowMs += 1_000;
  assert.ok(admitted(meter.reserve("a", [limit(100)], tokens(99))));
  assert.deepEqual(meter.reserve("b", [limit(100)], tokens(2)), {
    limit: limit(100),
    remaining: 1,
    retryAfterS: 3_599,
  });
  assert.ok(admitted(meter.reserve("c", [limit(100)], tokens(1))));
  assert.ok(!admitted(meter.reserve("d", [limit(100)], tokens(1))));
});

test("names at least one second to wait", () => {
  const { meter, clock } = metered();
  clock.nowMs += HOUR_MS - 1;
  const refused = meter.reserve("a", [limit(1)], tokens(2));
  assert.equal("retryAfterS" in refused && refused.retryAfterS, 1);
});

test("takes from all limits or from none, and names the one that lasts longest", () => {
  const { meter } = metered();
  const limits = [limit(1_000), limit(10, { key: "tenant:acme:ann" }), limit(5, { windowMs: 24 * HOUR_MS })];
  const refused = meter.reserve("a", limits, tokens(20));
  assert.ok("limit" in refused);
  assert.equal(refused.limit.windowMs, 24 * HOUR_MS);
  assert.deepEqual(
    meter.budgets("acme").map(({ reserved }) => reserved),
    [0, 0, 0],
  );
});

test("counts requests by one, whatever their tokens, and keeps them counted", () => {
  const { meter } = metered();
  const requests = [limit(2, { unit: "requests" })];
  assert.ok(admitted(meter.reserve("a", requests, tokens(1_000))));
  meter.settle("a", 1_000);
  assert.equal(budget(meter)?.used, 1);
  assert.ok(admitted(meter.reserve("b", requests, tokens(1_000))));
  assert.ok(!admitted(meter.reserve("c", requests, tokens(0))));
});

test("holds two limits on one budget to the smaller", () => {
  const { meter } = metered();
  for (const limits of [
    [limit(100), limit(10)],
    [limit(10), limit(100)],
  ]) {
    assert.ok(!admitted(meter.reserve("a", limits, tokens(11))));
  }
  assert.ok(admitted(meter.reserve("b", [limit(100), limit(10)], tokens(10))));
  assert.equal(budget(meter)?.reserved, 10);
});

test("settles once: what comes later for the same exchange changes nothing", () => {
  const { meter } = metered();
  meter.reserve("a", [limit(100)], tokens(50));
  meter.settle("a", 20);
  assert.equal(meter.settle("a", 30), undefined);
  meter.release("a");
  assert.equal(budget(meter)?.used, 20);
  assert.equal(meter.settle("never reserved", 30), undefined);
});

test("reserves once: a second reservation of an exchange is the first", () => {
  const { meter } = metered();
  const first = meter.reserve("a", [limit(100)], tokens(50));
  assert.equal(meter.reserve("a", [limit(100)], tokens(70)), first);
  assert.equal(budget(meter)?.reserved, 50);
});

test("adds the later requests of an exchange to what it holds, and settles all of them together", () => {
  const { meter } = metered();
  const limits = [limit(100), limit(3, { unit: "requests" })];
  meter.reserve("a", limits, tokens(40));
  assert.deepEqual(meter.extend("a", limits, tokens(50)), { exchangeId: "a", tokens: 90 });
  assert.deepEqual(
    meter.budgets("acme").map(({ reserved }) => reserved),
    [90, 2],
  );
  assert.ok(!admitted(meter.extend("a", limits, tokens(11))));
  assert.ok(!admitted(meter.reserve("b", limits, tokens(11))));
  assert.deepEqual(
    meter.budgets("acme").map(({ reserved }) => reserved),
    [90, 2],
  );
  meter.extend("a", limits, tokens(10));
  assert.ok(!admitted(meter.extend("a", limits, tokens(0))), "the requests are used up");
  assert.deepEqual(meter.settle("a", 70), { tokens: 70, clamped: false });
  assert.deepEqual(
    meter.budgets("acme").map(({ used, reserved }) => [used, reserved]),
    [
      [70, 0],
      [3, 0],
    ],
  );
});

test("reserves where there is nothing to add to", () => {
  const { meter } = metered();
  assert.ok(admitted(meter.reserve("a", [], tokens(40))));
  assert.ok(admitted(meter.extend("a", [limit(100)], tokens(50))));
  assert.ok(!admitted(meter.extend("b", [limit(100)], tokens(51))));
  assert.equal(budget(meter)?.reserved, 50);
});

test("charges an exchange that goes on in the next window once, what is left of it there", () => {
  const { meter, clock } = metered();
  clock.nowMs += HOUR_MS - 1;
  meter.reserve("a", [limit(100)], tokens(60));
  clock.nowMs += 1;
  assert.ok(admitted(meter.extend("a", [limit(100)], tokens(80))));
  assert.equal(budget(meter)?.reserved, 80);
  meter.settle("a", 90);
  assert.deepEqual([budget(meter)?.used, budget(meter)?.reserved], [30, 0]);
});

test("gives what was added back with the rest, and begins its lease anew", () => {
  const { meter, clock } = metered();
  const day = [limit(100, { windowMs: 24 * HOUR_MS })];
  clock.nowMs = Math.ceil(START_MS / (24 * HOUR_MS)) * 24 * HOUR_MS;
  meter.reserve("a", day, tokens(10));
  clock.nowMs += LEASE_MS - 1;
  meter.extend("a", day, tokens(20));
  clock.nowMs += LEASE_MS - 1;
  meter.reserve("b", day, tokens(1));
  assert.deepEqual([budget(meter)?.used, budget(meter)?.reserved], [0, 31]);
  meter.release("a");
  assert.deepEqual([budget(meter)?.used, budget(meter)?.reserved], [0, 1]);
});

test("gives everything back when the call was never made", () => {
  const { meter } = metered();
  meter.reserve("a", [limit(100), limit(5, { unit: "requests" })], tokens(50));
  meter.release("a");
  assert.deepEqual(
    meter.budgets("acme").map(({ used, reserved }) => [used, reserved]),
    [
      [0, 0],
      [0, 0],
    ],
  );
});

test("charges more than was reserved when more was used", () => {
  const { meter } = metered();
  meter.reserve("a", [limit(100)], tokens(10));
  assert.deepEqual(meter.settle("a", 250), { tokens: 250, clamped: false });
  assert.equal(budget(meter)?.used, 250);
  assert.equal(budget(meter)?.remaining, 0);
  assert.ok(!admitted(meter.reserve("b", [limit(100)], tokens(0))));
});

test("charges the reservation, and says so, when the reported count is none", () => {
  for (const reported of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, TOKENS_PER_EXCHANGE_MAX + 1]) {
    const { meter } = metered();
    meter.reserve("a", [limit(100)], tokens(10));
    assert.deepEqual(meter.settle("a", reported), { tokens: 10, clamped: true }, String(reported));
    assert.equal(budget(meter)?.used, 10);
  }
  const { meter } = metered();
  meter.reserve("a", [limit(100)], tokens(10));
  assert.equal(meter.settle("a", TOKENS_PER_EXCHANGE_MAX)?.clamped, false);
});

test("refuses estimates and limits that are no numbers", () => {
  const { meter } = metered();
  for (const count of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
    assert.ok(!admitted(meter.reserve("a", [limit(100)], tokens(count))), `estimate ${count}`);
  }
  for (const amount of [Number.NaN, -1]) {
    assert.ok(!admitted(meter.reserve("a", [limit(amount)], tokens(0))), `amount ${amount}`);
  }
  for (const windowMs of [0, -HOUR_MS, Number.NaN, Number.POSITIVE_INFINITY, 0.5]) {
    assert.ok(!admitted(meter.reserve("a", [limit(100, { windowMs })], tokens(1))), `window ${windowMs}`);
  }
});

test("begins each window at zero, and settles into the one that was reserved in", () => {
  const { meter, clock } = metered();
  clock.nowMs += HOUR_MS - 1;
  meter.reserve("a", [limit(100)], tokens(60));
  assert.ok(!admitted(meter.reserve("b", [limit(100)], tokens(60))));
  clock.nowMs += 1;
  assert.deepEqual(meter.budgets("acme"), []);
  assert.ok(admitted(meter.reserve("c", [limit(100)], tokens(60))));
  assert.deepEqual(meter.settle("a", 60), { tokens: 60, clamped: false });
  assert.equal(budget(meter)?.used, 0);
  assert.equal(budget(meter)?.reserved, 60);
});

test("keeps keys apart whatever they are made of", () => {
  const { meter } = metered();
  const keys = [
    "tenant:a",
    "tenant:a:b",
    "tenant:ab",
    "tenant:a ",
    "tokens 1 tenant:a",
    "__proto__",
    "",
    "tenant:a\n",
    "{tenant:a}",
  ];
  for (const [index, key] of keys.entries()) {
    assert.ok(admitted(meter.reserve(`first ${index}`, [limit(10, { key })], tokens(10))), key);
    assert.ok(!admitted(meter.reserve(`second ${index}`, [limit(10, { key })], tokens(1))), key);
  }
});

test("shows a tenant its own budgets and those below, and no other's", () => {
  const { meter } = metered();
  const keys = ["tenant:acme", "tenant:acme:ann", "tenant:acme2", "tenant:globex", "acme"];
  meter.reserve(
    "a",
    keys.map((key) => limit(10, { key })),
    tokens(1),
  );
  const shown = (tenant: string | undefined) => meter.budgets(tenant).map(({ key }) => key);
  assert.deepEqual(shown("acme"), ["tenant:acme", "tenant:acme:ann"]);
  assert.deepEqual(shown("globex"), ["tenant:globex"]);
  assert.deepEqual(shown("initech"), []);
  assert.deepEqual(shown(undefined), []);
});

test("charges an exchange that never ends when its lease is over", () => {
  const { meter, clock } = metered();
  const day = [limit(100, { windowMs: 24 * HOUR_MS })];
  clock.nowMs = Math.ceil(START_MS / (24 * HOUR_MS)) * 24 * HOUR_MS;
  meter.reserve("lost", day, tokens(40));
  clock.nowMs += LEASE_MS - 1;
  meter.reserve("kept", day, tokens(10));
  assert.deepEqual([budget(meter)?.used, budget(meter)?.reserved], [0, 50]);
  clock.nowMs += 1;
  meter.reserve("next", day, tokens(1));
  assert.deepEqual([budget(meter)?.used, budget(meter)?.reserved], [40, 11]);
  assert.equal(meter.settle("lost", 5), undefined);
  assert.equal(meter.settle("kept", 5)?.tokens, 5);
});

test("refuses when it holds as many reservations as it may, until one ends", () => {
  const { meter } = metered();
  const wide = [limit(Number.MAX_SAFE_INTEGER)];
  for (let index = 0; index < RESERVATIONS_MAX; index++) {
    if (!admitted(meter.reserve(`${index}`, wide, tokens(1)))) assert.fail(`refused after ${index}`);
  }
  assert.deepEqual(meter.reserve("one more", wide, tokens(1)), {
    limit: wide[0],
    remaining: 0,
    retryAfterS: 1,
  });
  meter.settle("0", 1);
  assert.ok(admitted(meter.reserve("one more", wide, tokens(1))));
});

test("refuses a budget beyond as many as it may count, until windows end", () => {
  const { meter, clock } = metered();
  for (let index = 0; index < WINDOWS_MAX; index++) {
    const outcome = meter.reserve("a", [limit(1, { key: `tenant:${index}` })], tokens(1));
    if (!admitted(outcome)) assert.fail(`refused after ${index}`);
    meter.settle("a", 0);
  }
  assert.ok(!admitted(meter.reserve("b", [limit(1, { key: "tenant:new" })], tokens(1))));
  assert.ok(admitted(meter.reserve("c", [limit(1, { key: "tenant:0" })], tokens(1))));
  clock.nowMs += HOUR_MS;
  assert.ok(admitted(meter.reserve("d", [limit(1, { key: "tenant:new" })], tokens(1))));
});

test("holds nothing where nothing is limited", () => {
  const { meter } = metered();
  assert.deepEqual(meter.reserve("a", [], tokens(7)), { exchangeId: "a", tokens: 7 });
  assert.equal(meter.settle("a", 7), undefined);
});

type Step =
  | { readonly kind: "reserve"; readonly id: number; readonly key: number; readonly estimate: number }
  | { readonly kind: "settle"; readonly id: number; readonly tokens: number }
  | { readonly kind: "release"; readonly id: number }
  | { readonly kind: "wait"; readonly ms: number };

const id = fc.nat({ max: 12 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("reserve" as const),
      id,
      key: fc.nat({ max: 1 }),
      estimate: fc.nat({ max: 60 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("settle" as const), id, tokens: fc.nat({ max: 90 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("release" as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat({ max: HOUR_MS }) }) },
);

/** What the meter must agree with: every reservation and every charge in one list. */
type Entry = {
  readonly key: string;
  readonly hour: number;
  state: "held" | "ended";
  readonly reserved: number;
  used: number;
};

test("agrees with a plain list of all reservations and charges over any history", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { meter, clock } = metered();
      const ledger = new Map<string, Entry[]>();
      const held = (name: string) => ledger.get(name)?.find(({ state }) => state === "held");
      const sum = (key: string, hour: number) =>
        [...ledger.values()]
          .flat()
          .filter((entry) => entry.key === key && entry.hour === hour)
          .reduce((total, { state, reserved, used }) => total + (state === "held" ? reserved : used), 0);
      const hourNow = () => Math.floor(clock.nowMs / HOUR_MS);
      const AMOUNT = 100;

      for (const action of steps) {
        if (action.kind === "wait") {
          // Leases are tested by themselves.
          if (![...ledger.keys()].some(held)) clock.nowMs += action.ms;
          else clock.nowMs += action.ms % 1_000;
          continue;
        }
        const name = `exchange-${action.id}`;
        const open = held(name);
        if (action.kind === "reserve") {
          const key = `tenant:${action.key}`;
          const fitted = sum(key, hourNow()) + action.estimate <= AMOUNT;
          const outcome = meter.reserve(name, [limit(AMOUNT, { key })], tokens(action.estimate));
          assert.equal(admitted(outcome), open !== undefined || fitted);
          if (open !== undefined || !fitted) continue;
          const entry: Entry = { key, hour: hourNow(), state: "held", reserved: action.estimate, used: 0 };
          ledger.set(name, [...(ledger.get(name) ?? []), entry]);
        } else if (action.kind === "settle") {
          assert.equal(
            meter.settle(name, action.tokens)?.tokens,
            open === undefined ? undefined : action.tokens,
          );
          if (open !== undefined) Object.assign(open, { state: "ended", used: action.tokens });
        } else {
          meter.release(name);
          if (open !== undefined) Object.assign(open, { state: "ended", used: 0 });
        }
        for (const tenant of ["0", "1"]) {
          const state = budget(meter, tenant);
          assert.equal((state?.used ?? 0) + (state?.reserved ?? 0), sum(`tenant:${tenant}`, hourNow()));
        }
      }
    }),
    { numRuns: 300 },
  );
});
