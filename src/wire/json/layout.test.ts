import assert from "node:assert/strict";
import { test } from "node:test";
import { readJson } from "./document.ts";
import { type LayoutReader, SEARCHES_MAX } from "./layout.ts";

function layoutsOf(text: string): LayoutReader {
  const result = readJson(Buffer.from(text));
  assert.ok(result.ok);
  return result.document.layouts;
}

test(`looks for ${SEARCHES_MAX} members one by one and then writes all of a container down, to the same effect`, () => {
  for (const [text, token] of [
    ['[0, "a" ,{"b":[1]},[2],3]', "2"],
    ['{"x":0, "é" : "a","\\u0062":{"c":[1]},"d":[2]}', "b"],
  ] as const) {
    const layouts = layoutsOf(text);
    const found = Array.from({ length: SEARCHES_MAX + 2 }, () => layouts.find(0, token));
    for (const member of found) assert.deepEqual(member, found[0]);
    const distinct = new Set(found);
    assert.equal(distinct.size, SEARCHES_MAX + 1, "the last two are one and the same, written down");
    assert.ok(distinct.has(layouts.at(0)?.members.find(({ start }) => start === found[0]?.start)));
  }
});

test("writes a container down once", () => {
  const layouts = layoutsOf('{"a":[1,2]}');
  assert.equal(layouts.at(5), layouts.at(5));
  assert.equal(layouts.at(1), undefined);
  assert.deepEqual(layouts.boundsAt(5), { kind: "array", end: 10 });
  assert.equal(layouts.boundsAt(6), undefined);
});

test("keeps the places of members with any white space between them", () => {
  const layout = layoutsOf(' { "a" : 1 ,\n"b":[ ] } ').at(1);
  assert.deepEqual(layout?.members, [
    { key: "a", keyStart: 3, keyEnd: 6, start: 9, end: 10, from: 2, to: 11 },
    { key: "b", keyStart: 13, keyEnd: 16, start: 17, end: 20, from: 12, to: 21 },
  ]);
});
