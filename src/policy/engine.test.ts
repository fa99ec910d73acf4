import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { KeptLog, replaceFile } from "../../test/support/policy-engine.ts";
import { compileBundle, type Sources, withFolder } from "../../test/support/rego.ts";
import { RegentError } from "../exchange/errors.ts";
import { unpackArchive } from "./bundle/archive.ts";
import { BundleError } from "./bundle/error.ts";
import { createPolicyEngine, type ManagedPolicyEngine, type PolicyEngineOptions } from "./engine.ts";
import type { BundleSource } from "./source/source.ts";

const decision = (code: string): Sources => ({
  "r.rego": `package regent.request\n\ndecision := {"allow": false, "reasons": [{"code": "${code}", "kind": "permission", "message": "m", "policy": "p", "severity": "error"}]}\n`,
});
const DECISION = "regent/request/decision";
const build = (sources: Sources, entrypoints: readonly string[], revision: string) =>
  compileBundle(sources, entrypoints, revision);
const [one, two, other] = await Promise.all([
  build(decision("one"), [DECISION], "one"),
  build(decision("two"), [DECISION], "two"),
  build(
    { "p.rego": 'package p\n\nr := "p"\n\nfails := x if some x in [1, 2]\n' },
    ["p/r", "p/fails"],
    "other",
  ),
]);

async function withEngine(
  options: Partial<PolicyEngineOptions>,
  work: (engine: ManagedPolicyEngine, path: string, log: KeptLog, folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const path = join(folder, "policies.tar.gz");
    await writeFile(path, one);
    const log = new KeptLog();
    const engine = await createPolicyEngine({
      bundles: [{ name: "main", path }],
      decisions: [DECISION],
      log,
      ...options,
    });
    try {
      await work(engine, path, log, folder);
    } finally {
      await engine.close();
    }
  });
}

async function codeOf(engine: ManagedPolicyEngine): Promise<string> {
  const { result, revision } = await engine.for("").evaluate(DECISION, {});
  const code = (result as { reasons: { code: string }[] }).reasons[0]?.code ?? "";
  assert.equal(code, revision, "a result comes from the revision that it names");
  return code;
}

test("a bundle that is slow the first time only, while it is compiled, is not refused for it", async () => {
  const slow = await build(
    { "p.rego": "package p\n\nr := count(numbers.range(1, 300000))\n" },
    ["p/r"],
    "slow",
  );
  await withFolder(async (folder) => {
    const path = join(folder, "policies.tar.gz");
    await writeFile(path, slow);
    const bundles = [{ name: "main", path }];
    const options = { bundles, entrypoints: ["p/r"], log: new KeptLog(), watch: false, timeLimitMs: 1 };
    const engine = await createPolicyEngine(options);
    assert.equal(engine.revision, "slow");
    await engine.close();
  });
});

describe("createPolicyEngine", () => {
  test("loads the bundle and evaluates it", async () => {
    await withEngine({}, async (engine) => {
      assert.equal(engine.ready, true);
      assert.equal(engine.revision, "one");
      assert.equal(engine.for("").has(DECISION), true);
      assert.equal(engine.for("").has("regent/response/decision"), false);
      const evaluation = await engine.for("").evaluate(DECISION, Buffer.from("{}"));
      assert.ok(evaluation.durationMs >= 0);
      assert.equal(evaluation.revision, "one");
      await assert.rejects(
        engine.for("").evaluate("p/r", {}),
        (error) => error instanceof RegentError && error.code === "policy_unavailable",
      );
    });
  });

  test("refuses to start without a bundle and says which and why", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "missing.tar.gz");
      const start = (bundle: Buffer | undefined, options: Partial<PolicyEngineOptions> = {}) =>
        (bundle === undefined ? Promise.resolve() : writeFile(path, bundle)).then(() =>
          createPolicyEngine({ bundles: [{ name: "main", path }], log: new KeptLog(), ...options }),
        );
      const refused = (starting: Promise<unknown>, message: RegExp) =>
        assert.rejects(starting, (error) => {
          assert.ok(error instanceof BundleError);
          assert.match(error.message, message);
          return true;
        });
      await refused(
        start(undefined),
        /^the policy bundle main \(.*missing\.tar\.gz\) cannot be used: .* does not exist$/,
      );
      await refused(start(Buffer.from("nonsense")), /bundle main .* not a whole gzip file/);
      await refused(
        start(one, { decisions: [DECISION, "regent/response/decision"] }),
        /no entrypoint regent\/response\/decision; it has regent\/request\/decision/,
      );
      await refused(
        start(other, { decisions: ["p/r"] }),
        /p\/r answers an empty input with no decision: .*must be an object/,
      );
      await refused(
        start(other, { entrypoints: ["p/fails"] }),
        /p\/fails fails on an empty input: .*conflict/,
      );
      await refused(
        createPolicyEngine({ bundles: [], log: new KeptLog() }),
        /no policy bundle is configured/,
      );
      const twice = { name: "main", path };
      await refused(
        createPolicyEngine({ bundles: [twice, twice], log: new KeptLog() }),
        /two policy bundles are called main/,
      );
    });
  });

  test("fails an evaluation that traps and serves the next one", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "other.tar.gz");
      await writeFile(path, other);
      const engine = await createPolicyEngine({
        bundles: [{ name: "o", path }],
        entrypoints: ["p/r"],
        log: new KeptLog(),
        watch: false,
      });
      for (let round = 0; round < 2; round++) {
        await assert.rejects(
          engine.for("").evaluate("p/fails", { a: 3 }),
          (error) => error instanceof RegentError && error.code === "policy_trap",
        );
        assert.equal((await engine.for("").evaluate("p/r", {})).result, "p");
      }
      await engine.close();
    });
  });
});

