import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../exchange/json.ts";
import { createPolicyEngine } from "../engine.ts";
import type { BundleSource } from "../source/source.ts";

const SOURCE = "package a\n\nregion := opa.runtime().config.labels.region\n\nenv := opa.runtime().env\n";

async function evaluated(entrypoint: string, runtime?: JsonObject) {
  const source: BundleSource = {
    location: "memory",
    start: async (sink) => {
      await sink.offer({ files: new Map([["a.rego", Buffer.from(SOURCE)]]), digest: "a", bytes: 1 });
    },
    reload: async () => undefined,
    close: async () => undefined,
  };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const engine = await createPolicyEngine({
    bundles: [{ name: "main", source }],
    entrypoints: ["a/region", "a/env"],
    ...(runtime === undefined ? {} : { runtime }),
    log,
  });
  const { result, nondeterministic } = await engine.for("").evaluate(entrypoint, {});
  await engine.close();
  return { result, nondeterministic };
}

test("opa.runtime gives what the process says of itself, which is recorded, and nothing of its own accord", async () => {
  const runtime = { config: { labels: { region: "west" } }, env: {} };
  assert.deepEqual(await evaluated("a/region", runtime), {
    result: "west",
    nondeterministic: { "opa.runtime": { "[]": runtime } },
  });
  assert.deepEqual((await evaluated("a/env", runtime)).result, {});
  assert.equal((await evaluated("a/region")).result, undefined);
  assert.equal((await evaluated("a/env")).result, undefined);
});
