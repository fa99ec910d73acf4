import assert from "node:assert/strict";
import { test } from "node:test";
import { aggregate, mergeSummaries, PLACES_MAX } from "./aggregate.ts";

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

test("puts what was found later to what was found before", () => {
  const before = aggregate([finding("US_SSN", "/a", 0.6), finding("EMAIL_ADDRESS", "/a")]);
  const since = aggregate([finding("US_SSN", "/a", 0.9), finding("US_SSN", "/b"), finding("SECRET", "/c")]);
  assert.deepEqual(mergeSummaries(before, since), [
    { type: "EMAIL_ADDRESS", count: 1, score_max: 1, where: ["/a"] },
    { type: "SECRET", count: 1, score_max: 1, where: ["/c"] },
    { type: "US_SSN", count: 3, score_max: 1, where: ["/a", "/b"] },
  ]);
  assert.deepEqual(mergeSummaries([], []), []);
  const places = Array.from({ length: PLACES_MAX }, (_, index) => finding("T", `/${index}`));
  const [all] = mergeSummaries(aggregate(places), aggregate([finding("T", "/more")]));
  assert.deepEqual([all?.count, all?.where.length], [PLACES_MAX + 1, PLACES_MAX]);
});
