import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { resolveSecret, SECRET_BYTES_MAX, Secret, secretSchema } from "./secret.ts";

test("prints a secret as [redacted] in every way there is to print it", () => {
  const value = randomBytes(16).toString("hex");
  const secret = new Secret(value);
  const printed = [
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ secret }, { showHidden: true }),
    String(secret),
  ];
  for (const text of printed) {
    assert.match(text, /\[redacted\]/);
    assert.ok(!text.includes(value), text);
  }
  assert.equal(secret.reveal(), value);
});

test("accepts references only, never a value", () => {
  assert.deepEqual(secretSchema.parse(`\${API_KEY}`), { kind: "env", name: "API_KEY" });
  assert.deepEqual(secretSchema.parse({ file: "key" }), { kind: "file", path: "key" });
  for (const source of [
    "sk-plain",
    `\${}`,
    `x\${API_KEY}`,
    `\${API_KEY}x`,
    "$API_KEY",
    { file: "" },
    {},
    5,
    null,
  ]) {
    assert.equal(secretSchema.safeParse(source).success, false, JSON.stringify(source));
  }
});

test("reads a secret from the environment or a file beside the document, and names what is missing", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "regent-secret-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const value = randomBytes(16).toString("hex");
  writeFileSync(join(dir, "key"), `${value}\n`);
  writeFileSync(join(dir, "empty"), "\n");
  writeFileSync(join(dir, "large"), "x".repeat(SECRET_BYTES_MAX + 1));

  assert.equal(resolveSecret({ kind: "file", path: "key" }, dir).reveal(), value);
  assert.equal(resolveSecret({ kind: "env", name: "K" }, dir, { K: value }).reveal(), value);
  assert.throws(() => resolveSecret({ kind: "env", name: "K" }, dir, {}), /variable K is not set/);
  assert.throws(() => resolveSecret({ kind: "env", name: "K" }, dir, { K: "" }), /variable K is not set/);
  assert.throws(() => resolveSecret({ kind: "file", path: "empty" }, dir), /empty is empty/);
  assert.throws(() => resolveSecret({ kind: "file", path: "large" }, dir), /large is larger than/);
  assert.throws(() => resolveSecret({ kind: "file", path: "absent" }, dir), /ENOENT/);
});
