import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { auditFolder, contentOf, quiet, segmentsOf } from "../../test/support/audit-folder.ts";
import { testRecord } from "../../test/support/record.ts";
import { SyncError } from "./error.ts";
import { type AuditLog, type AuditOptions, BATCH_BYTES_MAX, openAuditLog } from "./log.ts";
import { tailAudit } from "./query.ts";
import { SegmentFile } from "./segment-file.ts";
import { verifyAudit } from "./verify.ts";

type Opened = { readonly dir: string; readonly log: AuditLog; readonly troubles: string[] };

/** A log that writes only when told to, unless `flushMs` says otherwise. */
async function opened(t: TestContext, options: Partial<AuditOptions> = {}): Promise<Opened> {
  const troubles: string[] = [];
  const dir = options.dir ?? auditFolder(t);
  const log = await openAuditLog(
    quiet(dir, { onTrouble: (_, message) => troubles.push(message), ...options }),
  );
  t.after(() => log.close().catch(() => undefined));
  return { dir, log, troubles };
}

function append(log: AuditLog, ...ids: string[]): void {
  for (const id of ids) log.append(testRecord({ id }));
}

/** A file whose writes fail as told. */
function failing(how: { append?: Error; create?: Error }): NonNullable<AuditOptions["createSegment"]> {
  return async (dir, firstSeq) => {
    if (how.create !== undefined) throw how.create;
    const file = await SegmentFile.create(dir, firstSeq);
    const write = file.append.bind(file);
    file.append = async (bytes) => {
      if (how.append === undefined) return write(bytes);
      // Part of the batch reaches the file, as on a disk that becomes full.
      appendFileSync(join(dir, file.name), bytes.subarray(0, 100));
      throw how.append;
    };
    return file;
  };
}

function errorOf(code: string): Error {
  return Object.assign(new Error(`${code}: told to fail`), { code });
}

test("keeps what it is given, in order, and verifies", async (t) => {
  const { dir, log } = await opened(t);
  append(log, "a", "b");
  await log.flushed();
  append(log, "c");
  await log.close();
  assert.deepEqual(await contentOf(dir), ["opened", "a", "b", "c", "closed"]);
  const { findings, lines, last } = await verifyAudit(dir);
  assert.deepEqual([findings, lines, last?.seq], [[], 5, 5]);
});

test("writes by itself within the flush interval", async (t) => {
  const { dir, log } = await opened(t, { flushMs: 5 });
  append(log, "a");
  while (log.stats().queuedRecords > 0) await new Promise(setImmediate);
  assert.deepEqual(await contentOf(dir), ["opened", "a"]);
});

test("writes what came together with one write", async (t) => {
  const batches: number[] = [];
  const { log } = await opened(t, {
    createSegment: async (dir, firstSeq) => {
      const file = await SegmentFile.create(dir, firstSeq);
      const write = file.append.bind(file);
      file.append = (bytes) => {
        batches.push(bytes.toString().split("\n").length - 1);
        return write(bytes);
      };
      return file;
    },
  });
  for (let n = 0; n < 500; n++) append(log, String(n));
  await log.flushed();
  assert.deepEqual(batches, [1, 500]);
});

test("goes on in a new segment at the size limit and after a start, in one chain", async (t) => {
  const { dir, log } = await opened(t, { segmentBytesMax: 1 });
  append(log, "a");
  await log.flushed();
  await log.close();
  const again = await opened(t, { dir });
  append(again.log, "b");
  await again.log.close();
  assert.deepEqual(
    readdirSync(dir),
    [1, 2, 3, 4].map((seq) => `${String(seq).padStart(16, "0")}.jsonl`),
  );
  assert.deepEqual(await contentOf(dir), ["opened", "a", "closed", "opened", "b", "closed"]);
  assert.deepEqual((await verifyAudit(dir)).findings, []);
});

test("refuses a folder that another log has open", async (t) => {
  const { dir } = await opened(t);
  await assert.rejects(opened(t, { dir }), /is in use by process/);
});

