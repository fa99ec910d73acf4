import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { withFolder } from "../../../test/support/rego.ts";
import { packageFile } from "../../document/package-root.ts";
import { loadForEvaluation } from "../load.ts";
import { buildBundle } from "../opa/build.ts";
import { findOpa } from "../opa/opa.ts";
import { collectSources, DEFAULT_IGNORE } from "../opa/sources.ts";
import { resultValue } from "../result.ts";
import { lintPolicies } from "./lint.ts";
import { ScaffoldError, scaffoldPolicy } from "./scaffold.ts";
import { testPolicies } from "./test.ts";

const STYLES = [
  ["governance", [packageFile("policies")], "regent/request/decision", "allow", false],
  ["envoy", [], "envoy/authz/allow", "allowed", true],
] as const;

for (const [style, more, entrypoint, member, allowed] of STYLES) {
  test(`a new policy of the style ${style} passes lint and tests, builds, and decides about its sample`, async () => {
    await withFolder(async (folder) => {
      const files = await scaffoldPolicy({ folder, style, rule: "access/night" });
      assert.ok(files.length >= 3);
      const sources = await collectSources([folder], []);
      assert.deepEqual(await lintPolicies(await findOpa(), sources), []);
      const report = await testPolicies(await findOpa(), sources, { wasm: true });
      assert.ok(report.tests.every(({ outcome }) => outcome === "pass"));
      assert.deepEqual([report.coverage?.percent, report.wasm], [100, []]);

      const output = join(folder, "bundle.tar.gz");
      const ignore = [...DEFAULT_IGNORE, "demo", "examples"];
      const entrypoints = style === "envoy" ? [entrypoint] : [];
      await buildBundle({ paths: [...more, folder], output, entrypoints, ignore });
      const revision = await loadForEvaluation(output, entrypoint, () => undefined);
      const { result } = revision.evaluate(entrypoint, await readFile(join(folder, "input.json")));
      const decision = resultValue(result ?? "") as { readonly [member: string]: unknown };
      assert.equal(decision[member], allowed, JSON.stringify(decision));
    });
  });
}

test("nothing is replaced", async () => {
  await withFolder(async (folder) => {
    const options = { folder, style: "governance", rule: "access/night" } as const;
    const [first = ""] = await scaffoldPolicy(options);
    const before = await readFile(first, "utf8");
    await assert.rejects(
      scaffoldPolicy(options),
      (error) => error instanceof ScaffoldError && error.message.startsWith(`${first} is there already`),
    );
    assert.equal(await readFile(first, "utf8"), before);
  });
});

test("a folder takes a second rule, and keeps its sample and data", async () => {
  await withFolder(async (folder) => {
    const first = await scaffoldPolicy({ folder, style: "governance", rule: "access/night" });
    const kept = first.filter((file) => !file.includes("night"));
    for (const file of kept) await writeFile(file, "mine");
    const second = await scaffoldPolicy({ folder, style: "governance", rule: "acme/no_cards" });
    assert.deepEqual(second, [
      join(folder, "rules/acme/no_cards/no_cards.rego"),
      join(folder, "rules/acme/no_cards/no_cards_test.rego"),
    ]);
    assert.equal(kept.length, 2);
    for (const file of kept) assert.equal(await readFile(file, "utf8"), "mine");
  });
});
