import assert from "node:assert/strict";
import { test } from "node:test";
import type { PatchOperation } from "../../exchange/decision.ts";
import { type JsonDocument, readJson } from "./document.ts";
import { applyPatch, PATCH_OPERATIONS_MAX } from "./patch.ts";
import { JSON_COPIED_ITEMS_MAX, JsonEditError } from "./tree.ts";

function read(text: string): JsonDocument {
  const result = readJson(Buffer.from(text));
  if (!result.ok) throw new Error(result.fault.reason);
  return result.document;
}

function patched(text: string, ...operations: PatchOperation[]): string {
  return applyPatch(read(text), operations).toString("utf8");
}

// The examples of RFC 6902, appendix A, by their numbers there.
const RFC_6902: readonly (readonly [
  name: string,
  text: string,
  operations: PatchOperation[],
  expected: string,
])[] = [
  ["A.1", '{"foo":"bar"}', [{ op: "add", path: "/baz", value: "qux" }], '{"foo":"bar","baz":"qux"}'],
  [
    "A.2",
    '{"foo":["bar","baz"]}',
    [{ op: "add", path: "/foo/1", value: "qux" }],
    '{"foo":["bar","qux","baz"]}',
  ],
  ["A.3", '{"baz":"qux","foo":"bar"}', [{ op: "remove", path: "/baz" }], '{"foo":"bar"}'],
  ["A.4", '{"foo":["bar","qux","baz"]}', [{ op: "remove", path: "/foo/1" }], '{"foo":["bar","baz"]}'],
  [
    "A.5",
    '{"baz":"qux","foo":"bar"}',
    [{ op: "replace", path: "/baz", value: "boo" }],
    '{"baz":"boo","foo":"bar"}',
  ],
  [
    "A.6",
    '{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}',
    [{ op: "move", from: "/foo/waldo", path: "/qux/thud" }],
    '{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}',
  ],
  [
    "A.7",
    '{"foo":["all","grass","cows","eat"]}',
    [{ op: "move", from: "/foo/1", path: "/foo/3" }],
    '{"foo":["all","cows","eat","grass"]}',
  ],
  [
    "A.8",
    '{"baz":"qux","foo":["a",2,"c"]}',
    [
      { op: "test", path: "/baz", value: "qux" },
      { op: "test", path: "/foo/1", value: 2 },
    ],
    '{"baz":"qux","foo":["a",2,"c"]}',
  ],
  [
    "A.10",
    '{"foo":"bar"}',
    [{ op: "add", path: "/child", value: { grandchild: {} } }],
    '{"foo":"bar","child":{"grandchild":{}}}',
  ],
  ["A.14", '{"/":9,"~1":10}', [{ op: "test", path: "/~01", value: 10 }], '{"/":9,"~1":10}'],
  [
    "A.16",
    '{"foo":["bar"]}',
    [{ op: "add", path: "/foo/-", value: ["abc", "def"] }],
    '{"foo":["bar",["abc","def"]]}',
  ],
];
for (const [name, text, operations, expected] of RFC_6902) {
  test(`does what RFC 6902 ${name} shows`, () => assert.equal(patched(text, ...operations), expected));
}

const REFUSED: readonly (readonly [name: string, text: string, operations: PatchOperation[]])[] = [
  ["a test that fails (A.9)", '{"baz":"qux"}', [{ op: "test", path: "/baz", value: "bar" }]],
  ["a parent that is not there (A.12)", '{"foo":"bar"}', [{ op: "add", path: "/baz/bat", value: "qux" }]],
  ["a number compared with a text (A.15)", '{"/":9,"~1":10}', [{ op: "test", path: "/~01", value: "10" }]],
  ["replacing what is not there", "{}", [{ op: "replace", path: "/a", value: 1 }]],
  ["removing what is not there", "{}", [{ op: "remove", path: "/a" }]],
  ["removing everything", "{}", [{ op: "remove", path: "" }]],
  ["moving a value into itself", '{"a":{"b":{}}}', [{ op: "move", from: "/a", path: "/a/b/c" }]],
  ["moving what is not there to its own place", "{}", [{ op: "move", from: "/a", path: "/a" }]],
  ["a pointer to a key", '{"a":1}', [{ op: "replace", path: "/a~#", value: "b" }]],
  ["a pointer that is none", '{"a":1}', [{ op: "replace", path: "a", value: "b" }]],
];
for (const [name, text, operations] of REFUSED) {
  test(`refuses ${name}`, () => assert.throws(() => patched(text, ...operations), JsonEditError));
}

