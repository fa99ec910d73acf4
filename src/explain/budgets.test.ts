import assert from "node:assert/strict";
import { test } from "node:test";
import { budgetsOf, chargeText } from "./budgets.ts";

const AT = "2026-01-01T10:20:30Z";
const limit = (unit: string, amount: number) => ({
  limits: [{ key: "tenant:a", unit, amount, window: "1h" }],
});
const state = {
  key: "tenant:a",
  unit: "tokens",
  window: "3600000ms",
  limit: 1000,
  used: 700,
  reserved: 100,
  remaining: 200,
};

test("what is left is the limit without what was used and reserved", () => {
  const [budget] = budgetsOf(
    limit("tokens", 1000),
    { budgets: [state] },
    { inputTokens: 50, outputTokensMax: 256 },
    AT,
  );
  assert.deepEqual(budget, {
    ...{ key: "tenant:a", unit: "tokens", window: "1h", limit: 1000, used: 700, reserved: 100, left: 200 },
    ...{ wanted: 306, fits: false, windowEnds: "2026-01-01T11:00:00.000Z" },
    wouldFit: [
      "ask for at most 150 output tokens (max_tokens)",
      "ask again after 2026-01-01T11:00:00.000Z, when the window ends",
      "a limit of at least 1106 tokens",
    ],
  });
});

test("a limit smaller than the request is not helped by waiting", () => {
  const [budget] = budgetsOf(limit("tokens", 40), undefined, { inputTokens: 50, outputTokensMax: 10 }, AT);
  assert.deepEqual([budget?.left, budget?.wouldFit], [40, ["a limit of at least 60 tokens"]]);
});

test("a request counts as one, and another unit's state is another budget's", () => {
  const [budget] = budgetsOf(limit("requests", 1), { budgets: [state] }, undefined, AT);
  assert.deepEqual([budget?.used, budget?.wanted, budget?.fits, budget?.wouldFit], [0, 1, true, []]);
  assert.deepEqual(budgetsOf({ limits: [null, { key: 1 }] }, undefined, undefined, AT), []);
});

test("says how a charge came about", () => {
  const usage = { input: 10, output: 20 };
  const estimate = { inputTokens: 9, outputTokensMax: 16 };
  const text = (charge: object) => chargeText({ usage, estimate, charge: { tokens: 30, ...charge } }) ?? "";
  assert.equal(
    text({ source: "reported", costUsd: 0.5 }),
    "30 tokens, 0.5 USD: the model server reported 10 of input and 20 of output",
  );
  assert.match(text({ source: "estimated" }), /the estimate of the prompt \(9\)/);
  assert.match(text({ source: "reserved", clamped: true }), /cannot be true/);
  assert.match(text({ source: "reserved" }), /could not be read/);
  assert.equal(chargeText({}), undefined);
});
