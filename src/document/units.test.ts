import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest } from "./nearest.ts";
import { parseDurationMs, parseSizeBytes } from "./units.ts";

test("reads durations with a unit and nothing else", () => {
  const read = ["200ms", "5s", "10m", "1h", "30d", "0s"].map(parseDurationMs);
  assert.deepEqual(read, [200, 5_000, 600_000, 3_600_000, 2_592_000_000, 0]);
  for (const text of ["", "5", "-5s", "1.5s", "5 s", "5S", "1h30m", "5s\n", "99999999999s"]) {
    assert.equal(parseDurationMs(text), undefined, text);
  }
});

test("reads sizes in bytes or powers of 1024", () => {
  assert.deepEqual(["17", "64Ki", "4Mi", "1Gi"].map(parseSizeBytes), [17, 65_536, 4_194_304, 1_073_741_824]);
  for (const text of ["", "4M", "4mi", "4MiB", "-1", "1.5Mi", "0x10"]) {
    assert.equal(parseSizeBytes(text), undefined, text);
  }
});

test("suggests a name that is a few letters off, and none that is another word", () => {
  assert.equal(nearest("entrypiont", ["entrypoint", "dryRun"]), "entrypoint");
  assert.equal(nearest("failmode", ["failMode", "maxBody"]), "failMode");
  assert.equal(nearest("id", ["tls"]), undefined);
  assert.equal(nearest("flavor", ["flavour", "taste"]), "flavour");
  assert.equal(nearest("x".repeat(65), ["x".repeat(65)]), undefined);
});
