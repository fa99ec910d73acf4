import assert from "node:assert/strict";
import { test } from "node:test";
import { aggregate, PLACES_MAX } from "./aggregate.ts";

function finding(type: string, pointer: string, score = 1) {
  return { type, score, pointer, start: 0, end: 1 };
}

test("sums findings up by type, with the best score and each place once", () => {
  const found = [
    finding("US_SSN", "/b", 0.6),
    finding("EMAIL_ADDRESS", "/a"),
    finding("US_SSN", "/a", 0.85),
    finding("US_SSN", "/b", 0.5),
  ];
  assert.deepEqual(aggregate(found), [
    { type: "EMAIL_ADDRESS", count: 1, score_max: 1, where: ["/a"] },
    { type: "US_SSN", count: 3, score_max: 0.85, where: ["/b", "/a"] },
  ]);
  assert.deepEqual(aggregate([]), []);
});

test("lists the first places and counts them all", () => {
  const places = (count: number) =>
    aggregate(Array.from({ length: count }, (_, index) => finding("T", `/${index}`)))[0];
  assert.equal(places(PLACES_MAX)?.where.length, PLACES_MAX);
  assert.equal(places(PLACES_MAX + 1)?.where.length, PLACES_MAX);
  assert.equal(places(PLACES_MAX + 1)?.count, PLACES_MAX + 1);
});
