import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { findOpa } from "../../src/policy/opa/opa.ts";
import { isMovable, moved } from "./batch.ts";
import { type Case, casesFolder, readCases } from "./cases.ts";
import { EXCEPTION_REASONS } from "./exceptions.ts";
import { jobOf } from "./job.ts";
import { CONFORMANCE_PAGE, conformancePage } from "./page.ts";
import { runCases } from "./run.ts";

const opa = await findOpa();
const cases = await readCases(await casesFolder());

describe("OPA's conformance cases", () => {
  test("all pass but the published exceptions, which all fail", async () => {
    const outcomes = await runCases(opa, cases);
    assert.equal(outcomes.length, cases.length);
    const failed = outcomes.filter(({ passed }) => !passed);
    const faults = failed
      .filter(({ testCase }) => !EXCEPTION_REASONS.has(testCase.note))
      .map(({ testCase, why }) => `${testCase.note}: ${why}`);
    assert.deepEqual(faults, []);
    const notes = failed.map(({ testCase }) => testCase.note);
    assert.deepEqual([...notes].sort(), [...EXCEPTION_REASONS.keys()].sort());
  });

  test("are counted and excepted in docs/conformance.md as here", async () => {
    assert.equal(
      await readFile(CONFORMANCE_PAGE, "utf8"),
      conformancePage(cases.length),
      "run node test/conformance/main.ts --write",
    );
  });
});

describe("the runner of the cases", () => {
  const answer = async (testCase: Partial<Case>): Promise<boolean | undefined> => {
    const [outcome] = await runCases(opa, [{ note: "own", query: "data.p.x = v", ...testCase }]);
    return outcome?.passed;
  };
  const module = "package p\n\nx := data.q.y + count(data.q)\n";

  test("tells a right answer from a wrong one", async () => {
    assert.equal(await answer({ modules: [module], data: { q: { y: 1 } }, want_result: [{ v: 2 }] }), true);
    assert.equal(await answer({ modules: [module], data: { q: { y: 1 } }, want_result: [{ v: 3 }] }), false);
    assert.equal(await answer({ modules: [module], data: { q: {} }, want_result: [] }), true);
    assert.equal(await answer({ modules: [module], data: { q: {} }, want_result: [{ v: 0 }] }), false);
  });

  test("tells an error that was wanted from an answer", async () => {
    const conflict = "package p\n\nx := 1 if input.a\n\nx := 2 if input.b\n";
    const error = { want_error_code: "eval_conflict_error" };
    assert.equal(await answer({ modules: [conflict], input: { a: true, b: true }, ...error }), true);
    assert.equal(await answer({ modules: [conflict], input: { a: true }, ...error }), false);
  });

  test("runs a query that is no document, and compares all of its bindings", async () => {
    const members = { modules: ["package p\n\ns contains n if some n in [1, 2]\n"], query: "data.p.s[n]" };
    assert.equal(await answer({ ...members, want_result: [{ n: 2 }, { n: 1 }] }), true);
    assert.equal(await answer({ ...members, want_result: [{ n: 1 }] }), false);
  });

  test("says what does not compile", async () => {
    const [outcome] = await runCases(opa, [
      { note: "own", query: "data.p.x = v", modules: ["package p\n\nx := "] },
    ]);
    assert.equal(outcome?.passed, false);
    assert.match(outcome?.why ?? "", /rego_parse_error/);
  });

  test("moves the data document and nothing that only looks like it", () => {
    const source =
      'package p\n\n# data.c\nx := [data.a, input.data, "data.b", `data.d`, data["e"], metadata]\n';
    const job = moved(jobOf({ note: "own", query: "data.p.x = v", modules: [source] }), "root");
    assert.deepEqual(job.path, ["root", "p", "x"]);
    assert.deepEqual(job.modules, [
      'package root.p\n\n# data.c\nx := [data.root.a, input.data, "data.b", `data.d`, data.root["e"], metadata]\n',
    ]);
    const annotated = jobOf({
      note: "own",
      query: "data.p.x = v",
      modules: [`# METADATA\n# title: t\n${source}`],
    });
    assert.equal(isMovable(annotated), false);
  });
});
