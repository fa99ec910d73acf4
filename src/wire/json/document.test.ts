import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  JSON_CONTAINERS_MAX,
  JSON_DEPTH_MAX,
  JSON_LIMITS,
  JSON_MEMBER_SQUARES_MAX,
  JSON_NUMBER_DIGITS_MAX,
  JSON_VALUES_MAX,
  type JsonDocument,
  readJson,
} from "./document.ts";
import { type JsonFault, locateFault, renderJsonFault } from "./fault.ts";

function read(text: string): JsonDocument {
  const result = readJson(Buffer.from(text));
  if (!result.ok) throw new Error(renderJsonFault(result.fault));
  return result.document;
}

function fault(bytes: Buffer | string): JsonFault {
  const result = readJson(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
  if (result.ok) throw new Error("was read");
  return result.fault;
}

/** JSON text with white space and escapes where they may stand. */
const spacedJson = fc
  .tuple(fc.json({ maxDepth: 4, stringUnit: "grapheme" }), fc.constantFrom(0, 1, 4))
  .map(([json, indent]) => JSON.stringify(JSON.parse(json), null, indent));

test("reads every text that JSON.stringify writes, with the same value", () => {
  fc.assert(fc.property(spacedJson, (text) => assert.deepEqual(read(text).value, JSON.parse(text))));
});

test("agrees with JSON.parse about damaged texts, and says what is wrong with the ones it refuses", () => {
  const pieces = fc.constantFrom(
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "0",
    "-",
    "e",
    ".",
    "\\u12",
    "\n",
    "\t",
    "nul",
    "/*",
    "\u0000",
    "é",
  );
  fc.assert(
    fc.property(spacedJson, fc.nat(), pieces, fc.nat(2), (text, at, piece, cut) => {
      const position = at % (text.length + 1);
      const damaged = text.slice(0, position) + piece + text.slice(position + cut);
      const parses = parsesAsJson(damaged);
      const result = readJson(Buffer.from(damaged));
      const stop = locateFault(Buffer.from(damaged).toString("latin1"), JSON_LIMITS);
      assert.equal(result.ok, stop === undefined, "the slow reader agrees with the fast one");
      if (result.ok) assert.ok(parses);
      else if (parses) assert.match(result.fault.reason, /repeated|surrogate/);
      else assert.doesNotMatch(result.fault.reason, /it is not JSON/);
    }),
    { numRuns: 2000 },
  );
});

function parsesAsJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const REPEATED_KEYS = {
  "at the top": '{"model":"a","model":"b"}',
  "spelt with an escape": String.raw`{"model":"a","mod\u0065l":"b"}`,
  "spelt with an escaped slash": String.raw`{"a/b":1,"a\/b":2}`,
  "beyond ASCII, escaped once": String.raw`{"clé":1,"cl\u00e9":2}`,
  "deep inside": '{"a":[{"b":{"c":[0,{"x":1,"y":2,"x":3}]}}]}',
  "three times": '{"a":1,"a":1,"a":1}',
  "empty keys": '{"":1,"":2}',
  __proto__: '{"__proto__":1,"__proto__":2}',
  "longer than a glance": `{"${"k".repeat(40)}":1,"${"k".repeat(40)}":2}`,
  "with equal values": '{"a":{"b":1},"a":{"b":1}}',
};
for (const [name, text] of Object.entries(REPEATED_KEYS)) {
  test(`refuses a repeated key: ${name}`, () => {
    assert.equal(fault(text).reason, "a key is repeated in one object");
  });
}

test("tells where a repeated key stands without quoting it", () => {
  const found = fault('{\n  "ä": "ü",\n  "secret": 1, "secret": 2\n}');
  assert.deepEqual(
    { line: found.line, column: found.column, offset: found.offset },
    { line: 3, column: 16, offset: 31 },
  );
  assert.doesNotMatch(renderJsonFault(found), /secret/);
});

test("finds a repeated key in any object of any text", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue({ maxDepth: 2 }), { minKeys: 1 }),
      fc.nat(),
      (object, pick) => {
        const entries = Object.entries(object).map(
          ([key, value]) => [JSON.stringify(key), JSON.stringify(value)] as const,
        );
        const [key] = entries[pick % entries.length] as readonly [string, string];
        const escaped = `"${[...key.slice(1, -1)].length === 1 && key[1] !== "\\" ? String.raw`\u${key.charCodeAt(1).toString(16).padStart(4, "0")}` : key.slice(1, -1)}"`;
        if (key.length === 4 && key.codePointAt(1) !== key.charCodeAt(1)) return;
        const body = [...entries, [escaped, "0"] as const].map(([k, v]) => `${k}:${v}`).join(",");
        assert.equal(fault(`[{"nested":{${body}}}]`).reason, "a key is repeated in one object");
      },
    ),
  );
});

