import { join } from "node:path";
import { CHAIN_START, type ChainPosition } from "./chain.ts";
import { liveOwner } from "./lock.ts";
import { readSegment } from "./recover.ts";
import { firstSeqOf, listSegments, type SegmentScan, type SegmentStart, scanSegment } from "./segment.ts";

/** One thing that is not as it was written. */
export type AuditFinding = {
  readonly severity: "error" | "warning";
  /** Name of the segment. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The number of the record that should stand there. */
  readonly seq: number;
  readonly what: string;
};

export type AuditVerdict = {
  readonly segments: number;
  /** Good lines: records, and what the log says about itself. */
  readonly lines: number;
  readonly firstSeq: number | undefined;
  /** The last good line. To be kept elsewhere: it shows later whether the end of the log was cut off since. */
  readonly last: ChainPosition | undefined;
  /** The first is the first bad record. After a bad one the rest of its segment is not looked at. */
  readonly findings: readonly AuditFinding[];
};

/**
 * Derives the whole chain of a folder again and compares. Finds every change of a byte, and every record removed, added
 * or moved, except records removed from the end: for those the last hash must be known from elsewhere.
 * Throws the error of the file system when the folder cannot be read.
 */
export async function verifyAudit(dir: string): Promise<AuditVerdict> {
  const names = await listSegments(dir);
  const findings: AuditFinding[] = [];
  let lines = 0;
  let last: ChainPosition | undefined;
  let next: SegmentStart | undefined;
  for (const [index, file] of names.entries()) {
    const bytes = await readSegment(join(dir, file));
    const named = (firstSeqOf(file) ?? 0) - 1;
    const start = next ?? startOfOldest(named);
    const scan = scanSegment(bytes, start);
    lines += scan.lines;
    last = scan.position ?? last;
    findings.push(...headFindings(file, named, start, index === 0));
    if (scan.fault !== undefined) findings.push({ severity: "error", file, ...scan.fault });
    findings.push(...(await tornFindings(dir, file, scan, start, index === names.length - 1)));
    next = startAfter(scan, start, names[index + 1]);
  }
  const firstSeq = names[0] === undefined ? undefined : firstSeqOf(names[0]);
  return { segments: names.length, lines, firstSeq, last, findings };
}

function startOfOldest(seq: number): SegmentStart {
  return { seq, hash: seq === CHAIN_START.seq ? CHAIN_START.hash : undefined };
}

/**
 * Where the next segment must begin. After a bad one it begins where its first line says: the process that found it had
 * to choose a number, and what it links to is no longer a line.
 */
function startAfter(scan: SegmentScan, start: SegmentStart, nextFile: string | undefined): SegmentStart {
  if (scan.fault === undefined) return scan.position ?? start;
  const named = (nextFile === undefined ? undefined : firstSeqOf(nextFile)) ?? scan.fault.seq + 1;
  return { seq: named - 1, hash: undefined };
}

function headFindings(file: string, named: number, start: SegmentStart, oldest: boolean): AuditFinding[] {
  const at = { file, line: 1, seq: start.seq + 1 };
  if (oldest && named > 0) {
    return [
      {
        severity: "warning",
        ...at,
        what: `the log begins here: records 1 to ${named} are not in this folder`,
      },
    ];
  }
  if (named === start.seq) return [];
  return [
    { severity: "error", ...at, what: `records ${start.seq + 1} to ${named} are missing before this file` },
  ];
}

/** An unfinished last record is what a crash leaves; while a process is writing it is no finding at all. */
async function tornFindings(
  dir: string,
  file: string,
  scan: SegmentScan,
  start: SegmentStart,
  newest: boolean,
): Promise<AuditFinding[]> {
  if (scan.tornBytes === 0) return [];
  if (newest && (await liveOwner(dir)) !== undefined) return [];
  const at = { file, line: scan.lines + 1, seq: (scan.position?.seq ?? start.seq) + 1 };
  const what = `ends in the middle of a record: ${scan.tornBytes} bytes`;
  return [{ severity: newest ? "warning" : "error", ...at, what }];
}