test("an engine that nobody closes does not keep its process alive", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "p.tar.gz");
    await writeFile(path, other);
    const code = `
      const { createPolicyEngine } = await import(${JSON.stringify(import.meta.resolve("./engine.ts"))});
      const log = { info() {}, warn() {}, error() {} };
      const engine = await createPolicyEngine({ bundles: [{ name: "p", path: process.argv[1] }], log });
      console.log((await engine.for("").evaluate("p/r", {})).result);`;
    const args = ["--input-type=module", "-e", code, path];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
    assert.equal(stdout, "p\n");
  });
});

describe("a bundle that is replaced", () => {
  test("is activated, and told by the status", async () => {
    await withEngine({}, async (engine, path, log) => {
      const [before] = engine.status();
      assert.equal(before?.revision, "one");
      const active = log.next(/is active/);
      await replaceFile(path, two);
      assert.equal((await active).fields.revision, "two");
      assert.equal(await codeOf(engine), "two");
      const [after] = engine.status();
      assert.equal(after?.name, "main");
      assert.equal(after?.revision, "two");
      assert.notEqual(after?.digest, before?.digest);
      assert.ok((after?.activatedAt ?? "") >= (before?.activatedAt ?? ""));
      assert.equal(after?.lastError, undefined);
    });
  });

  test("is activated when it is reached through a swapped symbolic link, as a mounted ConfigMap is", async () => {
    await withFolder(async (folder) => {
      for (const [name, content] of [
        ["v1", one],
        ["v2", two],
      ] as const) {
        await mkdir(join(folder, name));
        await writeFile(join(folder, name, "policies.tar.gz"), content);
      }
      await symlink("v1", join(folder, "..data"));
      await symlink("..data/policies.tar.gz", join(folder, "policies.tar.gz"));
      const log = new KeptLog();
      const path = join(folder, "policies.tar.gz");
      const engine = await createPolicyEngine({
        bundles: [{ name: "main", path }],
        decisions: [DECISION],
        log,
      });
      const active = log.next(/is active/);
      await symlink("v2", join(folder, "..data_tmp"));
      await rename(join(folder, "..data_tmp"), join(folder, "..data"));
      await active;
      assert.equal(await codeOf(engine), "two");
      await engine.close();
    });
  });

  test("is found by polling where the folder tells nothing", async () => {
    await withFolder(async (folder) => {
      // The link points out of the folder that is watched: only looking at the file shows the change.
      await mkdir(join(folder, "elsewhere"));
      await mkdir(join(folder, "watched"));
      await writeFile(join(folder, "elsewhere", "p.tar.gz"), one);
      const path = join(folder, "watched", "p.tar.gz");
      await symlink("../elsewhere/p.tar.gz", path);
      const log = new KeptLog();
      const engine = await createPolicyEngine({ bundles: [{ name: "main", path }], log, pollMs: 20 });
      const active = log.next(/is active/);
      await replaceFile(join(folder, "elsewhere", "p.tar.gz"), two);
      await active;
      assert.equal(engine.revision, "two");
      await engine.close();
    });
  });

  const bad: [string, (path: string, folder: string) => Promise<void>, RegExp][] = [
    ["nonsense", (path) => replaceFile(path, Buffer.from("nonsense")), /not a whole gzip file/],
    ["cut off", (path) => truncate(path, 100), /not a whole gzip file/],
    ["without its entrypoint", (path) => replaceFile(path, other), /no entrypoint regent\/request\/decision/],
    ["gone", (path) => rm(path), /does not exist/],
  ];
  for (const [name, damage, fault] of bad) {
    test(`leaves the last good one deciding when it is ${name}`, async () => {
      await withEngine({}, async (engine, path, log, folder) => {
        const refused = log.next(/is refused/);
        await damage(path, folder);
        const line = await refused;
        assert.equal(line.level, "error");
        assert.match(line.message, /bundle main/);
        assert.match(line.message, fault);
        assert.equal(line.fields.bundle, "main");
        assert.equal(await codeOf(engine), "one");
        assert.match(engine.status()[0]?.lastError?.message ?? "", fault);

        const active = log.next(/is active/);
        await replaceFile(path, two);
        await active;
        assert.equal(await codeOf(engine), "two");
        assert.equal(engine.status()[0]?.lastError, undefined);
      });
    });
  }

  test("is left alone when its bytes are the same", async () => {
    await withEngine({ watch: false }, async (engine, path, log) => {
      const { activatedAt } = engine.status()[0] ?? {};
      const lines = log.lines.length;
      await replaceFile(path, one);
      await engine.reload();
      assert.equal(engine.status()[0]?.activatedAt, activatedAt);
      assert.equal(log.lines.length, lines);
    });
  });
});

test("an engine that cannot start closes every source, also one whose version waits for others", async () => {
  const version = await unpackArchive(one);
  const closed: string[] = [];
  const source = (name: string, start: BundleSource["start"]): BundleSource => {
    let starting: Promise<void> = Promise.resolve();
    return {
      location: name,
      start(sink) {
        starting = start(sink);
        return starting;
      },
      async reload() {},
      async close() {
        await starting.catch(() => {});
        closed.push(name);
      },
    };
  };
  const waiting = source("waiting", async (sink) => {
    await sink.offer(version);
  });
  const failing = source("failing", async () => {
    throw new Error("out of order");
  });
  const bundles = [
    { name: "waiting", source: waiting },
    { name: "failing", source: failing },
  ];
  await assert.rejects(createPolicyEngine({ bundles, log: new KeptLog() }), /out of order/);
  assert.deepEqual(closed.sort(), ["failing", "waiting"]);
});
