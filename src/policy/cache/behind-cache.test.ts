import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { compileBundle, withFolder } from "../../../test/support/rego.ts";
import { createPolicyEngine } from "../engine.ts";

const rego = (answer: string) => `package p

# METADATA
# entrypoint: true
# custom:
#   regent:
#     cache: { depends_on: [input.tenant], ttl: 30s }
allowed := {"by": "${answer}"} if input.tenant == "acme"

# METADATA
# entrypoint: true
free := {"by": "${answer}"} if input.tenant == "acme"
`;

test("a real policy's decisions are kept as it claims, until another one is active", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "bundle.tar.gz");
    const put = async (answer: string) => {
      // One revision for all: what decides is told apart by more than that.
      await writeFile(
        `${path}.new`,
        await compileBundle({ "p.rego": rego(answer) }, ["p/allowed", "p/free"], "same"),
      );
      await rename(`${path}.new`, path);
    };
    await put("first");
    const log = { info() {}, warn() {}, error() {} };
    const engine = await createPolicyEngine({ bundles: [{ name: "main", path }], log, watch: false });
    const ask = async (entrypoint: string) =>
      (await engine.for("").evaluate(entrypoint, { tenant: "acme", body: "any" })).result;

    assert.equal(JSON.stringify(engine.for("").reads("p/allowed")), JSON.stringify({ tenant: true }));
    assert.deepEqual(await ask("p/allowed"), { by: "first" });
    assert.deepEqual(await ask("p/allowed"), { by: "first" });
    assert.deepEqual(await ask("p/free"), { by: "first" });
    const { hits, misses, entries } = engine.cache;
    assert.deepEqual({ hits, misses, entries }, { hits: 1, misses: 1, entries: 1 });

    const held = engine.for("");
    await put("second");
    await engine.reload();
    assert.deepEqual(await ask("p/allowed"), { by: "second" });
    assert.equal(engine.cache.evictions.activation, 1);
    // An exchange that began before goes on with the policies that it began with.
    assert.deepEqual((await held.evaluate("p/allowed", { tenant: "acme" })).result, { by: "first" });
    assert.deepEqual(await ask("p/allowed"), { by: "second" });
    await engine.close();
  });
});
