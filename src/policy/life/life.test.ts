import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type FileEngine, withFileEngine } from "../../../test/support/policy-engine.ts";
import { compileBundle, withFolder } from "../../../test/support/rego.ts";
import type { RolloutPlan } from "./plan.ts";

const PLAN: RolloutPlan = {
  steps: [
    { kind: "shadow", forMs: 0 },
    { kind: "canary", percent: 50, forMs: 0 },
    { kind: "approval", approval: "security" },
  ],
  gate: { decisions: 5, denials: 0, allowances: 0, errors: 0, latencyRatio: 100 },
  rollback: { forMs: 600_000, decisions: 5, denials: 0.2, errors: 0 },
};

/** Policy and data of one revision: what an answer holds shows whether they were mixed. */
const build = (rev: string, allow = "true") =>
  compileBundle(
    {
      "p.rego": `package p\n\nr := {"allow": ${allow}, "reasons": [], "policy": "${rev}", "data": data.rev}\n`,
      "data.json": JSON.stringify({ rev }),
    },
    ["p/r"],
    rev,
  );
const [one, two, strict] = await Promise.all([build("one"), build("two"), build("strict", "false")]);
const ALLOWING = 'package p\n\nr := {"allow": true, "reasons": [], "rev": data.rev}\n';
const same = await compileBundle(
  {
    "p.rego": ALLOWING,
    "data.json": '{"rev": "same"}',
  },
  ["p/r"],
  "same",
);

