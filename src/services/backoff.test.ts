import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs } from "./backoff.ts";

const LIMITS = { minMs: 100, maxMs: 1_000 };

test("waits grow from the least to the most, and no further", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 1e9].map((attempt) =>
    Math.round(backoffMs(attempt, LIMITS, () => 0.5)),
  );
  assert.deepEqual(waits, [100, 160, 256, 410, 655, 1_000, 1_000, 1_000]);
});

test("waits are spread by a fifth either way", () => {
  assert.equal(
    backoffMs(1, LIMITS, () => 0),
    80,
  );
  assert.ok(backoffMs(1, LIMITS, () => 0.999999) < 120);
  assert.ok(backoffMs(1, LIMITS, () => 0.999999) > 119.9);
});
