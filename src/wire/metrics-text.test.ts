import assert from "node:assert/strict";
import { test } from "node:test";
import { METRIC_SAMPLES_MAX, readMetricsText } from "./metrics-text.ts";

function samples(text: string): unknown {
  const read = readMetricsText(text);
  return "invalid" in read
    ? read.invalid
    : read.samples.map(({ name, labels, value }) => [name, Object.fromEntries(labels), value]);
}

test("reads names, labels, escapes, values and time stamps", () => {
  const text = [
    "# HELP a_total What it is.",
    "# TYPE a_total counter",
    'a_total{path="C:\\\\dir",msg="say \\"hi\\"\\n",empty=""} 1.5e3 1700000000000',
    "# a comment",
    "",
    "plain 3\r",
    'spaced { x = "y" , } +Inf',
    "none NaN",
    "minus -Inf",
    "negative -.5",
  ].join("\n");
  assert.deepEqual(samples(text), [
    ["a_total", { path: "C:\\dir", msg: 'say "hi"\n', empty: "" }, 1500],
    ["plain", {}, 3],
    ["spaced", { x: "y" }, Number.POSITIVE_INFINITY],
    ["none", {}, Number.NaN],
    ["minus", {}, Number.NEGATIVE_INFINITY],
    ["negative", {}, -0.5],
  ]);
  const read = readMetricsText(text);
  assert.deepEqual("types" in read && [...read.types], [["a_total", "counter"]]);
});

for (const line of [
  "{}",
  "9a 1",
  "a",
  "a b",
  "a 1 2 3",
  "a 1 x",
  'a{b="c" 1',
  'a{b="c",b="d"} 1',
  "a{b=c} 1",
  "a 0x1",
  'a{b="\\',
]) {
  test(`says which line is no sample: ${line}`, () =>
    assert.equal(samples(`ok 1\n${line}`), "line 2 is no sample"));
}

test("reads no more samples than its limit", () => {
  assert.equal((samples("a 1\n".repeat(METRIC_SAMPLES_MAX)) as unknown[]).length, METRIC_SAMPLES_MAX);
  assert.equal(
    samples("a 1\n".repeat(METRIC_SAMPLES_MAX + 1)),
    `line ${METRIC_SAMPLES_MAX + 1} is no sample`,
  );
});

test("takes time that grows with the text alone", () => {
  for (const hostile of [
    `a{b="${"\\".repeat(200_000)}`,
    `a{${'b="c",'.repeat(50_000)}`,
    `a ${"1".repeat(200_000)}x`,
  ])
    assert.equal(samples(hostile), "line 1 is no sample");
});
