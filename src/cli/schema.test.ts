import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { runCommand } from "../../test/support/run-command.ts";
import { schemaCommand } from "./schema.ts";

const SHIPPED = new URL("../../schema/regent.schema.json", import.meta.url);

test("prints the schema that is shipped in schema/", async () => {
  const { stdout, status } = await runCommand(schemaCommand(), []);
  assert.equal(status, 0);
  const shipped = JSON.parse(readFileSync(SHIPPED, "utf8"));
  assert.deepEqual(JSON.parse(stdout), shipped, "due: regent schema > schema/regent.schema.json");
});

test("prints the schema of the input of policies that is shipped in schema/", async () => {
  const { stdout, status } = await runCommand(schemaCommand(), ["policy-input"]);
  assert.equal(status, 0);
  const shipped = JSON.parse(
    readFileSync(new URL("../../schema/policy-input.schema.json", import.meta.url), "utf8"),
  );
  assert.deepEqual(
    JSON.parse(stdout),
    shipped,
    "due: regent schema policy-input > schema/policy-input.schema.json",
  );
});

test("the shipped schema accepts a good configuration and refuses unknown fields and plain secrets", () => {
  const validate = new Ajv2020().compile(JSON.parse(readFileSync(SHIPPED, "utf8")));
  assert.ok(
    validate({ version: 1, admin: { token: { file: "token" } }, routes: [{ match: { path: "/v1/*" } }] }),
  );
  assert.ok(!validate({ version: 1, lissten: "x" }));
  assert.ok(!validate({ version: 1, admin: { token: "plain" } }));
});
