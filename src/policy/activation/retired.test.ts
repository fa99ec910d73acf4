import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withFileEngine } from "../../../test/support/policy-engine.ts";
import { compileBundle } from "../../../test/support/rego.ts";
import { RegentError } from "../../exchange/errors.ts";
import { HOST_BUILTINS } from "../builtins/host.ts";
import { unpackArchive } from "../bundle/archive.ts";
import { readContent } from "../bundle/content.ts";
import { systemClock } from "../clock.ts";
import type { Policies } from "../policies.ts";
import { RETIRED_INSTANCES_MAX, RetiredSets } from "./retired.ts";
import { buildSet, type PolicySet, type SetOptions } from "./set.ts";

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

/** Two values of one rule: every evaluation of it fails. */
const CONFLICTING = "package p\n\nr := 1 if input\n\nr := 2 if input\n";

const SET_OPTIONS: SetOptions = {
  decisions: [],
  entrypoints: ["p/r"],
  optionalEntrypoints: [],
  printOf: () => () => {},
  revision: { builtins: HOST_BUILTINS, clock: systemClock },
};

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

  test("holds no more instances for those whose evaluations fail", async () => {
    const archive = await compileBundle({ "p.rego": CONFLICTING }, ["p/r"], "failing");
    const content = readContent(await unpackArchive(archive));
    const retired = new RetiredSets();
    const sets: PolicySet[] = [];
    for (let index = 0; index < SWAPS; index++) {
      const { set } = await buildSet(new Map([["main", content]]), SET_OPTIONS);
      retired.retire(set);
      sets.push(set);
    }
    const awake = () => sets.reduce((sum, set) => sum + set.instances, 0);
    assert.equal(awake(), RETIRED_INSTANCES_MAX);
    for (const { policies } of sets) {
      await assert.rejects(policies.evaluate("p/r", {}), { code: "policy_trap" });
      assert.equal(awake(), RETIRED_INSTANCES_MAX);
    }
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
      assert.equal(oldest?.has("p/r"), true, "what may be missing must not be taken for missing");
      for (const policies of kept) await assertDecides(policies);
    });
  });
});
