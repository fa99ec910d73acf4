import assert from "node:assert/strict";
import { test } from "node:test";
import { BoundedCache } from "./bounded-cache.ts";

test("makes a value once and lets the oldest go at the limit", () => {
  const made: string[] = [];
  const cache = new BoundedCache<string>(2);
  const get = (key: string) =>
    cache.get(key, (wanted) => {
      made.push(wanted);
      return wanted.toUpperCase();
    });
  assert.deepEqual(["a", "b", "a"].map(get), ["A", "B", "A"]);
  assert.deepEqual(made, ["a", "b"]);
  get("c");
  assert.equal(cache.size, 2);
  get("b");
  assert.deepEqual(made, ["a", "b", "c"]);
  get("a");
  assert.deepEqual(made, ["a", "b", "c", "a"]);
});

test("keeps nothing when making fails", () => {
  const cache = new BoundedCache<string>(2);
  assert.throws(
    () =>
      cache.get("a", () => {
        throw new Error("no");
      }),
    /no/,
  );
  assert.equal(cache.size, 0);
});
