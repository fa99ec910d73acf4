import assert from "node:assert/strict";
import { test } from "node:test";
import { parseVersions } from "./versions.ts";

const TEXT = `version: 1
aliases: { default: small }
targets: [{ name: t, region: us, provider: p, format: kserve-v2, key: { file: nowhere.key } }]
models:
  - name: small
    stage: active
    maxOutputTokens: 256
    versions:
      - { name: small-1, weight: 1, targets: [t], embeddings: { input: text } }
      - { name: shared, weight: 1, targets: [t] }
  - name: other
    stage: active
    versions: [{ name: shared, weight: 1, targets: [t], completions: { shape: list } }]
  - name: same
    stage: active
    versions:
      - { name: same, weight: 1, targets: [t] }
      - { name: same-2, weight: 1, targets: [t] }
`;

test("finds what a name may mean, and reads no key", () => {
  const parsed = parseVersions(TEXT, "registry.yaml");
  assert.ok(parsed.ok);
  const names = (name: string) => parsed.value(name).map((version) => version.name);
  assert.deepEqual(names("small"), ["small-1", "shared"]);
  assert.deepEqual(names("default"), ["small-1", "shared"]);
  assert.deepEqual(names("same"), ["same"]);
  assert.deepEqual(names("shared"), ["shared", "shared"]);
  assert.deepEqual(names("__proto__"), []);
  assert.deepEqual(parsed.value("small-1"), [
    { name: "small-1", embeddings: { input: "text" }, maxOutputTokens: 256 },
  ]);
});

test("tells of faults as the registry does", () => {
  const parsed = parseVersions(TEXT.replace("[t]", "[u]"), "registry.yaml");
  assert.ok(!parsed.ok);
  assert.deepEqual(
    parsed.faults.map(({ line, code }) => [line, code]),
    [[9, "config/unknown-target"]],
  );
});