const REFUSED: readonly (readonly [name: string, body: Buffer | string, reason: RegExp])[] = [
  ["an empty body", "", /no value/],
  ["white space", " \r\n\t", /no value/],
  ["trailing bytes", '{"a":1} x', /after the value/],
  ["two documents", '{"a":1}{"a":1}', /after the value/],
  ["a trailing comma", '{"a":1,}', /a key is missing/],
  ["a comment", '{"a":1 /* c */}', /is missing/],
  ["NaN", '{"a":NaN}', /not valid/],
  ["Infinity", "[Infinity]", /not valid/],
  ["a leading zero", "[01]", /is missing/],
  ["a plus sign", "[+1]", /not valid/],
  ["a bare point", "[1.]", /number/],
  ["single quotes", "{'a':1}", /key is missing/],
  ["a control character in a string", '["a\nb"]', /control character/],
  ["an unknown escape", String.raw`["\x41"]`, /escape/],
  ["half an escape", String.raw`["\u12"]`, /escape/],
  ["an unfinished string", '{"a":"b', /does not end/],
  ["an unfinished object", '{"a":1', /is missing/],
  ["a truncated escape", '["\\', /does not end/],
  ["a byte order mark", "\uFEFF{}", /byte order mark/],
  ["UTF-16", Buffer.from('{"a":1}', "utf16le"), /key is missing/],
  ["a NUL byte after the value", "{}\u0000", /after the value/],
  ["an overlong slash", Buffer.from([0x22, 0xc0, 0xaf, 0x22]), /UTF-8/],
  ["a raw surrogate", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), /UTF-8/],
  ["a truncated character", Buffer.from([0x22, 0xe2, 0x82, 0x22]), /UTF-8/],
  ["an escaped high surrogate alone", String.raw`["\ud83d"]`, /surrogate/],
  ["an escaped low surrogate alone", String.raw`["\uDE00"]`, /surrogate/],
  ["two high surrogates", String.raw`["\ud83d\ud83d\ude00"]`, /surrogate/],
  ["half a pair in a short key", String.raw`{"\ud83d":1}`, /surrogate/],
  ["half a pair in a long key", `{"${"k".repeat(20)}${String.raw`\ud83d`}":1}`, /surrogate/],
  ["half a pair beside other characters", String.raw`["é\ud83d"]`, /surrogate/],
  ["half a pair after an escaped backslash", String.raw`["\\\ud83d"]`, /surrogate/],
];
for (const [name, body, reason] of REFUSED) {
  test(`refuses ${name}`, () => assert.match(fault(body).reason, reason));
}

test("reads surrogate pairs and what only looks like an escape", () => {
  assert.equal(read(String.raw`["\ud83d\ude00"]`).value?.[0 as never], "😀");
  assert.equal(read(String.raw`["\\ud83d"]`).value?.[0 as never], String.raw`\ud83d`);
});

test("points at the first byte that is not UTF-8", () => {
  const bytes = Buffer.from(`{"a":"${"é".repeat(500)}X"}`);
  const at = bytes.indexOf("X");
  bytes[at] = 0xff;
  assert.equal(fault(bytes).offset, at);
});

