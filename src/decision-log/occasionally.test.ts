import assert from "node:assert/strict";
import { test } from "node:test";
import { occasionally, REPORT_INTERVAL_MS } from "./occasionally.ts";

test("passes the first report on, then one in each interval with the number of those between", () => {
  let nowMs = 0;
  const reports: [number, string][] = [];
  const report = occasionally(
    (heldBack: number, what: string) => reports.push([heldBack, what]),
    () => nowMs,
  );
  report("a");
  report("b");
  nowMs = REPORT_INTERVAL_MS - 1;
  report("c");
  nowMs = REPORT_INTERVAL_MS;
  report("d");
  assert.deepEqual(reports, [
    [0, "a"],
    [2, "d"],
  ]);
});
