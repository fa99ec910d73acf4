import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type AuditOptions, openAuditLog } from "../../src/audit/log.ts";
import { tailAudit } from "../../src/audit/query.ts";
import { testRecord } from "./record.ts";

/** A folder that goes when the test ends. */
export function auditFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "regent-audit-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Options of a log that writes only when told to. */
export function quiet(dir: string, changes: Partial<AuditOptions> = {}): AuditOptions {
  return { dir, flushMs: 3_600_000, segmentBytesMax: 1024 * 1024, onTrouble: () => undefined, ...changes };
}

/** One run of a process: opens the log, appends records with these ids, closes it. */
export async function writeRun(
  dir: string,
  ids: readonly string[],
  changes: Partial<AuditOptions> = {},
): Promise<void> {
  const log = await openAuditLog(quiet(dir, changes));
  for (const id of ids) {
    log.append(testRecord({ id }));
    await log.flushed();
  }
  await log.close();
}

/** What a log holds, in order: ids of records and kinds of events. */
export async function contentOf(dir: string): Promise<unknown[]> {
  const lines = await tailAudit(dir, 1_000_000);
  return lines.map(({ record, event }) => record?.id ?? event?.kind);
}

/** Paths of the segments, oldest first. */
export function segmentsOf(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith(".jsonl"))
    .sort()
    .map((name) => join(dir, name));
}
