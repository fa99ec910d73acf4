import assert from "node:assert/strict";
import { test } from "node:test";
import { LABEL_LENGTH_MAX, LabelCap } from "./label-cap.ts";

test("counts the first values by name and every later one as other", () => {
  let overflows = 0;
  const cap = new LabelCap(2, () => overflows++);
  assert.deepEqual(
    ["a", "b", "c", "a", "d", "b"].map((value) => cap.value(value)),
    ["a", "b", "other", "a", "other", "b"],
  );
  assert.equal(overflows, 2);
});

test("has a word for what is not known, which takes no place", () => {
  const cap = new LabelCap(1);
  assert.deepEqual([cap.value(undefined), cap.value(""), cap.value("a")], ["none", "none", "a"]);
});

test("cuts a value that is too long to be a name", () => {
  assert.equal(new LabelCap(1).value("x".repeat(LABEL_LENGTH_MAX + 1)).length, LABEL_LENGTH_MAX);
});

test("a cap of 0 counts everything as other", () => {
  assert.equal(new LabelCap(0).value("a"), "other");
});
