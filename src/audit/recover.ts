import { hash } from "node:crypto";
import { open, readFile, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { CHAIN_START, type ChainPosition, claimedSeq } from "./chain.ts";
import type { AuditEvent } from "./entry.ts";
import { AuditError } from "./error.ts";
import { eachLine, firstSeqOf, listSegments, scanSegment } from "./segment.ts";

/** A file of this size was not written as a segment; reading it would take the memory of the process. */
export const SEGMENT_READ_BYTES_MAX = 1024 ** 3;

/** Where the chain goes on, and what was found there, to be told in its next lines. */
export type Recovery = { readonly position: ChainPosition; readonly events: readonly AuditEvent[] };

/**
 * Looks at the newest segment of a folder after a start. Nothing is appended to it: an unfinished last record is cut
 * (its bytes kept beside it), and a segment that is not as it was written is left alone, the next one linked to it.
 */
export async function recover(dir: string, nowMs: number): Promise<Recovery> {
  const events: AuditEvent[] = [];
  const time = new Date(nowMs).toISOString();
  for (const name of (await listSegments(dir)).reverse()) {
    const path = join(dir, name);
    const firstSeq = firstSeqOf(name) ?? 0;
    const bytes = await readSegment(path);
    const scan = scanSegment(bytes, {
      seq: firstSeq - 1,
      hash: firstSeq === 1 ? CHAIN_START.hash : undefined,
    });
    if (scan.fault !== undefined) {
      const { line, what } = scan.fault;
      events.push({ kind: "corrupt", time, file: name, line, what });
      const position = { seq: highestSeq(bytes, firstSeq), hash: hash("sha256", bytes) };
      return { position, events };
    }
    if (scan.tornBytes > 0)
      events.push(await cut(dir, name, bytes.subarray(scan.goodBytes), scan.goodBytes, time));
    if (scan.position !== undefined) return { position: scan.position, events };
    // Nothing whole was ever in it, so its name is free for the segment that is opened next.
    await rm(path);
  }
  return { position: CHAIN_START, events };
}

/** The bytes of a segment. Throws AuditError for a file that cannot be one. */
export async function readSegment(path: string): Promise<Buffer> {
  const { size } = await stat(path);
  if (size > SEGMENT_READ_BYTES_MAX)
    throw new AuditError(`${path} is too large for a segment: ${size} bytes`);
  return readFile(path);
}

async function cut(
  dir: string,
  name: string,
  torn: Buffer,
  goodBytes: number,
  time: string,
): Promise<AuditEvent> {
  const copy = `${name}.${goodBytes}.broken`;
  const file = await open(join(dir, copy), "w", 0o640);
  try {
    await file.writeFile(torn);
    await file.sync();
  } finally {
    await file.close();
  }
  await truncate(join(dir, name), goodBytes);
  return { kind: "cut", time, file: name, bytes: torn.length, sha256: hash("sha256", torn), copy };
}

/** At least every number that a segment with bad lines may have used, so that none is given twice. */
function highestSeq(bytes: Buffer, firstSeq: number): number {
  let highest = firstSeq;
  eachLine(bytes, (line, index) => {
    highest = Math.max(highest, firstSeq + index, claimedSeq(line) ?? 0);
  });
  return highest;
}