test(`reads ${JSON_DEPTH_MAX} levels and refuses one more, and half a million at once`, () => {
  const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  read(nested(JSON_DEPTH_MAX));
  assert.match(fault(nested(JSON_DEPTH_MAX + 1)).reason, /nested deeper/);
  assert.match(fault('{"a":'.repeat(JSON_DEPTH_MAX + 1)).reason, /nested deeper/);
  assert.match(fault("[".repeat(500_000)).reason, /nested deeper/);
});

test("reads as many containers as the limit says and refuses one more", () => {
  const many = (count: number) => `[${new Array(count - 1).fill("[]").join(",")}]`;
  read(many(JSON_CONTAINERS_MAX));
  assert.match(fault(many(JSON_CONTAINERS_MAX + 1)).reason, /more than \d+ objects and arrays/);
});

test("reads as many values as the limit says and refuses one more", () => {
  const many = (count: number) => `[${new Array(count).fill("1").join(",")}]`;
  read(many(JSON_VALUES_MAX));
  assert.match(fault(many(JSON_VALUES_MAX + 1)).reason, /more than \d+ values/);
});

test("reads as many members as the limit says, and refuses one more wherever it stands", () => {
  const object = (members: number) =>
    `{${Array.from({ length: members }, (_, index) => `"k${index}":0`).join(",")}}`;
  const largest = Math.sqrt(JSON_MEMBER_SQUARES_MAX);
  read(object(largest));
  assert.match(fault(object(largest + 1)).reason, /too many members/);
  const small = largest / 10;
  read(`[${new Array(100).fill(object(small)).join(",")}]`);
  assert.match(fault(`[${new Array(100).fill(object(small)).join(",")},{"k":0}]`).reason, /too many members/);
});

test("keeps __proto__ and constructor as data that pollutes nothing", () => {
  const { value } = read('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}');
  assert.deepEqual(Object.keys(value as object), ["__proto__", "constructor"]);
  assert.equal(({} as { admin?: boolean }).admin, undefined);
  assert.equal((value as { admin?: boolean }).admin, undefined);
});

test("gives the bytes of every value and key, at any depth", () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 4, stringUnit: "grapheme" }),
      fc.constantFrom(0, 2),
      (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const document = read(text);
        for (const [pointer, expected] of pointers(JSON.parse(text))) {
          assert.deepEqual(JSON.parse(document.raw(pointer) as string), expected, pointer);
        }
      },
    ),
  );
});

/** Every pointer into a value, keys included, with what it names. */
function* pointers(value: unknown, at = ""): Generator<[string, unknown]> {
  yield [at, value];
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    const pointer = `${at}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (!Array.isArray(value)) yield [`${pointer}~#`, key];
    yield* pointers(member, pointer);
  }
}

test("gives no bytes for what is not there", () => {
  const document = read('{"a":[1,2],"b":{}}');
  for (const pointer of [
    "/c",
    "/a/2",
    "/a/-",
    "/a/01",
    "/a/1.0",
    "/b/x",
    "/a/0/x",
    "a",
    "/a~2",
    "/a/0~#",
    "/c~#",
  ]) {
    assert.equal(document.span(pointer), undefined, pointer);
  }
});

test("tells numbers that every reader takes alike from the others", () => {
  const document = read(
    `{"small":5,"zero":-0,"last":9007199254740991,"first":9007199254740992,"huge":1e400,"float":0.1,"exponent":1E+20,"long":0.${"1".repeat(JSON_NUMBER_DIGITS_MAX)},"text":"5"}`,
  );
  const exact = (name: string) => document.number(`/${name}`)?.exact;
  assert.deepEqual(["small", "zero", "last", "float", "exponent"].map(exact), [true, true, true, true, true]);
  assert.deepEqual(["first", "huge", "long"].map(exact), [false, false, false]);
  assert.equal(document.number("/exponent")?.raw, "1E+20");
  assert.equal(document.number("/text"), undefined);
  assert.equal(document.number("/absent"), undefined);
});
