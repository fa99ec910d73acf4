import { readdir } from "node:fs/promises";
import { type ChainPosition, readLine } from "./chain.ts";

const NAME = /^([0-9]{16})\.jsonl$/;
const LINE_END = 0x0a;

/** Segments are named by the sequence number of their first line, so that names sort as lines do. */
export function segmentName(firstSeq: number): string {
  return `${String(firstSeq).padStart(16, "0")}.jsonl`;
}

/** The sequence number in the name of a segment; undefined for other files. */
export function firstSeqOf(name: string): number | undefined {
  const match = NAME.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** Names of the segments of a folder, oldest first. */
export async function listSegments(dir: string): Promise<string[]> {
  const names = await readdir(dir);
  return names.filter((name) => firstSeqOf(name) !== undefined).sort();
}

/** The first line of a segment that is not as it was written. */
export type LineFault = {
  /** From 1. */
  readonly line: number;
  /** The sequence number that should stand there. */
  readonly seq: number;
  readonly what: string;
};

export type SegmentScan = {
  /** Good lines from the start. */
  readonly lines: number;
  /** After the last good line; undefined when there is none. */
  readonly position: ChainPosition | undefined;
  /** Bytes of the good lines. */
  readonly goodBytes: number;
  readonly fault: LineFault | undefined;
  /** Bytes after the last line ending when no line before them is bad: a record that was being written. */
  readonly tornBytes: number;
};

/** What stands before a segment; `hash` is undefined when it is not known, and is then not compared. */
export type SegmentStart = { readonly seq: number; readonly hash: string | undefined };

/**
 * Checks a segment line by line from where it begins. Anything but whole good lines in order and at most one unfinished
 * last one is a fault; what comes after a fault is not looked at.
 */
export function scanSegment(bytes: Buffer, start: SegmentStart): SegmentScan {
  let position: ChainPosition | undefined;
  let offset = 0;
  let lines = 0;
  for (;;) {
    const end = bytes.indexOf(LINE_END, offset);
    if (end < 0) break;
    const before = position ?? start;
    const read = readLine(bytes.subarray(offset, end));
    const what = read.ok ? misplaced(read.position.seq, read.prev, before) : read.what;
    if (!read.ok || what !== undefined) {
      const fault = { line: lines + 1, seq: before.seq + 1, what: what ?? "" };
      return { lines, position, goodBytes: offset, fault, tornBytes: 0 };
    }
    position = read.position;
    offset = end + 1;
    lines++;
  }
  return { lines, position, goodBytes: offset, fault: undefined, tornBytes: bytes.length - offset };
}

function misplaced(seq: number, prev: string, before: SegmentStart): string | undefined {
  if (seq !== before.seq + 1)
    return `records are missing, repeated or out of order: record ${seq} stands here`;
  if (before.hash !== undefined && prev !== before.hash) return "does not follow from the record before it";
  return undefined;
}

/** Calls `visit` for every whole line, without its ending. */
export function eachLine(bytes: Buffer, visit: (line: Buffer, index: number) => void): void {
  let offset = 0;
  for (let index = 0; ; index++) {
    const end = bytes.indexOf(LINE_END, offset);
    if (end < 0) return;
    visit(bytes.subarray(offset, end), index);
    offset = end + 1;
  }
}