test("has a fault from the first failed write on, keeps the records, and writes them when there is room again", async (t) => {
  const how: { append?: Error } = {};
  const { dir, log, troubles } = await opened(t, { createSegment: failing(how), retryMs: 5 });
  append(log, "a");
  await log.flushed();
  assert.equal(log.fault(), undefined);

  how.append = errorOf("ENOSPC");
  append(log, "b");
  await assert.rejects(log.flushed(), /ENOSPC/);
  assert.match(log.fault() ?? "", /ENOSPC/);
  append(log, "c");
  const failures = log.stats().failedWrites;
  while (log.stats().failedWrites < failures + 2) await new Promise(setImmediate);
  assert.match(log.fault() ?? "", /ENOSPC/);

  delete how.append;
  while (log.fault() !== undefined) await new Promise(setImmediate);
  await log.close();
  assert.deepEqual(await contentOf(dir), ["opened", "a", "resumed", "b", "c", "closed"]);
  assert.deepEqual((await verifyAudit(dir)).findings, []);
  assert.deepEqual(troubles, ["the audit log cannot be written", "the audit log is written again"]);
});

test("opens with a fault when the disk is full from the start", async (t) => {
  const how: { append?: Error } = { append: errorOf("ENOSPC") };
  const { dir, log } = await opened(t, { createSegment: failing(how), retryMs: 5 });
  assert.match(log.fault() ?? "", /ENOSPC/);
  delete how.append;
  while (log.fault() !== undefined) await new Promise(setImmediate);
  assert.deepEqual(await contentOf(dir), ["opened", "resumed"]);
});

test("has a fault while no file can be opened, and none afterwards", async (t) => {
  const how: { create?: Error } = { create: errorOf("EMFILE") };
  const { log } = await opened(t, { createSegment: failing(how), retryMs: 5 });
  assert.match(log.fault() ?? "", /EMFILE/);
  delete how.create;
  while (log.fault() !== undefined) await new Promise(setImmediate);
});

test("never writes again after the disk failed to confirm, and says so for the rest of the process", async (t) => {
  const how: { append?: Error } = {};
  const { dir, log } = await opened(t, { createSegment: failing(how), retryMs: 1 });
  how.append = new SyncError("EIO: told to fail");
  append(log, "a");
  await assert.rejects(log.flushed(), /EIO/);
  delete how.append;
  append(log, "b");
  await assert.rejects(log.flushed(), /EIO/);
  assert.match(log.fault() ?? "", /EIO/);
  assert.deepEqual(log.stats().lostRecords, 1);
  await assert.rejects(log.close(), /closed with 1 records unwritten: EIO/);
  assert.deepEqual(await contentOf(dir), ["opened"]);
});

test("lets nothing through before the queue is full, and counts what did not fit", async (t) => {
  const { dir, log, troubles } = await opened(t, { queueRecordsMax: 10 });
  append(log, ..."1234567".split(""));
  assert.equal(log.fault(), undefined);
  append(log, "8");
  assert.match(log.fault() ?? "", /too many records wait/);
  append(log, "9", "10", "11", "12");
  assert.deepEqual(log.stats().lostRecords, 2);
  assert.deepEqual(troubles, ["a record of the audit log is lost"]);
  await log.flushed();
  assert.equal(log.fault(), undefined);
  await log.close();
  const lost = (await tailAudit(dir, 100)).find(({ event }) => event?.kind === "lost");
  assert.equal(lost?.event?.records, 2);
  assert.deepEqual((await contentOf(dir)).length, 1 + 1 + 10 + 1);
});

test("bounds the bytes that wait", async (t) => {
  const bytes = JSON.stringify(testRecord()).length;
  const { log } = await opened(t, { queueBytesMax: bytes * 4.5 });
  append(log, "1", "2", "3");
  assert.equal(log.fault(), undefined);
  append(log, "4");
  assert.match(log.fault() ?? "", /too many bytes wait/);
  append(log, "5");
  assert.equal(log.stats().lostRecords, 1);
});

test("never throws on a record that is not JSON, and keeps those beside it", async (t) => {
  const { dir, log } = await opened(t);
  const circular: { [name: string]: unknown } = {};
  circular.self = circular;
  append(log, "a");
  log.append(testRecord({ usage: circular as object }));
  append(log, "b");
  await log.close();
  assert.deepEqual(await contentOf(dir), ["opened", "lost", "a", "b", "closed"]);
});

