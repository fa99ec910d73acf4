import assert from "node:assert/strict";
import { test } from "node:test";
import { collectWarnings, POINTER_CHARS_MAX, WARNINGS_MAX } from "./warnings.ts";

const dropped = (member: string) => ({ code: "dropped", member, message: "m" }) as const;

test("names each loss once, in the order in which it was told", () => {
  const { list, add } = collectWarnings();
  add(dropped("/seed"));
  add({ code: "changed", member: "/seed", message: "m" });
  add(dropped("/seed"));
  assert.deepEqual(list, ["dropped:/seed", "changed:/seed"]);
});

test("spells a client's own names so that they fit a header, and gives nothing else of them", () => {
  const { list, add } = collectWarnings();
  add(dropped("/a,b"));
  add(dropped("/line\r\nx-regent-target: forged"));
  add(dropped("/größe \ud800%"));
  assert.deepEqual(list, [
    "dropped:/a%2Cb",
    "dropped:/line%0D%0Ax-regent-target:%20forged",
    "dropped:/gr%C3%B6%C3%9Fe%20%EF%BF%BD%25",
  ]);
});

test("says that there are more beyond its bounds", () => {
  const { list, add } = collectWarnings();
  for (let index = 0; index < WARNINGS_MAX; index += 1) add(dropped(`/${index}`));
  assert.ok(!list.includes("more"));
  for (let index = 0; index < 5; index += 1) add(dropped(`/other/${index}`));
  assert.equal(list.length, WARNINGS_MAX + 1);
  assert.equal(list.at(-1), "more");

  const long = collectWarnings();
  long.add(dropped(`/${"x".repeat(POINTER_CHARS_MAX)}`));
  assert.equal(long.list[0], `dropped:/${"x".repeat(POINTER_CHARS_MAX - 1)}...`);
});
