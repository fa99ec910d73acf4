import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonValue } from "../../exchange/json.ts";
import { type JsonDocument, readJson } from "./document.ts";
import { editJson, type JsonEdit } from "./edit.ts";
import { JSON_EDITED_BYTES_MAX, JsonEditError } from "./tree.ts";

function read(text: string): JsonDocument {
  const result = readJson(Buffer.from(text));
  if (!result.ok) throw new Error(result.fault.reason);
  return result.document;
}

function edited(text: string, ...edits: JsonEdit[]): string {
  return editJson(read(text), edits).toString("utf8");
}

test("changes the value that is named and no other byte", () => {
  assert.equal(
    edited('{ "n": 1.0e0,\n\t"model" : "default" ,"x":{"é":-0}}', { pointer: "/model", value: "sim-small" }),
    '{ "n": 1.0e0,\n\t"model" : "sim-small" ,"x":{"é":-0}}',
  );
});

test("gives the same buffer when nothing is to be changed", () => {
  const document = read("{}");
  assert.equal(editJson(document, []), document.bytes);
});

const CASES: readonly (readonly [name: string, text: string, edits: JsonEdit[], expected: string])[] = [
  ["adds an absent member at the end", '{"a":1}', [{ pointer: "/b", value: [2] }], '{"a":1,"b":[2]}'],
  ["adds a member to an empty object", '{"a":{ }}', [{ pointer: "/a/b", value: 2 }], '{"a":{"b":2 }}'],
  [
    "adds two members in their order",
    "{}",
    [
      { pointer: "/a", value: 1 },
      { pointer: "/b", value: 2 },
    ],
    '{"a":1,"b":2}',
  ],
  ["removes the first member", '{"a":1, "b":2}', [{ pointer: "/a", remove: true }], '{ "b":2}'],
  ["removes the last member", '{"a":1, "b":2 }', [{ pointer: "/b", remove: true }], '{"a":1}'],
  ["removes the only member", '{ "a":1 }', [{ pointer: "/a", remove: true }], "{}"],
  [
    "removes two elements by the places they had",
    "[1,2,3]",
    [
      { pointer: "/0", remove: true },
      { pointer: "/2", remove: true },
    ],
    "[2]",
  ],
  [
    "replaces one element and removes another",
    "[1,2]",
    [
      { pointer: "/0", remove: true },
      { pointer: "/1", value: 9 },
    ],
    "[9]",
  ],
  ["puts an element in front of another", "[1,2]", [{ pointer: "/1", add: 9 }], "[1,9,2]"],
  [
    "puts an element at the end",
    "[1]",
    [
      { pointer: "/-", add: 9 },
      { pointer: "/1", add: 8 },
    ],
    "[1,9,8]",
  ],
  ["replaces by add in an object", '{"a":1}', [{ pointer: "/a", add: 2 }], '{"a":2}'],
  ["replaces the whole value", " [1] ", [{ pointer: "", value: {} }], " {} "],
  ["renames a member", '{"a" : {"b":1}}', [{ pointer: "/a~#", value: "c" }], '{"c" : {"b":1}}'],
  [
    "renames a member and changes it",
    '{"a":{"b":1}}',
    [
      { pointer: "/a~#", value: "c" },
      { pointer: "/a/b", value: 2 },
    ],
    '{"c":{"b":2}}',
  ],
  [
    "gives a member the name that another gives up",
    '{"a":1,"b":2}',
    [
      { pointer: "/a~#", value: "c" },
      { pointer: "/b~#", value: "a" },
    ],
    '{"c":1,"a":2}',
  ],
  [
    "renames one member and removes another",
    '{"a":1,"b":2}',
    [
      { pointer: "/a~#", value: "c" },
      { pointer: "/b", remove: true },
    ],
    '{"c":1}',
  ],
  ["renames a member to its own name", '{"\\u0061":1}', [{ pointer: "/a~#", value: "a" }], '{"\\u0061":1}'],
  [
    "finds members by what their keys mean",
    String.raw`{"\u0061\/b":1}`,
    [{ pointer: "/a~1b", value: 2 }],
    String.raw`{"\u0061\/b":2}`,
  ],
  ["writes __proto__ as data", "{}", [{ pointer: "/__proto__", value: 1 }], '{"__proto__":1}'],
  ["writes half a surrogate pair as an escape", "[0]", [{ pointer: "/0", value: "\ud83d" }], '["\\ud83d"]'],
];
for (const [name, text, edits, expected] of CASES) {
  test(name, () => assert.equal(edited(text, ...edits), expected));
}

