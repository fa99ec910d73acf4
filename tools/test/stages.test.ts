import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { closed, countsOf } from "./stages.ts";

const PATTERNS = { passed: /^ℹ pass (\d+)$/gm, failed: /^ℹ (?:fail|cancelled) (\d+)$/gm };

describe("the count of a stage", () => {
  test("is what the runner printed in its closing lines", () => {
    const output = "ℹ tests 9\nℹ pass 6\nℹ fail 2\nℹ cancelled 1\nℹ skipped 0\n";
    assert.deepEqual(countsOf({ status: 1, output }, PATTERNS), { passed: 6, failed: 3 });
  });

  test("is a failure when nothing passed, even with exit status 0", () => {
    assert.deepEqual(countsOf({ status: 0, output: "ℹ tests 0\nℹ pass 0\nℹ fail 0\n" }, PATTERNS), {
      passed: 0,
      failed: 1,
    });
  });

  test("is a failure when the runner ended badly without counting one, or was killed", () => {
    assert.deepEqual(closed(1, 5, 0), { passed: 5, failed: 1 });
    assert.deepEqual(closed(null, 5, 0), { passed: 5, failed: 1 });
    assert.deepEqual(closed(0, 5, 0), { passed: 5, failed: 0 });
  });
});
