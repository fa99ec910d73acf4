import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { SCENES } from "./scenes/index.ts";
import { type Scene, Stage } from "./scenes/stage.ts";
import { playTour } from "./tour.ts";

const scene = (title: string, got: () => Promise<string>): Scene => ({ title, expected: "200", play: got });

test("a tour prints expected and got of every scene, and goes on after one that differs or throws", async () => {
  const lines: string[] = [];
  const result = await playTour(
    [
      scene("one", async () => "200"),
      scene("two", async () => "403 no"),
      scene("three", () => Promise.reject(new Error("cut off"))),
      scene("four", async () => "200"),
    ],
    new Stage("http://127.0.0.1:9", [], "/nowhere"),
    (line) => lines.push(stripVTControlCharacters(line)),
  );
  assert.deepEqual(result, { scenes: 4, asExpected: 2 });
  assert.deepEqual(lines, [
    "ok    1 one | expected: 200 | got: 200",
    "FAIL  2 two | expected: 200 | got: 403 no",
    "FAIL  3 three | expected: 200 | got: failed: cut off",
    "ok    4 four | expected: 200 | got: 200",
  ]);
});

test("the tour has at least eighteen scenes, each with a title of its own", () => {
  assert.ok(SCENES.length >= 18);
  assert.equal(new Set(SCENES.map(({ title }) => title)).size, SCENES.length);
});
