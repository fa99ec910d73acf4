import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { auditFolder, contentOf, quiet, segmentsOf, writeRun } from "../../test/support/audit-folder.ts";
import { liveOwner } from "./lock.ts";
import { openAuditLog } from "./log.ts";
import { queryAudit, tailAudit } from "./query.ts";
import { SEGMENT_READ_BYTES_MAX } from "./recover.ts";
import { verifyAudit } from "./verify.ts";

/** Flips one bit of the byte that many bytes after the first place where `text` stands. */
function flip(path: string, text: string, after = 0): void {
  const bytes = readFileSync(path);
  const at = bytes.indexOf(text) + after;
  assert.ok(at >= after);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(path, bytes);
}

async function findingsOf(dir: string): Promise<string[]> {
  const { findings } = await verifyAudit(dir);
  return findings.map(
    ({ severity, file, line, seq, what }) =>
      `${severity} ${Number.parseInt(file, 10)}:${line} #${seq} ${what}`,
  );
}

test("an untouched log of many segments and starts has no findings", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a", "b"], { segmentBytesMax: 1 });
  await writeRun(dir, ["c"]);
  const { findings, segments, lines, firstSeq, last } = await verifyAudit(dir);
  assert.deepEqual([findings, segments, lines, firstSeq, last?.seq], [[], 5, 7, 1, 7]);
});

test("names the record in which something was changed", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a", "b", "c"]);
  flip(segmentsOf(dir)[0] ?? "", '"id":"b"', 6);
  assert.deepEqual(await findingsOf(dir), ["error 1:3 #3 was changed: its hash does not match its bytes"]);
});

test("a changed record does not hide what is wrong in later segments", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a"]);
  await writeRun(dir, ["b"]);
  const [first = "", second = ""] = segmentsOf(dir);
  flip(first, '"id":"a"', 6);
  flip(second, '"id":"b"', 6);
  assert.deepEqual(await findingsOf(dir), [
    "error 1:2 #2 was changed: its hash does not match its bytes",
    "error 4:2 #5 was changed: its hash does not match its bytes",
  ]);
});

test("names what is missing when a segment, or the end of an older one, was removed", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a"]);
  await writeRun(dir, ["b"]);
  await writeRun(dir, ["c"]);
  const [first = "", second = ""] = segmentsOf(dir);
  const bytes = readFileSync(first);
  truncateSync(first, bytes.lastIndexOf("\n", bytes.length - 2) + 1);
  assert.deepEqual(await findingsOf(dir), [
    "error 4:1 #3 records 3 to 3 are missing before this file",
    "error 4:1 #3 records are missing, repeated or out of order: record 4 stands here",
  ]);
  writeFileSync(first, bytes);
  rmSync(second);
  assert.match((await findingsOf(dir))[0] ?? "", /^error 7:1 #4 records 4 to 6 are missing/);
});

test("warns when the log does not begin at its beginning", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a"]);
  await writeRun(dir, ["b"]);
  rmSync(segmentsOf(dir)[0] ?? "");
  assert.deepEqual(await findingsOf(dir), [
    "warning 4:1 #4 the log begins here: records 1 to 3 are not in this folder",
  ]);
});

test("a segment under another name is found", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a"]);
  const [first = ""] = segmentsOf(dir);
  writeFileSync(join(dir, "0000000000000005.jsonl"), readFileSync(first));
  assert.match((await findingsOf(dir))[0] ?? "", /^error 5:1 #4 records 4 to 4 are missing/);
});

test("warns of an unfinished last record, but not while it is being written", async (t) => {
  const dir = auditFolder(t);
  const log = await openAuditLog(quiet(dir));
  appendFileSync(segmentsOf(dir)[0] ?? "", '{"seq":2,');
  assert.deepEqual(await findingsOf(dir), []);
  await log.close();
  rmSync(segmentsOf(dir)[1] ?? "");
  assert.deepEqual(await findingsOf(dir), ["warning 1:2 #2 ends in the middle of a record: 9 bytes"]);
});

