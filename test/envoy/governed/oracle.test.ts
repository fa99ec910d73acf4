import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Reached, type Recorded, ungoverned } from "./oracle.ts";

const reached = (more: Partial<Reached> = {}): Reached => ({
  server: "sim-us",
  path: "/v1/chat/completions",
  decisionId: "a",
  bodySha256: "11",
  ...more,
});

const recorded = (more: Partial<Recorded> = {}, hashes: object = { bodySha256: "11" }): Recorded => ({
  id: "a",
  verdict: "allow",
  request: { method: "POST", host: "h", path: "/v1/chat/completions", ...hashes },
  ...more,
});

describe("the oracle", () => {
  test("is content with one allow for the very bytes that came, changed ones included", () => {
    assert.deepEqual(ungoverned([reached()], [recorded()]), []);
    const changed = recorded({}, { bodySha256: "00", upstreamBodySha256: "11" });
    assert.deepEqual(ungoverned([reached()], [changed]), []);
  });

  test("names what came without a decision, without a record, or with a record that denies", () => {
    const { decisionId: _, ...anonymous } = reached();
    for (const [one, records, fault] of [
      [anonymous as Reached, [recorded()], "undefined: no decision id"],
      [reached(), [], "a: 0 records"],
      [reached(), [recorded(), recorded()], "a: 2 records"],
      [reached(), [recorded({ verdict: "deny" })], "a: its record says deny"],
      [reached(), [recorded({ verdict: "none" })], "a: its record says none"],
    ] as const)
      assert.deepEqual(ungoverned([one], records), [`sim-us /v1/chat/completions ${fault}`]);
  });

  test("names what came with other bytes, or a second time", () => {
    const other = "a: other bytes than those that were allowed";
    for (const hashes of [{ bodySha256: "00" }, { bodySha256: "11", upstreamBodySha256: "00" }, {}])
      assert.deepEqual(ungoverned([reached()], [recorded({}, hashes)]), [
        `sim-us /v1/chat/completions ${other}`,
      ]);
    const twice = "a: this decision was used before";
    assert.deepEqual(ungoverned([reached(), reached()], [recorded()]), [
      `sim-us /v1/chat/completions ${twice}`,
    ]);
  });
});
