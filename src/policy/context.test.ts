import assert from "node:assert/strict";
import { test } from "node:test";
import { EvaluationContext, PRINTED_LINES_MAX } from "./context.ts";
import { type PolicyLog, PRINTED_LINES_PER_SECOND_MAX, printToLog } from "./log.ts";

const options = { clock: () => 1_772_600_767_123_000_000n, print: () => {}, timeLimitMs: 50 };

test("an evaluation prints so many lines and no more", () => {
  const lines: string[] = [];
  const context = new EvaluationContext({ ...options, print: (line) => lines.push(line) });
  for (let i = 0; i < PRINTED_LINES_MAX + 5; i++) context.print(`line ${i}`);
  assert.equal(lines.length, PRINTED_LINES_MAX);
});

test("nothing is recorded until something is read", () => {
  const context = new EvaluationContext(options);
  assert.equal(context.recorded, undefined);
  context.nowNs();
  assert.deepEqual(context.recorded, { "time.now_ns": { "[]": "1772600767123000000" } });
});

test("a value is made once for the same arguments, and others for other arguments", () => {
  let made = 0;
  const context = new EvaluationContext(options);
  const draw = (key: string) => context.nondeterministic("rand.intn", [key, 10], () => ++made);
  assert.deepEqual([draw("a"), draw("b"), draw("a")], [1, 2, 1]);
  assert.deepEqual(context.recorded, { "rand.intn": { '["a",10]': 1, '["b",10]': 2 } });
});

test("a replay takes recorded values, makes what is missing, and reads OPA's numbers as well as text", () => {
  const replay = { "time.now_ns": { "[]": 1_700_000_000 }, "rand.intn": { '["a",10]': 7 } };
  const context = new EvaluationContext({ ...options, replay });
  assert.equal(context.nowNs(), 1_700_000_000n);
  assert.equal(
    context.nondeterministic("rand.intn", ["a", 10], () => 1),
    7,
  );
  assert.equal(
    context.nondeterministic("rand.intn", ["b", 10], () => 1),
    1,
  );
  const text = new EvaluationContext({
    ...options,
    replay: { "time.now_ns": { "[]": "1772600767123456789" } },
  });
  assert.equal(text.nowNs(), 1_772_600_767_123_456_789n);
});

test("policies print into the log at a bounded rate, and what was left out is told", () => {
  const lines: object[] = [];
  const log: PolicyLog = { info: (fields) => lines.push(fields), warn() {}, error() {} };
  let nowMs = 5_000;
  const print = printToLog(log, "main", () => nowMs);
  for (let i = 0; i < PRINTED_LINES_PER_SECOND_MAX + 7; i++) print("again");
  assert.equal(lines.length, PRINTED_LINES_PER_SECOND_MAX);
  nowMs += 1_000;
  print("later");
  print("and later");
  assert.deepEqual(lines.slice(PRINTED_LINES_PER_SECOND_MAX), [
    { bundle: "main", dropped: 7 },
    { bundle: "main" },
  ]);
});