test("applies each operation to what the ones before it left", () => {
  assert.equal(
    patched(
      '{"a":[1]}',
      { op: "add", path: "/b", value: { c: [] } },
      { op: "add", path: "/b/c/0", value: "x" },
      { op: "add", path: "/a/0", value: 0 },
      { op: "remove", path: "/a/1" },
      { op: "replace", path: "/b/c/0", value: "y" },
    ),
    '{"a":[0],"b":{"c":["y"]}}',
  );
});

test("replaces by add what is there, adds again what it removed, and finds what it added", () => {
  assert.equal(patched('{"a":1,"b":2}', { op: "add", path: "/a", value: 3 }), '{"a":3,"b":2}');
  assert.equal(
    patched('{"a":1,"b":2}', { op: "remove", path: "/a" }, { op: "add", path: "/a", value: 3 }),
    '{"b":2,"a":3}',
  );
  assert.equal(
    patched(
      '{"a":1,"b":2}',
      { op: "remove", path: "/a" },
      { op: "add", path: "/c", value: 3 },
      { op: "replace", path: "/c", value: 4 },
      { op: "add", path: "/c", value: 5 },
    ),
    '{"b":2,"c":5}',
  );
});

test("fills empty containers, whatever white space they hold", () => {
  assert.equal(patched('{"a":[ ]}', { op: "add", path: "/a/-", value: 1 }), '{"a":[ 1]}');
  assert.equal(patched('{"a":[]}', { op: "add", path: "/a/0", value: 1 }), '{"a":[1]}');
  assert.equal(patched("{ }", { op: "add", path: "/a", value: 1 }), '{"a":1 }');
});

test("keeps the spelling of what it moves and copies, and of everything it does not name", () => {
  assert.equal(
    patched(
      '{ "n" : 1.50e0 , "m":{"z":1E1} }',
      { op: "move", from: "/n", path: "/m/n" },
      { op: "copy", from: "/m", path: "/k" },
    ),
    '{ "m":{"z":1E1,"n":1.50e0} ,"k":{"z":1E1,"n":1.50e0}}',
  );
});

test("changes a copy apart from its original", () => {
  assert.equal(
    patched(
      '{"a":{"b":[1]}}',
      { op: "test", path: "/a/b/0", value: 1 },
      { op: "copy", from: "/a", path: "/c" },
      { op: "replace", path: "/c/b/0", value: 2 },
    ),
    '{"a":{"b":[1]},"c":{"b":[2]}}',
  );
});

test("compares in a test as RFC 6902 4.6 says: members in any order, numbers by value", () => {
  const body = '{"a":{"x":1.0,"y":[null,true]}}';
  assert.equal(patched(body, { op: "test", path: "/a", value: { y: [null, true], x: 1 } }), body);
  for (const value of [
    "text",
    5,
    [],
    { x: 1 },
    { x: 1, y: [true, null] },
    { x: 1, y: { 0: null, 1: true } },
    null,
  ]) {
    assert.throws(() => patched(body, { op: "test", path: "/a", value }), JsonEditError);
  }
});

test("leaves the original as it was when an operation fails", () => {
  const document = read('{"a":1}');
  assert.throws(
    () =>
      applyPatch(document, [
        { op: "replace", path: "/a", value: 2 },
        { op: "remove", path: "/b" },
      ]),
    JsonEditError,
  );
  assert.equal(document.bytes.toString(), '{"a":1}');
});

test(`takes ${PATCH_OPERATIONS_MAX} operations and refuses one more`, () => {
  const operations = new Array<PatchOperation>(PATCH_OPERATIONS_MAX).fill({
    op: "replace",
    path: "/a",
    value: 2,
  });
  assert.equal(patched('{"a":1}', ...operations), '{"a":2}');
  assert.throws(() => patched('{"a":1}', ...operations, { op: "remove", path: "/a" }), /more than/);
});

test(`stops copies of copies at ${JSON_COPIED_ITEMS_MAX} members`, () => {
  const doubling: PatchOperation[] = [{ op: "add", path: "/x", value: [] }];
  for (let i = 0; i < 60; i++) doubling.push({ op: "copy", from: "", path: "/x/-" });
  assert.throws(() => patched("{}", ...doubling), /copy too much/);
});
