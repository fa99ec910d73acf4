import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { closed, countsOf, type FilesRun, SECOND_TRIES_MAX, secondTry } from "./stages.ts";

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

describe("files in which something failed", () => {
  const failed = (...failedFiles: string[]): FilesRun => ({ passed: 5, failed: 2, failedFiles });
  const well: FilesRun = { passed: 7, failed: 0, failedFiles: [] };

  test("are run once more, alone, and told apart when that passes", async () => {
    const asked: string[] = [];
    const counts = await secondTry(failed("a.test.ts", "b.test.ts"), async (files) => {
      asked.push(...files);
      return well;
    });
    assert.deepEqual(asked, ["a.test.ts", "b.test.ts"]);
    assert.deepEqual(counts, { passed: 7, failed: 0, unsteady: asked });
  });

  test("have failed when they fail again", async () => {
    const counts = await secondTry(failed("a.test.ts"), async () => failed("a.test.ts"));
    assert.deepEqual(counts, { passed: 5, failed: 2 });
  });

  test("are not tried again when there are many, or when what failed has no file", async () => {
    const never = () => assert.fail("it was tried again");
    const many = Array.from({ length: SECOND_TRIES_MAX + 1 }, (_, i) => `${i}.test.ts`);
    assert.deepEqual(await secondTry(failed(...many), never), { passed: 5, failed: 2 });
    assert.deepEqual(await secondTry(failed(), never), { passed: 5, failed: 2 });
  });
});
