import assert from "node:assert/strict";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { auditFolder, contentOf, quiet, segmentsOf, writeRun } from "../../test/support/audit-folder.ts";
import { testRecord } from "../../test/support/record.ts";
import { openAuditLog } from "./log.ts";
import { SegmentFile } from "./segment-file.ts";
import { verifyAudit } from "./verify.ts";

test("at every step of a write, what is on the disk is a whole chain with every confirmed record", async (t) => {
  const dir = auditFolder(t);
  const states: { readonly copy: string; readonly confirmed: number }[] = [];
  let confirmed = 0;
  const keep = () => {
    const copy = auditFolder(t);
    // The lock names a process that lives; after a kill it would not.
    cpSync(dir, copy, { recursive: true, filter: (path) => !basename(path).startsWith("lock") });
    states.push({ copy, confirmed });
  };
  const log = await openAuditLog(
    quiet(dir, {
      segmentBytesMax: 4096,
      createSegment: async (folder, firstSeq) => {
        const file = await SegmentFile.create(folder, firstSeq);
        keep();
        const write = file.append.bind(file);
        file.append = async (bytes) => {
          for (const share of [0, 0.1, 0.5, 0.99]) {
            const path = join(dir, file.name);
            const { size } = statSync(path);
            appendFileSync(path, bytes.subarray(0, Math.floor(bytes.length * share)));
            keep();
            truncateSync(path, size);
          }
          await write(bytes);
          keep();
        };
        return file;
      },
    }),
  );
  for (let n = 1; n <= 10; n++) {
    log.append(testRecord({ id: String(n) }));
    await log.flushed();
    confirmed = n;
    keep();
  }
  await log.close();

  for (const { copy, confirmed: count } of states) {
    await writeRun(copy, []);
    assert.deepEqual((await verifyAudit(copy)).findings, []);
    const ids = (await contentOf(copy)).filter((id) => /^\d+$/.test(String(id))).map(Number);
    assert.ok(ids.length >= count, `${ids.length} records where ${count} were confirmed`);
    assert.deepEqual(
      ids,
      ids.map((_, index) => index + 1),
    );
  }
  assert.ok(states.length > 60);
});

/** Runs of a process: how many records each writes, and how much of the end of the log a crash takes with it. */
const HISTORY = fc.array(fc.record({ records: fc.nat(5), tornBytes: fc.nat(3000) }), {
  minLength: 1,
  maxLength: 5,
});

/** Writes a history; afterwards the log must be whole, whatever crashes there were. */
async function write(dir: string, history: readonly { records: number; tornBytes: number }[]): Promise<void> {
  let id = 0;
  for (const { records, tornBytes } of history) {
    const ids = Array.from({ length: records }, () => String(++id));
    await writeRun(dir, ids, { segmentBytesMax: 2048 });
    const newest = segmentsOf(dir).at(-1) ?? "";
    truncateSync(newest, Math.max(0, statSync(newest).size - tornBytes));
  }
  await writeRun(dir, ["last"]);
}

test("after any history of runs and crashes the log verifies: no false alarm", async () => {
  await fc.assert(
    fc.asyncProperty(HISTORY, async (history) => {
      const dir = mkdtempSync(join(tmpdir(), "regent-history-"));
      try {
        await write(dir, history);
        assert.deepEqual((await verifyAudit(dir)).findings, []);
      } finally {
        rmSync(dir, { recursive: true });
      }
    }),
    { numRuns: 40 },
  );
});

test("after any history, one changed, removed, repeated or swapped line is found: no false calm", async () => {
  const damage = fc.record({
    kind: fc.constantFrom("flip", "remove", "repeat", "swap"),
    at: fc.nat(),
    bit: fc.nat(7),
  });
  await fc.assert(
    fc.asyncProperty(HISTORY, damage, async (history, { kind, at, bit }) => {
      const dir = mkdtempSync(join(tmpdir(), "regent-history-"));
      try {
        await write(dir, history);
        const whole = await verifyAudit(dir);
        const segments = segmentsOf(dir);
        const path = segments[at % segments.length] ?? "";
        writeFileSync(path, damaged(readFileSync(path), kind, at, bit));
        const { findings, last } = await verifyAudit(dir);
        // What is cut off whole from the very end shows only against the hash that was kept elsewhere.
        assert.ok(findings.length > 0 || last?.hash !== whole.last?.hash, `${kind} in ${basename(path)}`);
        const atTheEnd = path === segments.at(-1) && kind === "remove";
        if (!atTheEnd) assert.ok(findings.length > 0, `${kind} in ${basename(path)}`);
      } finally {
        rmSync(dir, { recursive: true });
      }
    }),
    { numRuns: 60 },
  );
});

function damaged(bytes: Buffer, kind: string, at: number, bit: number): Buffer {
  if (kind === "flip") {
    const offset = at % bytes.length;
    bytes.writeUInt8(bytes.readUInt8(offset) ^ (1 << bit), offset);
    return bytes;
  }
  const lines = bytes.toString().split("\n").slice(0, -1);
  const index = at % lines.length;
  const line = lines[index] ?? "";
  if (kind === "remove") lines.splice(index, 1);
  else if (kind === "repeat") lines.splice(index, 0, line);
  else if (lines.length > 1) lines.splice(index === 0 ? 1 : index - 1, 0, ...lines.splice(index, 1));
  else lines.push(line);
  return Buffer.from(lines.map((text) => `${text}\n`).join(""));
}
