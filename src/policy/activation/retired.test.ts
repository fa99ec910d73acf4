import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withFileEngine } from "../../../test/support/policy-engine.ts";
import { compileBundle } from "../../../test/support/rego.ts";
import { RegentError } from "../../exchange/errors.ts";
import type { Policies } from "../policies.ts";
import { RETIRED_INSTANCES_MAX } from "./retired.ts";

const SWAPS = RETIRED_INSTANCES_MAX * 3;
/** Text in the data of each revision, so that its bytes are known within the little that the module adds. */
const FILLER_BYTES = 1024 * 1024;

const revision = (name: string) =>
  compileBundle(
    {
      "p.rego": 'package p\n\nr := {"data": data.rev}\n',
      "data.json": JSON.stringify({ rev: name, filler: "x".repeat(FILLER_BYTES) }),
    },
    ["p/r"],
    name,
  );

async function assertDecides(policies: Policies | undefined): Promise<void> {
  assert.ok(policies);
  const { result, revision: told } = await policies.evaluate("p/r", {});
  assert.deepEqual(result, { data: policies.revision });
  assert.equal(told, policies.revision);
}

describe("a set that was replaced", () => {
  test("answers who holds it to the end, with instances for the newest of them only", async () => {
    const names = Array.from({ length: SWAPS + 1 }, (_, index) => `r${index}`);
    const archives = await Promise.all(names.map(revision));
    const [first = Buffer.alloc(0), ...others] = archives;
    await withFileEngine({ main: first }, { entrypoints: ["p/r"] }, async ({ engine, put }) => {
      const held = [engine.for("")];
      for (const archive of others) {
        await put("main", archive);
        held.push(engine.for(""));
        assert.ok(engine.instances <= RETIRED_INSTANCES_MAX + 1);
      }
      assert.equal(engine.instances, RETIRED_INSTANCES_MAX + 1);
      assert.deepEqual(
        held.map((policies) => policies.revision),
        names,
      );
      for (const policies of [...held, ...held.reverse()]) {
        await assertDecides(policies);
        assert.ok(engine.instances <= RETIRED_INSTANCES_MAX + 1);
      }
    });
  });

  test("refuses with policy_unavailable once newer ones need its bytes, and the others go on", async () => {
    const archives = await Promise.all(["r0", "r1", "r2", "r3"].map(revision));
    const [first = Buffer.alloc(0), ...others] = archives;
    // Room for two of them with their modules, and not for three.
    const options = { entrypoints: ["p/r"], retiredBytesMax: 2.9 * FILLER_BYTES };
    await withFileEngine({ main: first }, options, async ({ engine, put }) => {
      const held = [engine.for("")];
      for (const archive of others) {
        await put("main", archive);
        held.push(engine.for(""));
      }
      const [oldest, ...kept] = held;
      await assert.rejects(oldest?.evaluate("p/r", {}) ?? Promise.resolve(), (error) => {
        assert.ok(error instanceof RegentError);
        assert.equal(error.code, "policy_unavailable");
        assert.match(error.message, /The policies that this exchange began with are gone/);
        return true;
      });
      assert.equal(oldest?.has("p/r"), false);
      for (const policies of kept) await assertDecides(policies);
    });
  });
});
