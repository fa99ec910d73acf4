import assert from "node:assert/strict";
import { test } from "node:test";
import { decidingPolicies, decisionEvent } from "../../test/support/decision-event.ts";
import type { JsonObject } from "../exchange/json.ts";
import {
  type DecisionEvent,
  type EventFormat,
  encodeEvent,
  timestampText,
  visibleOf,
  withoutNd,
} from "./event.ts";

const FORMAT: EventFormat = { labels: { id: "i" }, ndBuiltinCache: true, headers: [] };

function encoded(changes: Partial<DecisionEvent>): JsonObject {
  const event = decisionEvent(changes);
  return JSON.parse(encodeEvent(event, visibleOf(event, FORMAT), FORMAT).bytes.toString()) as JsonObject;
}

test("puts the input in as the bytes that it is", () => {
  const event = decisionEvent({ input: Buffer.from('{"n": 12345678901234567890, "é":1.10}') });
  const { bytes } = encodeEvent(event, visibleOf(event, FORMAT), FORMAT);
  assert.ok(bytes.toString().includes('"input":{"n": 12345678901234567890, "é":1.10},'));
});

test("leaves out what is empty, and keeps results that are false or null", () => {
  const bare = encoded({ input: undefined, result: undefined, metrics: {} });
  assert.deepEqual(Object.keys(bare), [
    "labels",
    "decision_id",
    "bundles",
    "path",
    "timestamp",
    "nd_builtin_cache",
  ]);
  assert.deepEqual(bare.nd_builtin_cache, {});
  assert.equal(encoded({ result: false }).result, false);
  assert.equal(encoded({ result: null }).result, null);
});

test("names the revision in OPA's older form where there are no bundles with names", () => {
  const policies = { ...decidingPolicies(), bundles: {} };
  const event = encoded({ policies });
  assert.equal(event.revision, "r7");
  assert.equal("bundles" in event, false);
  assert.deepEqual(encoded({ policies: { ...policies, bundles: { main: { revision: "" } } } }).bundles, {
    main: {},
  });
});

test("shows an error, who asked, and what several decisions have in common", () => {
  const error = { code: "policy_timeout", message: "too long" };
  const event = encoded({
    error,
    requestedBy: "10.0.0.1:80",
    requestId: 3,
    batchDecisionId: "b",
    query: "data.x",
  });
  assert.deepEqual(
    [event.error, event.requested_by, event.req_id, event.batch_decision_id, event.query],
    [error, "10.0.0.1:80", 3, "b", "data.x"],
  );
});

test("writes times as Go does: up to nine digits, no zeros at the end", () => {
  const cases: [number | bigint, string][] = [
    [0, "1970-01-01T00:00:00Z"],
    [1_700_000_000_120, "2023-11-14T22:13:20.12Z"],
    [1_700_000_000_123_456_789n, "2023-11-14T22:13:20.123456789Z"],
    [1_700_000_000_000_000_001n, "2023-11-14T22:13:20.000000001Z"],
  ];
  for (const [timestamp, text] of cases) assert.equal(timestampText(timestamp), text);
});

test("can lose its nd_builtin_cache and stays the same otherwise", () => {
  const event = decisionEvent({ nondeterministic: { "rand.intn": { "[1]": "1" } } });
  const whole = encodeEvent(event, visibleOf(event, FORMAT), FORMAT);
  const smaller = withoutNd(whole);
  assert.ok(smaller !== undefined);
  const { nd_builtin_cache: cache, ...rest } = JSON.parse(whole.bytes.toString());
  assert.deepEqual(cache, { "rand.intn": { "[1]": "1" } });
  assert.deepEqual(JSON.parse(smaller.bytes.toString()), rest);
  assert.equal(withoutNd(smaller), undefined);
});

test("writes the time that an evaluation read as OPA does: a number with all its digits", () => {
  const event = decisionEvent({
    nondeterministic: { "time.now_ns": { "[]": "1772600767000000001" }, "uuid.rfc4122": { '["a"]': "12" } },
  });
  const text = encodeEvent(event, visibleOf(event, FORMAT), FORMAT).bytes.toString();
  assert.ok(
    text.includes('{"time.now_ns":{"[]":1772600767000000001},"uuid.rfc4122":{"[\\"a\\"]":"12"}}'),
    text,
  );
});
