import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { initialSse, replaceSseData, restOfSse, SSE_EVENT_BYTES_MAX, type SseEvent, stepSse } from "./sse.ts";

type Read = {
  events: { type: string; data: string; id: string }[];
  raw: string;
  rest: string;
  oversized: boolean;
};

/** Feeds chunks one after the other. Each is overwritten afterwards: nothing may depend on it but what was given out. */
function read(...chunks: readonly (string | Buffer)[]): Read {
  const state = initialSse();
  const events: Read["events"] = [];
  const raw: Buffer[] = [];
  let oversized = false;
  for (const chunk of chunks) {
    const step = stepSse(state, Buffer.from(chunk as Buffer));
    for (const { type, data, id } of step.events) events.push({ type, data, id });
    raw.push(Buffer.from(step.raw));
    oversized ||= step.oversized;
  }
  return {
    events,
    raw: Buffer.concat(raw).toString("latin1"),
    rest: restOfSse(state).toString("latin1"),
    oversized,
  };
}

function data(...chunks: readonly (string | Buffer)[]): string[] {
  return read(...chunks).events.map((event) => event.data);
}

const CASES: readonly (readonly [name: string, text: string, events: readonly string[]])[] = [
  ["one line", "data: a\n\n", ["a"]],
  ["no space behind the colon", "data:a\n\n", ["a"]],
  ["one space is dropped, not two", "data:  a\n\n", [" a"]],
  ["several lines joined by LF", "data: a\ndata\ndata: b\n\n", ["a\n\nb"]],
  ["CR LF", "data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]],
  ["CR", "data: a\r\rdata: b\r\r", ["a", "b"]],
  ["line ends mixed", "data: a\r\ndata: b\rdata: c\n\r\ndata: d\n\n", ["a\nb\nc", "d"]],
  ["comments between and inside", ": x\n\ndata: a\n: y\ndata: b\n\n:\n\n", ["a\nb"]],
  ["an event without data is none", "event: ping\nid: 7\n\ndata: a\n\n", ["a"]],
  ["an empty data line is an event", "data\n\ndata:\n\n", ["", ""]],
  ["unknown fields and upper case are skipped", "foo: a\nDATA: b\n data: c\ndata: d\n\n", ["d"]],
  ["retry is skipped", "retry: 10\n\ndata: a\n\n", ["a"]],
  ["a byte order mark comes first", "\uFEFFdata: a\n\n\uFEFFdata: b\n\n", ["a"]],
  ["a byte order mark alone on its line", "\uFEFF\ndata: a\n\n", ["a"]],
  ["an event without its blank line is none", "data: a\n\ndata: b\n", ["a"]],
  ["blank lines in a row", "\n\n\ndata: a\n\n\n\n", ["a"]],
  ["bytes that are not UTF-8", "data: \u00e9\n\n", ["é"]],
];
for (const [name, text, events] of CASES) {
  test(`reads the same events however it is cut: ${name}`, () => {
    const bytes = Buffer.from(text);
    assert.deepEqual(data(bytes), events);
    for (let at = 0; at <= bytes.length; at++) {
      assert.deepEqual(read(bytes.subarray(0, at), bytes.subarray(at)), read(bytes), `cut at ${at}`);
    }
    assert.deepEqual(read(...[...bytes].map((byte) => Buffer.from([byte]))), read(bytes));
  });
}

test("keeps the type of one event and the last id of the stream", () => {
  assert.deepEqual(
    read("event: delta\nid: 1\ndata: a\n\ndata: b\n\nid: \u0000\ndata: c\n\nid\ndata: d\n\n").events,
    [
      { type: "delta", data: "a", id: "1" },
      { type: "", data: "b", id: "1" },
      { type: "", data: "c", id: "1" },
      { type: "", data: "d", id: "" },
    ],
  );
});

test("replaces bytes that are not UTF-8 and passes them on as they are", () => {
  const bytes = Buffer.concat([Buffer.from("data: "), Buffer.from([0xff, 0xe2, 0x82]), Buffer.from("\n\n")]);
  assert.deepEqual(data(bytes), ["\ufffd\ufffd"]);
  assert.equal(read(bytes).raw, bytes.toString("latin1"));
});

/** What the standard says, line by line on the whole text: slow, and written apart from the reducer. */
function reference(text: string): Read["events"] {
  const events: Read["events"] = [];
  let lines: string[] = [];
  let type = "";
  let id = "";
  for (const line of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .slice(0, -1)) {
    if (line === "") {
      if (lines.length > 0) events.push({ type, data: lines.join("\n"), id });
      lines = [];
      type = "";
      continue;
    }
    const [, name, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) as RegExpExecArray;
    if (name === "data") lines.push(value ?? "");
    if (name === "event") type = value ?? "";
    if (name === "id" && !value?.includes("\u0000")) id = value ?? "";
  }
  return events;
}

const pieces = fc.array(
  fc.constantFrom(
    "data",
    "event",
    "id",
    ":",
    " ",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "x",
    "é",
    "😀",
    "\uFEFF",
    "data: y\n\n",
    "\u0000",
  ),
  { maxLength: 40 },
);

test("agrees with the standard on any text, cut anywhere, and gives out every byte once", () => {
  fc.assert(
    fc.property(pieces, fc.array(fc.nat()), (words, cuts) => {
      const bytes = Buffer.from(words.join(""));
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
      const result = read(...chunks);
      assert.deepEqual(result.events, reference(bytes.toString("utf8")));
      assert.equal(result.raw + result.rest, bytes.toString("latin1"));
    }),
    { numRuns: 3000 },
  );
});

test("ends an event by the LF that follows a CR LF in the next chunk", () => {
  assert.deepEqual(read(Buffer.from("data: a\r\n"), Buffer.from("\n")).events, reference("data: a\r\n\n"));
});

test("tells where each event lies in the bytes it gives out", () => {
  const state = initialSse();
  stepSse(state, Buffer.from(": c\n\ndata: a"));
  const step = stepSse(state, Buffer.from("\n\n: d\n\nevent: e\ndata: b\n\nda"));
  const text = ({ start, end }: SseEvent) => step.raw.toString("utf8", start, end);
  assert.deepEqual(step.events.map(text), ["data: a\n\n", "event: e\ndata: b\n\n"]);
});

test("passes comments on without waiting for an event", () => {
  assert.equal(read(": keep-alive\n").raw, ": keep-alive\n");
  assert.equal(read("data: a\n: keep-alive\n").raw, "");
  assert.equal(read("data: a\n\n", ": keep-alive\n").raw, "data: a\n\n: keep-alive\n");
  assert.equal(read("data: a\r\r", "\n: keep-alive\n").raw, "data: a\r\r\n: keep-alive\n");
});

test("does not write over bytes that it gave out", () => {
  const state = initialSse();
  const given: Buffer[] = [];
  for (let i = 0; i < 200; i++)
    given.push(stepSse(state, Buffer.from(`a: ${i}\n\ndata: ${"x".repeat(i)}`)).raw);
  const text = Buffer.concat(given).toString();
  assert.equal(
    text,
    Array.from({ length: 200 }, (_, i) => `${i > 0 ? `data: ${"x".repeat(i - 1)}` : ""}a: ${i}\n\n`).join(""),
  );
});

test(`reads an event of ${SSE_EVENT_BYTES_MAX} bytes and stops at one more, whole or in pieces`, () => {
  const event = (bytes: number) => `data:${"x".repeat(bytes - 7)}\n\n`;
  const sizes = [SSE_EVENT_BYTES_MAX, SSE_EVENT_BYTES_MAX + 1];
  for (const chunkBytes of [SSE_EVENT_BYTES_MAX * 2, 4096]) {
    const results = sizes.map((size) => read(...chunked(`data: a\n\n${event(size)}data: b\n\n`, chunkBytes)));
    assert.deepEqual(
      results.map(({ events }) => events.length),
      [3, 1],
    );
    assert.deepEqual(
      results.map(({ oversized }) => oversized),
      [false, true],
    );
    assert.equal(results[1]?.raw, "data: a\n\n");
  }
});

test("stops at a line that never ends, and gives nothing out afterwards", () => {
  assert.equal(read("x".repeat(SSE_EVENT_BYTES_MAX)).oversized, false);
  assert.equal(read("x".repeat(SSE_EVENT_BYTES_MAX + 1)).oversized, true);
  const result = read(...chunked("x".repeat(SSE_EVENT_BYTES_MAX + 1), 65_536), "\n\ndata: a\n\n");
  assert.deepEqual(
    { events: result.events, raw: result.raw, oversized: result.oversized },
    { events: [], raw: "", oversized: true },
  );
});

test("an event that comes byte by byte costs no more than its length", () => {
  const bytes = Buffer.from(`data: ${"x".repeat(200_000)}\n\n`);
  const state = initialSse();
  let copied = 0;
  let buffer = state.bytes;
  for (let i = 0; i < bytes.length; i++) {
    stepSse(state, bytes.subarray(i, i + 1));
    if (state.bytes !== buffer) copied += state.bytes.length;
    buffer = state.bytes;
  }
  assert.ok(copied < 4 * bytes.length, `${copied} bytes of room for ${bytes.length}`);
});

function chunked(text: string, bytes: number): Buffer[] {
  const all = Buffer.from(text);
  const chunks: Buffer[] = [];
  for (let at = 0; at < all.length; at += bytes) chunks.push(all.subarray(at, at + bytes));
  return chunks;
}

test("looks at no byte more than a few times, whatever ends the lines and however small the pieces are", () => {
  const length = 256 * 1024;
  for (const line of ["\r\r", "\n\n", "\r\n\r\n", "data:x\r\r", "data:x\n\n", ":\r", "x"]) {
    const bytes = Buffer.from(line.repeat(length / line.length));
    for (const size of [bytes.length, 4096, 7]) {
      const searched = searchedBytes(() => {
        const state = initialSse();
        for (let at = 0; at < bytes.length; at += size) stepSse(state, bytes.subarray(at, at + size));
      });
      assert.ok(searched <= 4 * bytes.length, `${JSON.stringify(line)} by ${size}: ${searched} bytes`);
    }
  }
});

/** How many bytes `indexOf` goes over while something runs. */
function searchedBytes(run: () => void): number {
  const { indexOf } = Buffer.prototype;
  let searched = 0;
  Buffer.prototype.indexOf = function (this: Buffer, value: never, from: number = 0) {
    const found = indexOf.call(this, value, from);
    searched += (found < 0 ? this.length : found) - from;
    return found;
  };
  try {
    run();
  } finally {
    Buffer.prototype.indexOf = indexOf;
  }
  return searched;
}

test("puts other data into an event and changes no byte beside it", () => {
  const line = fc.stringMatching(/^[a-z{}": é]{0,12}$/);
  const other = fc.constantFrom("event: x", "id: 1", ": comment", "retry: 5", "database: y", "data : z", "");
  fc.assert(
    fc.property(
      fc.array(fc.tuple(line, line, fc.constantFrom("data:", "data: ")), { minLength: 1, maxLength: 4 }),
      other,
      other,
      fc.constantFrom("\n", "\r\n", "\r"),
      fc.constantFrom("", "\ufeff"),
      (lines, before, after, end, bom) => {
        const written = (of: (entry: (typeof lines)[number]) => string) =>
          [
            ...(before === "" ? [] : [before]),
            ...lines.map((entry) => `${entry[2]}${of(entry)}`),
            ...(after === "" ? [] : [after]),
            "",
            "",
          ].join(end);
        // Space in front is the field's when there was none.
        const plain = lines.map(([, next, name]) => (name === "data:" ? next.trimStart() : next));
        const event = Buffer.from(
          bom + written(([old, , name]) => (name === "data:" ? old.trimStart() : old)),
        );
        const replaced = replaceSseData(event, plain.join("\n"));
        let index = 0;
        assert.equal(replaced?.toString(), bom + written(() => plain[index++] as string));
      },
    ),
  );
});

test("puts no data where there is none, or not as many lines of it", () => {
  for (const [event, data] of [
    ["event: x\n\n", "1"],
    ["data: 1\n\n", "1\n2"],
    ["data: 1\ndata: 2\n\n", "1"],
    ["data\n\n", "1"],
    ["", "1"],
  ] as const)
    assert.equal(replaceSseData(Buffer.from(event), data), undefined);
  assert.equal(replaceSseData(Buffer.from("data\ndata:1\n\n"), "\n2")?.toString(), "data\ndata:2\n\n");
});
