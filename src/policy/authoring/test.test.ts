import assert from "node:assert/strict";
import { test } from "node:test";
import { type Sources, withFolder, writeSources } from "../../../test/support/rego.ts";
import { findOpa, OpaError } from "../opa/opa.ts";
import { collectSources } from "../opa/sources.ts";
import { type TestOptions, type TestReport, testPolicies } from "./test.ts";

function tested(sources: Sources, options: TestOptions = { wasm: true }): Promise<TestReport> {
  return withFolder(async (folder) => {
    await writeSources(folder, sources);
    return testPolicies(await findOpa(), await collectSources([folder], []), options);
  });
}

const outcomes = ({ tests }: TestReport) =>
  Object.fromEntries(tests.map(({ name, outcome }) => [name, outcome]));

const POLICY = `package p

allow if input.user == "ann"

deny if input.user == "bob"
`;

test("tests run in OPA, with coverage, and compiled to Wasm", async () => {
  const report = await tested({
    "p.rego": POLICY,
    "p_test.rego": 'package p_test\n\nimport data.p\n\ntest_ann if p.allow with input.user as "ann"\n',
  });
  assert.deepEqual(outcomes(report), { test_ann: "pass" });
  assert.deepEqual(report.wasm, []);
  assert.ok(report.coverage !== undefined && report.coverage.percent > 0 && report.coverage.percent < 100);
  assert.deepEqual(
    report.coverage.missed.map(({ rows }) => rows),
    [["5"]],
  );
});

test("a function of a package that is not given is an error that says which folder to name", async () => {
  await assert.rejects(
    tested({
      "a.rego": "package a\n\nimport data.regent.lib.result\n\nx contains result.denial(1, 2, 3)\n",
      "a_test.rego": "package a_test\n\ntest_x if data.a.x\n",
    }),
    (error) => error instanceof OpaError && error.message.endsWith("too: regent.lib is in policies/lib."),
  );
});

test("a test that fails is told with what it printed, and fails in Wasm as well", async () => {
  const report = await tested({
    "p.rego": POLICY,
    "p_test.rego": `package p_test

import data.p

test_bob if {
	print("bob asks")
	p.allow with input.user as "bob"
}

test_odd if p.allow with input.user as {"ann"}[_]

todo_test_later if false
`,
  });
  assert.deepEqual(outcomes(report), { test_bob: "fail", test_odd: "pass", todo_test_later: "skip" });
  assert.match(report.tests.find(({ name }) => name === "test_bob")?.output ?? "", /bob asks/);
  assert.equal(report.coverage, undefined);
  assert.deepEqual(report.wasm, []);
});

test("a test that ends otherwise in Wasm is a difference", async () => {
  // Heads of different depth: OPA 1.22 compiles them so that a variable does not find the longer one.
  const report = await tested({
    "p.rego": `package p

v.a[x] contains 1 if some x in input.a

v.b.c[x] contains 1 if some x in input.b

all := {name | some name, _ in v; some _ in v[name]}
`,
    "p_test.rego": `package p_test

import data.p

test_both if p.all == {"a", "b"} with input as {"a": ["x"], "b": ["y"]}

test_one if "a" in p.all with input as {"a": ["x"]}
`,
  });
  assert.deepEqual(outcomes(report), { test_both: "pass", test_one: "pass" });
  assert.deepEqual(
    report.wasm?.map(({ test: { name }, outcome }) => [name, outcome]),
    [["test_both", "fail"]],
  );
});

test("tests that replace functions and builtins are compared as well", async () => {
  const report = await tested({
    "p.rego": "package p\n\nf(x) := x + 1\n\nr := f(1)\n\nnow := time.now_ns()\n",
    "p_test.rego": `package p_test

import data.p

mock(_) := 7

test_function if p.r == 7 with data.p.f as mock

test_builtin if p.now == 5 with time.now_ns as 5
`,
  });
  assert.deepEqual(outcomes(report), { test_function: "pass", test_builtin: "pass" });
  assert.deepEqual(report.wasm, []);
});

test("only the tests that are asked for run, and Wasm can be left out", async () => {
  const sources = { "p_test.rego": "package p_test\n\ntest_a := true\n\ntest_b if 1 == 2\n" };
  const report = await tested(sources, { wasm: false, run: "test_a" });
  assert.deepEqual(outcomes(report), { test_a: "pass" });
  assert.equal(report.wasm, undefined);
});

test("a policy that does not compile is OPA's error", async () => {
  await assert.rejects(
    tested({ "p.rego": "package p\n\nr := nothing\n" }),
    (error) => error instanceof OpaError && /rego_unsafe_var_error/.test(error.message),
  );
});
