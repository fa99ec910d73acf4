import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseConfig } from "../config/load.ts";
import { packageFile } from "../document/package-root.ts";
import { COMMITTED, renderRegentConfig } from "./regent-config.ts";

test("envoy/regent.yaml is the configuration that run and demo use", () => {
  assert.equal(readFileSync(packageFile("envoy", "regent.yaml"), "utf8"), renderRegentConfig(COMMITTED));
});

test("it is a good configuration", () => {
  const parsed = parseConfig(renderRegentConfig(COMMITTED), "regent.yaml");
  assert.ok(parsed.ok, JSON.stringify(parsed));
});
