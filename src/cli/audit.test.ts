import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { auditFolder, segmentsOf, writeRun } from "../../test/support/audit-folder.ts";
import { runCommand } from "../../test/support/run-command.ts";
import { auditCommand } from "./audit.ts";

const run = (...args: string[]) => runCommand(auditCommand(), args);

function replace(path: string, from: string, to: string): void {
  writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
}

test("verify ends with 0 and the last hash for a whole log", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a", "b"]);
  const { stdout, status } = await run("verify", dir);
  assert.equal(status, 0);
  assert.match(stdout, /: verified: 4 good lines in 1 file, records 1 to 4, last hash [0-9a-f]{64}\n$/);
});

test("verify ends with 3 and names file, line and number of the first bad record", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a", "b"]);
  const [segment = ""] = segmentsOf(dir);
  replace(segment, '"id":"b"', '"id":"x"');
  const pretty = await run("verify", dir);
  assert.equal(pretty.status, 3);
  assert.ok(pretty.stdout.startsWith(`${segment}:3 error record 3: was changed`), pretty.stdout);
  const json = await run("verify", dir, "--format", "json");
  assert.equal(json.status, 3);
  const { findings } = JSON.parse(json.stdout) as { findings: { line: number; seq: number }[] };
  assert.deepEqual([findings[0]?.line, findings[0]?.seq], [3, 3]);
});

test("verify ends with 2 when the end is an unfinished record", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a"]);
  writeFileSync(segmentsOf(dir)[0] ?? "", '{"seq":4', { flag: "a" });
  const { stdout, status } = await run("verify", dir);
  assert.equal(status, 2);
  assert.match(stdout, /warning record 4: ends in the middle of a record/);
});

test("verify ends with 1 when there is no folder", async (t) => {
  const { status, failure } = await run("verify", join(auditFolder(t), "absent"));
  assert.equal(status, 1);
  assert.match(failure ?? "", /cannot read the log in .*ENOENT/);
});

test("query prints the record of a decision, and ends with 1 when there is none", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a", "b"]);
  const pretty = await run("query", "b", "--dir", dir);
  assert.equal(pretty.status, 0);
  assert.match(pretty.stdout, /^record 3 \(0000000000000001\.jsonl:3, intact\)\n {2}id +b\n/);
  const json = await run("query", "b", "--dir", dir, "--format", "json");
  assert.equal((JSON.parse(json.stdout) as { record: { id: string } }).record.id, "b");
  const none = await run("query", "c", "--dir", dir);
  assert.deepEqual([none.status, none.stdout], [1, ""]);
  assert.match(none.failure ?? "", /no record of decision "c"/);
});

test("query ends with 3 when the record was changed", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a"]);
  replace(segmentsOf(dir)[0] ?? "", '"tenant":"acme"', '"tenant":"evil"');
  const { stdout, status } = await run("query", "a", "--dir", dir);
  assert.equal(status, 3);
  assert.match(stdout, /CHANGED/);
});

test("tail prints one line a record with nothing that acts on the terminal", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a", "evil\u001b[2J\n\u009b"]);
  const { stdout, status } = await run("tail", dir, "-n", "3");
  assert.equal(status, 0);
  const lines = stdout.trimEnd().split("\n");
  assert.equal(lines.length, 3);
  assert.match(lines[0] ?? "", /^2 2026-01-01T00:00:00\.000Z allow 200 acme default - a$/);
  assert.match(lines[1] ?? "", /evil\\u001b\[2J\\u000a\\u009b$/);
  assert.match(lines[2] ?? "", /^4 -- \{"kind":"closed"/);
  const json = await run("tail", dir, "--format", "json");
  assert.equal(json.stdout.trimEnd().split("\n").length, 4);
});

test("tail refuses a count that is none", async (t) => {
  await assert.rejects(run("tail", auditFolder(t), "-n", "0"), /must be a whole number from 1 to/);
});
