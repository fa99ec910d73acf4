import assert from "node:assert/strict";
import { test } from "node:test";
import { lintPolicies } from "../../src/policy/authoring/lint.ts";
import { testPolicies } from "../../src/policy/authoring/test.ts";
import { findOpa, runOpa } from "../../src/policy/opa/opa.ts";
import { collectSources } from "../../src/policy/opa/sources.ts";
import { CAPABILITIES, opaOnPolicies, POLICIES } from "./policies.ts";

test("the policies are formatted as opa fmt has it", async () => {
  const run = await runOpa(await findOpa(), ["fmt", "--list", "--fail", POLICIES]);
  assert.equal(run.stdout + run.stderr, "");
  assert.equal(run.status, 0);
});

test("the policies compile in strict mode with the builtins that Regent has", async () => {
  const run = await opaOnPolicies(["check", "--strict", ...CAPABILITIES]);
  assert.equal(run.stdout + run.stderr, "");
  assert.equal(run.status, 0);
});

/** OPA gives up after 5 seconds, which a busy machine needs for the largest tests with coverage. */
const PATIENCE = ["--timeout", "60s"];

test("the Rego tests of the policies pass", async () => {
  const run = await opaOnPolicies(["test", ...PATIENCE, ...CAPABILITIES]);
  assert.equal(run.status, 0, run.stdout + run.stderr);
  assert.match(run.stdout, /^PASS: \d+\/\d+$/m);
});

test("the Rego tests reach every line of the policies", async () => {
  const run = await opaOnPolicies(["test", ...PATIENCE, "--coverage", "--format", "json", ...CAPABILITIES]);
  const { files } = JSON.parse(run.stdout) as { files: Record<string, { not_covered?: unknown }> };
  const missed = Object.entries(files).flatMap(([file, { not_covered }]) =>
    not_covered === undefined ? [] : [`${file}: ${JSON.stringify(not_covered)}`],
  );
  assert.deepEqual(missed, []);
});

test("every Rego test says whether it is about an allowance or a denial", async () => {
  const run = await opaOnPolicies(["test", ...PATIENCE, "--format", "json", ...CAPABILITIES]);
  const names = (JSON.parse(run.stdout) as { name: string }[]).map(({ name }) => name);
  assert.ok(names.length > 0);
  assert.deepEqual(
    names.filter((name) => !/^test_(allow|deny)_/.test(name)),
    [],
  );
});

test("the policies pass the lint of regent policy lint", async () => {
  const sources = await collectSources([POLICIES], ["demo/*.yaml"]);
  assert.deepEqual(await lintPolicies(await findOpa(), sources), []);
});

test("the Rego tests of the policies end in compiled Wasm as in OPA", async () => {
  const sources = await collectSources([POLICIES], ["demo", "examples"]);
  const report = await testPolicies(await findOpa(), sources, { wasm: true });
  assert.ok(report.tests.length > 200);
  assert.deepEqual(report.wasm, []);
});
