import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { STAGES } from "../../src/exchange/model.ts";
import { demoRegistry } from "./documents.ts";
import { POLICIES } from "./policies.ts";

const demoFile = async (...path: string[]): Promise<unknown> =>
  parse(await readFile(join(POLICIES, "demo", ...path), "utf8"));

type Key = { id: string; hash: string; subject: string; tenant: string; roles: string[] };

test("the hashes of the demo's keys are those of the keys that the docs name", async () => {
  const { salt, keys } = (await demoFile("keys.yaml")) as { salt: string; keys: Key[] };
  const hashOf = (key: string) =>
    `sha256:${createHmac("sha256", Buffer.from(salt, "hex")).update(key).digest("hex")}`;
  const wanted = (id: string, tenant: string, roles: string[]) => ({
    id,
    hash: hashOf(`demo-${id}`),
    subject: id,
    tenant,
    roles,
  });
  assert.ok(Buffer.from(salt, "hex").length >= 16);
  assert.deepEqual(keys, [
    wanted("acme-analyst", "acme", ["analyst"]),
    wanted("acme-admin", "acme", ["admin", "analyst"]),
    wanted("globex-analyst", "globex", ["analyst"]),
    wanted("initech-analyst", "initech", ["analyst"]),
  ]);
});

test("the demo has models in all four stages, and every tenant of its keys", async () => {
  const models = (await demoRegistry()).models();
  assert.ok(models.length >= 6);
  assert.deepEqual(new Set(models.map(({ stage }) => stage)), new Set(STAGES));
  const { keys } = (await demoFile("keys.yaml")) as { keys: Key[] };
  const tenants = (await demoFile("regent", "tenants", "data.yaml")) as Record<string, { budget?: unknown }>;
  assert.deepEqual(new Set(Object.keys(tenants)), new Set(keys.map(({ tenant }) => tenant)));
  const budgets = Object.entries(tenants).filter(([, tenant]) => tenant.budget !== undefined);
  assert.deepEqual(
    budgets.map(([name, { budget }]) => [name, budget]),
    [["initech", { tokens: 2000, window: "1h" }]],
  );
});

test("the demo's large model is split 90 to 10 over its two versions", async () => {
  const versions = (await demoRegistry()).resolve("sim-large")?.versions ?? [];
  assert.deepEqual(
    versions.map(({ name, weight, targets }) => [name, weight, targets.map((target) => target.name)]),
    [
      ["sim-large-1", 90, ["sim-us", "sim-eu"]],
      ["sim-large-2", 10, ["sim-us", "sim-eu"]],
    ],
  );
});