const REFUSED: readonly (readonly [name: string, text: string, edits: JsonEdit[]])[] = [
  ["a pointer that is none", "{}", [{ pointer: "a", value: 1 }]],
  ["a parent that is not there", "{}", [{ pointer: "/a/b", value: 1 }]],
  ["a parent that is no container", '{"a":"text"}', [{ pointer: "/a/b", value: 1 }]],
  ["an element that is not there", "[]", [{ pointer: "/0", value: 1 }]],
  ["a place behind the end", "[]", [{ pointer: "/1", add: 1 }]],
  ["removing what is not there", "{}", [{ pointer: "/a", remove: true }]],
  ["removing everything", "{}", [{ pointer: "", remove: true }]],
  [
    "the same place twice",
    '{"a":1}',
    [
      { pointer: "/a", value: 1 },
      { pointer: "/a", value: 2 },
    ],
  ],
  [
    "a change inside what is replaced",
    '{"a":{"b":1}}',
    [
      { pointer: "/a", value: 1 },
      { pointer: "/a/b", value: 2 },
    ],
  ],
  [
    "a change inside what is removed",
    '{"a":{"b":1}}',
    [
      { pointer: "/a/b", value: 2 },
      { pointer: "/a", remove: true },
    ],
  ],
  [
    "a change inside a new whole",
    '{"a":1}',
    [
      { pointer: "", value: {} },
      { pointer: "/a", value: 2 },
    ],
  ],
  ["a name that another member has", '{"a":1,"b":2}', [{ pointer: "/a~#", value: "b" }]],
  [
    "two members renamed alike",
    '{"a":1,"b":2}',
    [
      { pointer: "/a~#", value: "x" },
      { pointer: "/b~#", value: "x" },
    ],
  ],
  ["a new name that is no text", '{"a":1}', [{ pointer: "/a~#", value: 5 }]],
  [
    "renaming and removing one member",
    '{"a":1}',
    [
      { pointer: "/a~#", value: "b" },
      { pointer: "/a", remove: true },
    ],
  ],
  ["renaming an element", "[1]", [{ pointer: "/0~#", value: "b" }]],
];
for (const [name, text, edits] of REFUSED) {
  test(`refuses ${name}`, () => assert.throws(() => edited(text, ...edits), JsonEditError));
}

test("says at which place an edit failed and nothing about the text there", () => {
  assert.throws(() => edited('{"a":"secret"}', { pointer: "/a/b", value: 1 }), {
    pointer: "/a/b",
    message: "/a/b lies in a value that has no members",
  });
});

test(`refuses to make more than ${JSON_EDITED_BYTES_MAX} bytes`, () => {
  const value = "x".repeat(JSON_EDITED_BYTES_MAX - 4);
  assert.equal(editJson(read('["a"]'), [{ pointer: "/0", value }]).length, JSON_EDITED_BYTES_MAX);
  assert.throws(() => editJson(read('["a"]'), [{ pointer: "/0", value: `${value}x` }]), /longer than/);
});

/** A value, where one of its members stands, and a new value for it. */
const change = fc
  .tuple(
    fc.object({
      maxDepth: 4,
      withNullPrototype: false,
      key: fc.string({ unit: "grapheme" }),
      values: [fc.string({ unit: "grapheme" }), fc.integer(), fc.boolean(), fc.constant(null)],
    }),
    fc.nat(),
    fc.jsonValue({ maxDepth: 2, stringUnit: "grapheme" }),
    fc.constantFrom(0, 1, 3),
  )
  .map(([object, pick, value, indent]) => {
    const text = JSON.stringify(object, null, indent);
    const places = [...placesIn(JSON.parse(text))];
    return {
      text,
      place: places[pick % places.length] ?? [],
      value: JSON.parse(JSON.stringify(value)) as JsonValue,
    };
  });

function* placesIn(value: unknown, at: string[] = []): Generator<string[]> {
  yield at;
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) yield* placesIn(member, [...at, key]);
}

function pointerOf(place: readonly string[]): string {
  return place.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

test("a replaced value is the only difference, in meaning and in bytes", () => {
  fc.assert(
    fc.property(change, ({ text, place, value }) => {
      const document = read(text);
      const pointer = pointerOf(place);
      const after = editJson(document, [{ pointer, value }]);
      assert.deepEqual(JSON.parse(after.toString()), replaced(document.value, place, value));
      const span = document.span(pointer);
      assert.ok(span !== undefined);
      const fresh = JSON.stringify(value);
      assert.equal(
        after.toString(),
        document.bytes.toString("utf8", 0, span.start) + fresh + document.bytes.toString("utf8", span.end),
      );
    }),
    { numRuns: 500 },
  );
});

function replaced(value: JsonValue, place: readonly string[], fresh: JsonValue): JsonValue {
  const [key, ...rest] = place;
  if (key === undefined) return fresh;
  const inner = replaced((value as { [key: string]: JsonValue })[key] as JsonValue, rest, fresh);
  if (Array.isArray(value)) return (value as JsonValue[]).with(Number(key), inner);
  return Object.fromEntries(
    Object.entries(value as object).map(([k, v]) => [k, k === key ? inner : v]),
  ) as JsonValue;
}

test("a removed member is the only difference in meaning, and the rest of the bytes appear in their order", () => {
  fc.assert(
    fc.property(change, ({ text, place }) => {
      if (place.length === 0) return;
      const document = read(text);
      const after = editJson(document, [{ pointer: pointerOf(place), remove: true }]).toString();
      assert.deepEqual(JSON.parse(after), without(document.value, place));
      assert.ok(isSubsequence(after, text));
    }),
    { numRuns: 500 },
  );
});

function without(value: JsonValue, place: readonly string[]): JsonValue {
  const [key, ...rest] = place;
  const inner = (member: JsonValue) => (rest.length === 0 ? [] : [without(member, rest)]);
  if (Array.isArray(value)) {
    return (value as JsonValue[]).flatMap((member, index) =>
      String(index) === key ? inner(member) : [member],
    );
  }
  return Object.fromEntries(
    Object.entries(value as object).flatMap(([k, v]) => (k === key ? inner(v).map((m) => [k, m]) : [[k, v]])),
  ) as JsonValue;
}

function isSubsequence(short: string, long: string): boolean {
  let at = 0;
  for (let i = 0; i < long.length; i++) if (long[i] === short[at]) at++;
  return at === short.length;
}
