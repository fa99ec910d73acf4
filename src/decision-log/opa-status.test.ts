import assert from "node:assert/strict";
import { test } from "node:test";
import { Counters } from "./counters.ts";
import { opaStatusOf } from "./opa-status.ts";

test("tells in OPA's form what is counted and how the newest upload failed", () => {
  const counters = new Counters();
  counters.add("decision_logs_encoding_failure", 2);
  counters.add("regent_decision_log_events_total", 3);
  const counts = counters.read();
  const { metrics, ...fine } = opaStatusOf({ counts });
  assert.deepEqual(fine, {});
  assert.equal((metrics as { readonly [name: string]: number }).counter_decision_logs_encoding_failure, 2);
  assert.equal(JSON.stringify(metrics).includes("regent"), false);
  const { metrics: _, ...failed } = opaStatusOf({
    counts,
    lastError: { at: "2026-01-01T00:00:00Z", message: "log upload failed", httpStatus: 503 },
  });
  assert.deepEqual(failed, { code: "decision_log_error", message: "log upload failed", http_code: "503" });
});
