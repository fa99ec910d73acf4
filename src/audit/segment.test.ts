import assert from "node:assert/strict";
import { test } from "node:test";
import { testRecord } from "../../test/support/record.ts";
import { CHAIN_START, type ChainPosition, chainLine } from "./chain.ts";
import { eventBody, RECORD_BYTES_MAX, recordBody } from "./entry.ts";
import { firstSeqOf, scanSegment, segmentName } from "./segment.ts";

/** The size of reliability goal R8. */
const SEGMENT_BYTES = 64 * 1024;

function segmentOf(bytes: number): { segment: Buffer; last: ChainPosition; lines: number } {
  let position = CHAIN_START;
  const lines: string[] = [];
  for (let size = 0; size < bytes; ) {
    const next = chainLine(position, recordBody(testRecord()));
    lines.push(next.line);
    position = next.position;
    size += next.line.length;
  }
  return { segment: Buffer.from(lines.join("")), last: position, lines: lines.length };
}

test("reads back what was chained", () => {
  const { segment, last, lines } = segmentOf(SEGMENT_BYTES);
  const scan = scanSegment(segment, CHAIN_START);
  assert.deepEqual(scan, {
    lines,
    position: last,
    goodBytes: segment.length,
    fault: undefined,
    tornBytes: 0,
  });
});

test("a segment cut at any byte is whole up to a record, and the rest is reported as torn", () => {
  const { segment } = segmentOf(SEGMENT_BYTES);
  for (let length = 0; length < segment.length; length++) {
    const { goodBytes, tornBytes, fault } = scanSegment(segment.subarray(0, length), CHAIN_START);
    const wholeBytes = length === 0 ? 0 : segment.lastIndexOf("\n", length - 1) + 1;
    assert.equal(fault, undefined);
    assert.equal(goodBytes, wholeBytes);
    assert.equal(tornBytes, length - wholeBytes);
  }
});

test("one flipped bit in any byte is found, and the record it is in is named", () => {
  const { segment, lines } = segmentOf(SEGMENT_BYTES);
  let line = 1;
  for (let at = 0; at < segment.length; at++) {
    const original = segment.readUInt8(at);
    segment.writeUInt8(original ^ (1 << (at % 8)), at);
    const { fault, tornBytes } = scanSegment(segment, CHAIN_START);
    segment.writeUInt8(original, at);
    // Without its ending the last line is an unfinished record.
    if (at === segment.length - 1) assert.ok(tornBytes > 0);
    else assert.deepEqual([fault?.line, fault?.seq], [line, line], `byte ${at}`);
    if (original === 0x0a) line++;
  }
  assert.equal(line, lines + 1);
});

test("zeros at the end, as a file system leaves them after a power cut, are torn and not lost silently", () => {
  const { segment, lines } = segmentOf(4096);
  const scan = scanSegment(Buffer.concat([segment, Buffer.alloc(512)]), CHAIN_START);
  assert.deepEqual([scan.lines, scan.tornBytes, scan.fault], [lines, 512, undefined]);
});

test("a record that was removed, repeated, moved or given another number is named", () => {
  const whole = segmentOf(8 * 1024)
    .segment.toString()
    .split("\n")
    .slice(0, -1);
  const scan = (lines: string[]) =>
    scanSegment(Buffer.from(lines.map((line) => `${line}\n`).join("")), CHAIN_START);
  const [first = "", second = "", third = "", ...rest] = whole;
  assert.equal(scan(whole).fault, undefined);
  assert.equal(scan([first, third, ...rest]).fault?.line, 2);
  assert.match(
    scan([first, third, ...rest]).fault?.what ?? "",
    /missing, repeated or out of order: record 3/,
  );
  assert.equal(scan([first, second, second, third]).fault?.line, 3);
  assert.equal(scan([first, third, second]).fault?.line, 2);
  assert.equal(scan([second, third]).fault?.line, 1);
  assert.match(scan([first, second.replace('"seq":2', '"seq":3')]).fault?.what ?? "", /was changed/);
  const foreign = chainLine({ seq: 1, hash: "f".repeat(64) }, recordBody(testRecord())).line.trimEnd();
  assert.match(scan([first, foreign]).fault?.what ?? "", /does not follow/);
  assert.match(scan([first, "", second]).fault?.what ?? "", /is not a line of this log/);
});

test("a record is one line of JSON whatever is in it, with nothing that acts on a terminal", () => {
  const hostile = 'a"b\\\n\r\u001b[31m\u009b31m\u2028</script>\ud800é';
  const record = testRecord({ upstreamError: hostile });
  const { line } = chainLine(CHAIN_START, recordBody(record));
  assert.equal(line.indexOf("\n"), line.length - 1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  assert.doesNotMatch(line.trimEnd(), /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
  assert.deepEqual(JSON.parse(line).record, record);
  assert.equal(scanSegment(Buffer.from(line), CHAIN_START).lines, 1);
});

test("a record that is too long loses its content, and says so, rather than be lost", () => {
  const record = testRecord({ content: { request: "x".repeat(RECORD_BYTES_MAX) } });
  const { content: _, ...rest } = record;
  assert.deepEqual(JSON.parse(`{${recordBody(record)}}`), { record: { ...rest, contentOmitted: true } });
  const short = testRecord({ content: { request: "x" } });
  assert.deepEqual(JSON.parse(`{${recordBody(short)}}`), { record: short });
});

test("names of segments sort as their records do", () => {
  assert.ok(segmentName(9) < segmentName(10));
  assert.equal(firstSeqOf(segmentName(Number.MAX_SAFE_INTEGER)), Number.MAX_SAFE_INTEGER);
  for (const name of ["lock", "1.jsonl", `${segmentName(1)}.0.broken`, `x${segmentName(1)}`]) {
    assert.equal(firstSeqOf(name), undefined);
  }
});

test("what the log says about itself is chained like a record", () => {
  const body = eventBody({ kind: "closed", time: "2026-01-01T00:00:00.000Z" });
  const { line, position } = chainLine(CHAIN_START, body);
  assert.deepEqual(scanSegment(Buffer.from(line), CHAIN_START).position, position);
});