test("writes records that come while it is writing, and those that come after it was closed are lost and counted", async (t) => {
  const { dir, log } = await opened(t);
  append(log, "a");
  const first = log.flushed();
  append(log, "b");
  await first;
  await log.flushed();
  assert.deepEqual(await contentOf(dir), ["opened", "a", "b"]);
  await log.close();
  append(log, "c");
  assert.equal(log.stats().lostRecords, 1);
  assert.match(log.fault() ?? "", /closed/);
});

for (const [what, interfere] of [
  ["removed", (path: string) => rmSync(path)],
  ["replaced by another file", (path: string) => renameAndCopy(path)],
  ["bytes long where", (path: string) => truncateSync(path, 10)],
  ["bytes long where", (path: string) => appendFileSync(path, "x\n")],
] as const) {
  test(`notices when the open segment is ${what} by others and goes on in a new one`, async (t) => {
    const { dir, log, troubles } = await opened(t);
    interfere(segmentsOf(dir)[0] ?? "");
    append(log, "a");
    await log.close();
    const lines = await tailAudit(dir, 3);
    assert.deepEqual(
      lines.map(({ record, event }) => record?.id ?? event?.kind),
      ["interfered", "a", "closed"],
    );
    assert.ok(String(lines[0]?.event?.what).includes(what));
    assert.deepEqual(troubles, ["somebody else changed the open segment of the audit log"]);
  });
}

function renameAndCopy(path: string): void {
  const bytes = readFileSync(path);
  renameSync(path, `${path}.1`);
  appendFileSync(path, bytes);
}

test("goes on when the whole folder was removed", async (t) => {
  const { dir, log } = await opened(t);
  rmSync(dir, { recursive: true });
  append(log, "a");
  await log.close();
  assert.deepEqual(await contentOf(dir), ["interfered", "a", "closed"]);
});

test("stops when another process has taken the folder", async (t) => {
  const { dir, log } = await opened(t);
  rmSync(join(dir, "lock"));
  const other = await opened(t, { dir });
  append(log, "a");
  await assert.rejects(log.flushed(), /in use by process/);
  assert.match(log.fault() ?? "", /in use by process/);
  append(other.log, "b");
  await other.log.flushed();
});

test("has a fault while the disk does not answer, and none once it does", async (t) => {
  const disk = Promise.withResolvers<void>();
  const stallMs = 20;
  let writes = 0;
  const { log } = await opened(t, {
    stallMs,
    createSegment: async (dir, firstSeq) => {
      const file = await SegmentFile.create(dir, firstSeq);
      const write = file.append.bind(file);
      file.append = async (bytes) => {
        if (++writes > 1) await disk.promise;
        return write(bytes);
      };
      return file;
    },
  });
  append(log, "a");
  const flushed = log.flushed();
  assert.equal(log.fault(), undefined);
  const since = performance.now();
  while (log.fault() === undefined) await new Promise(setImmediate);
  assert.match(log.fault() ?? "", /does not answer/);
  assert.ok(performance.now() - since >= stallMs - 5);
  disk.resolve();
  await flushed;
  assert.equal(log.fault(), undefined);
});

test("writes no more at once than the limit of a batch", async (t) => {
  const batches: number[] = [];
  const { dir, log } = await opened(t, {
    createSegment: async (folder, firstSeq) => {
      const file = await SegmentFile.create(folder, firstSeq);
      const write = file.append.bind(file);
      file.append = (bytes) => {
        batches.push(bytes.length);
        return write(bytes);
      };
      return file;
    },
  });
  const half = "x".repeat(BATCH_BYTES_MAX / 2);
  for (const id of ["a", "b", "c"]) log.append(testRecord({ id, content: { request: half } }));
  log.append(testRecord({ id: "d", content: { request: half + half } }));
  await log.close();
  assert.equal(batches.length, 1 + 4 + 1);
  assert.ok(batches.slice(1, 4).every((bytes) => bytes <= BATCH_BYTES_MAX));
  assert.deepEqual(await contentOf(dir), ["opened", "a", "b", "c", "d", "closed"]);
});