test("a start cuts an unfinished record at any byte, keeps what it cut, says so, and the chain goes on", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a", "b"]);
  const [segment = ""] = segmentsOf(dir);
  const whole = readFileSync(segment);
  const lastLine = whole.lastIndexOf("\n", whole.length - 2) + 1;
  for (const length of [lastLine + 1, lastLine + 40, whole.length - 75, whole.length - 1]) {
    for (const path of readdirSync(dir)) rmSync(join(dir, path));
    writeFileSync(segment, whole.subarray(0, length));
    await writeRun(dir, ["c"]);
    assert.deepEqual(await contentOf(dir), ["opened", "a", "b", "cut", "opened", "c", "closed"]);
    assert.deepEqual(await findingsOf(dir), []);
    const copy = `${basename(segment)}.${lastLine}.broken`;
    assert.deepEqual(readFileSync(join(dir, copy)), whole.subarray(lastLine, length));
    const cut = (await tailAudit(dir, 100)).find(({ event }) => event?.kind === "cut")?.event;
    assert.deepEqual([cut?.file, cut?.bytes, cut?.copy], [basename(segment), length - lastLine, copy]);
  }
});

test("a start cuts zeros at the end", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a"]);
  appendFileSync(segmentsOf(dir)[0] ?? "", Buffer.alloc(4096));
  await writeRun(dir, ["b"]);
  assert.deepEqual(await contentOf(dir), ["opened", "a", "closed", "cut", "opened", "b", "closed"]);
  assert.deepEqual(await findingsOf(dir), []);
});

test("a start with nothing but an empty or unfinished segment begins it again under its name", async (t) => {
  for (const left of ["", '{"seq":4,"pre']) {
    const dir = auditFolder(t);
    await writeRun(dir, ["a"]);
    writeFileSync(join(dir, "0000000000000004.jsonl"), left);
    await writeRun(dir, ["b"]);
    assert.deepEqual(
      segmentsOf(dir).map((path) => basename(path)),
      ["0000000000000001.jsonl", "0000000000000004.jsonl"],
    );
    assert.deepEqual(await findingsOf(dir), []);
  }
});

test("a start never extends a corrupt segment: it opens a new one that is linked to the finding", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a", "b", "c"]);
  const [segment = ""] = segmentsOf(dir);
  flip(segment, '"id":"b"', 6);
  const found = readFileSync(segment);
  await writeRun(dir, ["d"]);

  assert.deepEqual(readFileSync(segment), found);
  assert.deepEqual(await findingsOf(dir), ["error 1:3 #3 was changed: its hash does not match its bytes"]);
  const [corrupt, opened, record] = (await tailAudit(dir, 4)).slice(0, 3);
  assert.deepEqual(
    [corrupt?.event?.kind, opened?.event?.kind, record?.record?.id],
    ["corrupt", "opened", "d"],
  );
  assert.deepEqual([corrupt?.seq, corrupt?.event?.file, corrupt?.event?.line], [6, basename(segment), 3]);
});

test("finds the records of a decision, and says whether they are intact", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a", "b"]);
  await writeRun(dir, ["b", "c"]);
  const found = await queryAudit(dir, "b");
  assert.deepEqual(
    found.map(({ seq, intact, record }) => [seq, intact, record?.id]),
    [
      [3, true, "b"],
      [6, true, "b"],
    ],
  );
  flip(segmentsOf(dir)[0] ?? "", '"tenant":"acme"', 10);
  // The first hit in the file is record a; b is whole.
  assert.deepEqual(
    (await queryAudit(dir, "a")).map(({ intact }) => intact),
    [false],
  );
  assert.deepEqual(
    (await queryAudit(dir, "b")).map(({ intact }) => intact),
    [true, true],
  );
  // The id of nobody's decision, though the text is in the log.
  assert.deepEqual(await queryAudit(dir, "acme"), []);
  assert.deepEqual(await queryAudit(dir, 'x"\n'), []);
});

test("shows the last lines over segments", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a"]);
  await writeRun(dir, ["b"]);
  assert.deepEqual(
    (await tailAudit(dir, 4)).map(({ seq }) => seq),
    [3, 4, 5, 6],
  );
  assert.deepEqual(
    (await tailAudit(dir, 1)).map(({ seq }) => seq),
    [6],
  );
});

test("refuses to read a file that is too large for a segment", async (t) => {
  const dir = auditFolder(t);
  await writeRun(dir, ["a"]);
  // Sparse: it takes no space.
  truncateSync(segmentsOf(dir)[0] ?? "", SEGMENT_READ_BYTES_MAX + 1);
  await assert.rejects(verifyAudit(dir), /too large for a segment/);
  await assert.rejects(writeRun(dir, []), /too large for a segment/);
  assert.equal(await liveOwner(dir), undefined);
});