async function ask({ engine }: Pick<FileEngine, "engine">, times: number): Promise<Set<string>> {
  const revisions = new Set<string>();
  for (let index = 0; index < times; index++) {
    const { result, revision } = await engine.for(`subject-${index}`).evaluate("p/r", {});
    const { policy, data } = result as { policy: string; data: string };
    assert.deepEqual([policy, data], [revision, revision], "policy and data are of one revision");
    revisions.add(revision);
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  engine.rollout?.tick();
  return revisions;
}

const withRollout = (
  bundle: Buffer,
  work: (engine: FileEngine) => Promise<void>,
  folder?: string,
): Promise<void> =>
  withFileEngine({ main: bundle }, { entrypoints: ["p/r"], rollout: { plan: PLAN, folder } }, work);

describe("an engine with a rollout", () => {
  test("takes a new bundle through shadow, canary and approval, and no exchange ever mixes two", async () => {
    await withRollout(one, async (files) => {
      const { engine, put } = files;
      await put("main", two);
      assert.deepEqual(await ask(files, 5), new Set(["one"]));
      assert.equal(engine.revision, "one");
      assert.equal(
        engine.opaStatus().main && (engine.opaStatus().main as { active_revision: string }).active_revision,
        "one",
      );
      assert.deepEqual(await ask(files, 50), new Set(["one", "two"]), "a canary");
      const held = engine.for("x");
      assert.deepEqual(await ask(files, 10), new Set(["one"]), "it waits in the shadow");
      engine.rollout?.approve("ann");
      assert.deepEqual(await ask(files, 10), new Set(["two"]));
      assert.equal(engine.revision, "two");
      const { result } = await held.evaluate("p/r", {});
      assert.equal(
        (result as { data: string }).data,
        held.revision,
        "who began before goes on with what it had",
      );
    });
  });

  test("turns down a bundle that denies more, and goes on with the one before", async () => {
    await withRollout(one, async (files) => {
      await files.put("main", strict);
      await ask(files, 5);
      assert.match(files.engine.rollout?.status().rejected[0]?.reason ?? "", /it denies 5 of 5 decisions/);
      assert.deepEqual(await ask(files, 5), new Set(["one"]));
      await files.put("main", two);
      assert.equal(files.engine.rollout?.status().candidate?.revision, "two");
    });
  });

  test("refuses a bad bundle before it becomes a candidate", async () => {
    await withRollout(one, async (files) => {
      await files.put("main", two.subarray(0, 100));
      assert.equal(files.engine.rollout?.status().candidate, undefined);
      assert.match(files.engine.status()[0]?.lastError?.message ?? "", /not a whole gzip file/);
      assert.deepEqual(await ask(files, 2), new Set(["one"]));
    });
  });

  test("rolls back to the set before, which is asked as if nothing had been", async () => {
    await withRollout(one, async (files) => {
      await files.put("main", two);
      files.engine.rollout?.promote("ann", true);
      assert.deepEqual(await ask(files, 3), new Set(["two"]));
      files.engine.rollout?.rollback("ann", "users complain");
      assert.deepEqual(await ask(files, 3), new Set(["one"]));
    });
  });
});

function spoilVersion(folder: string): void {
  const file = readdirSync(folder).find((name) => name.endsWith(".version")) ?? assert.fail();
  writeFileSync(join(folder, file), "rubbish");
}

describe("after a restart", () => {
  test("the live version decides although the source has the candidate, which goes on where it was", async () => {
    await withFolder(async (folder) => {
      const kept = join(folder, "rollout");
      await withRollout(
        one,
        async (files) => {
          await files.put("main", two);
          await ask(files, 5);
          assert.equal(files.engine.rollout?.status().candidate?.step, 1);
        },
        kept,
      );
      await withRollout(
        two,
        async (files) => {
          assert.equal(files.engine.revision, "one");
          assert.equal(files.engine.rollout?.status().candidate?.revision, "two");
          assert.equal(files.engine.rollout?.status().candidate?.step, 1);
          files.engine.rollout?.rollback("ann", "no");
        },
        kept,
      );
      await withRollout(
        two,
        async (files) => {
          assert.equal(files.engine.revision, "one");
          assert.equal(files.engine.rollout?.status().candidate, undefined, "it stays turned down");
          assert.deepEqual(await ask(files, 3), new Set(["one"]));
        },
        kept,
      );
    });
  });

  test("a kept version that is not whole is told, and what the source has is the first", async () => {
    await withFolder(async (folder) => {
      const kept = join(folder, "rollout");
      await withRollout(one, async () => {}, kept);
      spoilVersion(kept);
      await withRollout(
        two,
        async ({ engine, log }) => {
          assert.ok(
            log.lines.some(({ level, message }) => level === "error" && /is not whole/.test(message)),
          );
          assert.equal(engine.revision, "two");
        },
        kept,
      );
      assert.equal(readdirSync(kept).filter((name) => name.endsWith(".version")).length, 1);
    });
  });

  test("a version that was turned down stays so where the live one is not whole", async () => {
    await withFolder(async (folder) => {
      const kept = join(folder, "rollout");
      await withRollout(
        one,
        async ({ engine, put }) => {
          await put("main", two);
          engine.rollout?.rollback("ann", "no");
        },
        kept,
      );
      spoilVersion(kept);
      await withRollout(
        two,
        async ({ engine, put }) => {
          assert.equal(engine.ready, false);
          await put("main", one);
          assert.equal(engine.revision, "one");
        },
        kept,
      );
    });
  });

  test("a version that was not whole is written again when it is live again", async () => {
    await withFolder(async (folder) => {
      const kept = join(folder, "rollout");
      await withRollout(one, async () => {}, kept);
      spoilVersion(kept);
      await withRollout(one, async () => {}, kept);
      await withRollout(
        two,
        async ({ engine, log }) => {
          assert.equal(engine.revision, "one");
          assert.deepEqual(
            log.lines.filter(({ level }) => level === "error"),
            [],
          );
        },
        kept,
      );
    });
  });

  test("bundles of other names are no version of these", async () => {
    await withFolder(async (folder) => {
      const kept = join(folder, "rollout");
      await withRollout(one, async () => {}, kept);
      const options = { entrypoints: ["p/r"], rollout: { plan: PLAN, folder: kept } };
      await withFileEngine({ other: two }, options, async ({ engine, log }) => {
        assert.ok(log.lines.some(({ message }) => /it was made of other bundles: main/.test(message)));
        assert.equal(engine.revision, "two");
      });
    });
  });
});

test("what differs only in data counts as changed, and the cache is the live one's", async () => {
  await withRollout(one, async (files) => {
    await files.put("main", same);
    for (let index = 0; index < 4; index++) {
      await files.engine.for(`s${index}`).evaluate("p/r", {});
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(files.engine.rollout?.status().candidate?.counts.changed, 4);
  });
});

test("candidates that were turned down are given up as any replaced set, once newer ones need their bytes", async () => {
  const filler = 1024 * 1024;
  const large = (rev: string) =>
    compileBundle(
      { "p.rego": ALLOWING, "data.json": JSON.stringify({ rev, filler: "x".repeat(filler) }) },
      ["p/r"],
      rev,
    );
  const [first, ...candidates] = await Promise.all(["r0", "r1", "r2", "r3", "r4"].map(large));
  const plan: RolloutPlan = { ...PLAN, steps: [{ kind: "canary", percent: 100, forMs: 600_000 }] };
  const options = {
    entrypoints: ["p/r"],
    rollout: { plan, folder: undefined },
    retiredBytesMax: 2.9 * filler,
  };
  await withFileEngine({ main: first ?? assert.fail() }, options, async ({ engine, put }) => {
    const held = [];
    for (const candidate of candidates) {
      await put("main", candidate);
      held.push(engine.for("x"));
      engine.rollout?.rollback("ann", "no");
    }
    assert.deepEqual(
      held.map(({ revision }) => revision),
      ["r1", "r2", "r3", "r4"],
    );
    await assert.rejects(held[0]?.evaluate("p/r", {}) ?? Promise.resolve(), { code: "policy_unavailable" });
    for (const policies of held.slice(1)) await policies.evaluate("p/r", {});
  });
});
