import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { initialNdjson, NDJSON_LINE_BYTES_MAX, restOfNdjson, stepNdjson } from "./ndjson.ts";

type Read = { lines: string[]; raw: string; rest: string; oversized: boolean };

/** Feeds chunks one after the other. */
function read(...chunks: readonly (string | Buffer)[]): Read {
  const state = initialNdjson();
  const lines: string[] = [];
  const raw: Buffer[] = [];
  let oversized = false;
  for (const chunk of chunks) {
    const step = stepNdjson(state, Buffer.from(chunk as Buffer));
    for (const { text, start, end } of step.lines) {
      const bytes = step.raw.subarray(start, end).toString("utf8");
      assert.ok(bytes.endsWith(`${text}\n`));
      lines.push(text);
    }
    raw.push(Buffer.from(step.raw));
    oversized ||= step.oversized;
  }
  const rest = restOfNdjson(state).toString("latin1");
  return { lines, raw: Buffer.concat(raw).toString("latin1"), rest, oversized };
}

const CASES: readonly (readonly [name: string, text: string, lines: readonly string[], rest?: string])[] = [
  ["one line", '{"a":1}\n', ['{"a":1}']],
  ["CR LF", "1\r\n2\r\n", ["1\r", "2\r"]],
  ["a CR alone ends no line", "1\r2\n", ["1\r2"]],
  ["blank lines say nothing", "\n\r\n \t\n1\n\n", ["1"]],
  ["a byte order mark comes first", "\uFEFF1\n\uFEFF2\n", ["1", "\uFEFF2"]],
  ["a line without its end is none", "1\n2", ["1"], "2"],
  ["nothing", "", []],
  ["characters of several bytes", '"é€😀"\n"\u2028"\n', ['"é€😀"', '"\u2028"']],
];
for (const [name, text, lines, rest = ""] of CASES) {
  test(`reads the same lines however they are cut: ${name}`, () => {
    const bytes = Buffer.from(text);
    const whole = read(bytes);
    assert.deepEqual([whole.lines, whole.rest, whole.oversized], [lines, rest, false]);
    assert.equal(whole.raw + whole.rest, bytes.toString("latin1"));
    for (let at = 0; at <= bytes.length; at++)
      assert.deepEqual(read(bytes.subarray(0, at), bytes.subarray(at)), whole, `cut at ${at}`);
    assert.deepEqual(read(...[...bytes].map((byte) => Buffer.of(byte))), whole);
  });
}

test("reads any bytes alike wherever they are cut", () => {
  const piece = fc.constantFrom("\n", "\r\n", " ", "{}", '"€"', "\uFEFF");
  const chunks = fc.array(
    fc.oneof(
      piece.map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 5 }),
    ),
  );
  fc.assert(
    fc.property(chunks, fc.array(fc.nat(), { maxLength: 10 }), (parts, places) => {
      const bytes = Buffer.concat(parts);
      const cuts = [0, ...places.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const cut = read(...cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end)));
      assert.deepEqual(cut, read(bytes));
    }),
    { numRuns: 1000 },
  );
});

test("takes a line of the largest size and nothing after a larger one, wherever it is cut", () => {
  const line = `"${"a".repeat(NDJSON_LINE_BYTES_MAX - 3)}"\n`;
  for (const at of [1, NDJSON_LINE_BYTES_MAX - 1, NDJSON_LINE_BYTES_MAX, NDJSON_LINE_BYTES_MAX + 1]) {
    const fits = Buffer.from(`1\n${line}2\n`);
    const found = read(fits.subarray(0, at), fits.subarray(at));
    assert.deepEqual([found.lines.length, found.oversized], [3, false]);
    const larger = Buffer.from(`1\n "${line}2\n`);
    const cut = read(larger.subarray(0, at), larger.subarray(at), Buffer.from("3\n"));
    assert.deepEqual([cut.lines, cut.raw, cut.oversized], [["1"], "1\n", true]);
  }
  assert.equal(read("a".repeat(NDJSON_LINE_BYTES_MAX + 1)).oversized, true);
});

test("does not look through what is spare behind a line that comes in small pieces", () => {
  const { indexOf } = Buffer.prototype;
  const line = Buffer.alloc(NDJSON_LINE_BYTES_MAX / 2, "a");
  const state = initialNdjson();
  let searched = 0;
  Buffer.prototype.indexOf = function (this: Buffer, value: never, from: number = 0) {
    const found = indexOf.call(this, value, from);
    searched += (found < 0 ? this.length : found) - from;
    return found;
  };
  try {
    for (let at = 0; at < line.length; at += 7) stepNdjson(state, line.subarray(at, at + 7));
  } finally {
    Buffer.prototype.indexOf = indexOf;
  }
  assert.equal(searched, line.length);
});
