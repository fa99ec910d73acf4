import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type Sources, withFolder, writeSources } from "../../test/support/rego.ts";
import { runCommand } from "../../test/support/run-command.ts";
import { packageFile } from "../document/package-root.ts";
import { unpackArchive } from "../policy/bundle/archive.ts";
import { readBundle } from "../policy/bundle/bundle.ts";
import { policyCommand } from "./policy.ts";

const REQUEST =
  'package regent.request # the gate\n\nimport data.org.limits\n\ndecision := {"allow": limits.open}\n';
const SOURCES: Sources = {
  "rules/request.rego": REQUEST,
  "rules/request_test.rego":
    "package regent.request_test\n\nimport data.regent.request\n\ntest_open if request.decision.allow with data.org.limits.open as true\n",
  "rules/org/limits/data.json": '{"open":false}',
  "rules/org/extra/data.yaml": "word: yes\n",
  "rules/registry.yaml": "not: for the bundle\n",
  "rules/.hidden/data.json": '{"secret":1}',
  "rules/draft/x.rego": "package draft\n\nx := 1\n",
};

/** Runs in a folder with the sources, and gives it. */
async function withSources(work: (folder: string) => Promise<void>, more: Sources = {}): Promise<void> {
  await withFolder(async (folder) => {
    await writeSources(folder, { ...SOURCES, ...more });
    await work(folder);
  });
}

describe("regent policy build", () => {
  test("writes a bundle with the policies and data, and nothing else of the folder", async () => {
    await withSources(async (folder) => {
      const output = join(folder, "b.tar.gz");
      const { status, stdout } = await runCommand(policyCommand(), [
        "build",
        join(folder, "rules"),
        "-o",
        output,
      ]);
      assert.equal(status, 0);
      const bundle = await readBundle(output);
      assert.match(
        stdout,
        new RegExp(
          `^${output}: revision ${bundle.revision}, \\d+ bytes, entrypoints regent/request/decision\\n$`,
        ),
      );
      assert.deepEqual(bundle.entrypoints, ["regent/request/decision"]);
      assert.deepEqual(JSON.parse(bundle.data.toString()), {
        org: { limits: { open: false }, extra: { word: "yes" } },
      });
      assert.deepEqual(readdirSync(folder).sort(), ["b.tar.gz", "rules"]);
    });
  });

  test("writes the same bytes for the same sources, and another revision for others", async () => {
    await withSources(async (folder) => {
      const build = async (...flags: string[]) => {
        const output = join(folder, "b.tar.gz");
        const { stdout } = await runCommand(policyCommand(), [
          "build",
          join(folder, "rules"),
          "-o",
          output,
          "--format",
          "json",
          ...flags,
        ]);
        return {
          bytes: readFileSync(output),
          ...(JSON.parse(stdout) as { revision: string; entrypoints: string[] }),
        };
      };
      const [first, second] = [await build(), await build()];
      assert.deepEqual(first.bytes, second.bytes);
      assert.match(first.revision, /^[0-9a-f]{16}$/);
      assert.notEqual((await build("--ignore", "draft")).revision, first.revision);
      assert.notEqual((await build("-e", "draft/x")).revision, first.revision);
      assert.deepEqual((await build("-e", "draft/x", "-e", "regent/request/decision")).entrypoints.sort(), [
        "draft/x",
        "regent/request/decision",
      ]);
      assert.equal((await build("--revision", "v7")).revision, "v7");
      await writeSources(folder, { "rules/org/limits/data.json": '{"open":true}' });
      assert.notEqual((await build()).revision, first.revision);
    });
  });

  test("joins several folders and takes a file once, however it is reached", async () => {
    const more = { "own/org/limits/data.json": '{"tokens":5}', "own/rule.rego": "package own\n\nr := 1\n" };
    await withSources(async (folder) => {
      const output = join(folder, "b.tar.gz");
      const dirs = [join(folder, "rules"), join(folder, "own"), join(folder, "rules", "request.rego")];
      assert.equal((await runCommand(policyCommand(), ["build", ...dirs, "-o", output])).status, 0);
      const { data } = await readBundle(output);
      assert.deepEqual(JSON.parse(data.toString()).org.limits, { open: false, tokens: 5 });
    }, more);
  });

  test("builds what is beside the working folder", async () => {
    await withSources(async (folder) => {
      const build = spawnSync(
        process.execPath,
        [packageFile("src", "main.ts"), "policy", "build", "../../rules", "-o", "b.tar.gz"],
        { cwd: join(folder, "rules", "draft"), encoding: "utf8" },
      );
      assert.equal(build.status, 0, build.stderr);
      const bundle = await readBundle(join(folder, "rules", "draft", "b.tar.gz"));
      assert.deepEqual(bundle.entrypoints, ["regent/request/decision"]);
    });
  });

  test("says which roots the bundle owns, and refuses policies and data outside of them", async () => {
    await withSources(async (folder) => {
      const output = join(folder, "b.tar.gz");
      const args = ["build", join(folder, "rules"), "-o", output, "--ignore", "draft"];
      const { status } = await runCommand(policyCommand(), [...args, "--root", "regent", "--root", "org"]);
      assert.equal(status, 0);
      const { files } = await unpackArchive(readFileSync(output));
      assert.deepEqual(JSON.parse(String(files.get(".manifest"))).roots, ["regent", "org"]);
      const outside = await runCommand(policyCommand(), [...args, "--root", "org"]);
      assert.equal(outside.status, 3);
      assert.match(
        outside.failure ?? "",
        /the entrypoint regent\/request\/decision lies outside of the roots \(org\); add a root for it/,
      );
    });
  });

  const faults: [string, Sources, RegExp][] = [
    [
      "does not compile",
      { "rules/bad.rego": "package bad\n\nr := undefined_thing\n" },
      /bad\.rego:3:6: error unsafe_var: var undefined_thing is unsafe/,
    ],
    [
      "uses a builtin that Regent does not have",
      { "rules/bad.rego": 'package bad\n\nr := http.send({"method": "get", "url": "http://x"})\n' },
      /undefined function http\.send/,
    ],
    [
      "has data that contradicts itself",
      { "rules/org/data.json": '{"limits":{"open":1}}' },
      /merge error|conflict/,
    ],
  ];
  for (const [name, more, message] of faults) {
    test(`ends with 3 and OPA's words when a source ${name}, and leaves the old bundle`, async () => {
      await withSources(async (folder) => {
        const output = join(folder, "b.tar.gz");
        await writeSources(folder, { "b.tar.gz": "the old one" });
        const { status, failure } = await runCommand(policyCommand(), [
          "build",
          join(folder, "rules"),
          "-o",
          output,
        ]);
        assert.equal(status, 3);
        assert.match(failure ?? "", message);
        assert.equal(readFileSync(output, "utf8"), "the old one");
        assert.deepEqual(readdirSync(folder).sort(), ["b.tar.gz", "rules"]);
      }, more);
    });
  }

  test("ends with 3 where a rule says what nobody asks, with its place, unless it is told not to check", async () => {
    const rule = 'package regent.rules.a.b\n\ndenies contains 1 if input.request.path == "/x"\n';
    await withSources(
      async (folder) => {
        const args = ["build", join(folder, "rules"), "-o", join(folder, "b.tar.gz")];
        const { status, failure } = await runCommand(policyCommand(), args);
        assert.equal(status, 3);
        assert.match(
          failure ?? "",
          /^the policies have errors:\n.*rules\/b\.rego:3:1: error rule-name: `denies` is no part of a rule/,
        );
        assert.deepEqual(readdirSync(folder), ["rules"]);
        assert.equal((await runCommand(policyCommand(), [...args, "--no-check"])).status, 0);
        await readBundle(join(folder, "b.tar.gz"));
      },
      { "rules/b.rego": rule },
    );
  });

  test("ends with 3 when there is nothing to build", async () => {
    await withFolder(async (folder) => {
      const build = (path: string) =>
        runCommand(policyCommand(), ["build", path, "-o", join(folder, "b.tar.gz")]);
      assert.match((await build(folder)).failure ?? "", /there is no policy/);
      const missing = await build(join(folder, "missing"));
      assert.equal(missing.status, 3);
      assert.match(missing.failure ?? "", /missing cannot be read/);
    });
  });

  test("says how to build rules that nothing asks", async () => {
    await withFolder(async (folder) => {
      await writeSources(folder, { "a.rego": "package regent.rules.a.b\n\ndeny contains 1 if false\n" });
      const args = ["build", folder, "-o", join(folder, "b.tar.gz")];
      const { status, failure } = await runCommand(policyCommand(), args);
      assert.equal(status, 3);
      assert.match(
        failure ?? "",
        /--entrypoint.* METADATA.* build them together with the folder policies\.$/,
      );
    });
  });

  test("ends with 3 for a path that OPA would read as something else", async () => {
    const odd = {
      "odd/a.b/data.json": '{"x":1}',
      "odd/p.rego": "package p\n\nr := 1\n",
      "colon/a:b.rego": "package q\n\nr := 1\n",
    };
    await withSources(async (folder) => {
      for (const name of ["odd", "colon"]) {
        const args = ["build", join(folder, name), "-o", join(folder, "b.tar.gz"), "-e", "p/r"];
        const { status, failure } = await runCommand(policyCommand(), args);
        assert.equal(status, 3);
        assert.match(failure ?? "", /cannot take a path with a colon, or data from a folder with a dot/);
      }
    }, odd);
  });

  test("ends with 1 when there is no OPA, and says how to get one", async () => {
    await withSources(async (folder) => {
      const output = join(folder, "b.tar.gz");
      const { status, stderr } = regent(["policy", "build", join(folder, "rules"), "-o", output], {
        OPA: join(folder, "no-opa"),
      });
      assert.equal(status, 1);
      assert.match(stderr, /no-opa is not a program/);
      assert.equal(existsSync(output), false);
    });
  });
});

describe("regent policy test", () => {
  test("ends with 0 and OPA's report when all tests pass", async () => {
    await withSources(async (folder) => {
      const { status, stdout } = regent(["policy", "test", join(folder, "rules")]);
      assert.equal(status, 0);
      assert.match(stdout, /^OPA: 1 of 1 pass\ncoverage: [\d.]+ % of the lines\nWasm: all end as in OPA\n$/);
    });
  });

  test("ends with 3 when a test fails, nothing compiles, or no test was run", async () => {
    const failing = { "rules/fail_test.rego": "package fail_test\n\ntest_no if 1 == 2\n" };
    await withSources(async (folder) => {
      const { status, stdout } = regent(["policy", "test", join(folder, "rules"), "--format", "json"]);
      assert.equal(status, 3);
      const { tests } = JSON.parse(stdout) as { tests: { name: string; outcome: string }[] };
      assert.deepEqual(
        tests.filter(({ outcome }) => outcome === "fail").map(({ name }) => name),
        ["test_no"],
      );
      assert.equal(regent(["policy", "test", join(folder, "rules"), "--run", "no_such_test"]).status, 3);
      await writeSources(folder, { "rules/bad.rego": "package bad\n\nr := nothing\n" });
      const broken = regent(["policy", "test", join(folder, "rules")]);
      assert.equal(broken.status, 3);
      assert.match(broken.stderr + broken.stdout, /rego_unsafe_var_error/);
    }, failing);
  });
});

describe("regent policy init, check, lint and sign", () => {
  test("a new rule is checked, linted, tested and signed by the commands that are printed", async () => {
    await withFolder(async (folder) => {
      const rules = join(folder, "my-rules");
      const init = regent(["policy", "init", rules, "--rule", "access/night"]);
      assert.equal(init.status, 0);
      assert.match(init.stdout, /^next:\n {2}regent policy test /m);
      for (const command of ["check", "lint"]) {
        const { status, stdout } = regent(["policy", command, rules]);
        assert.deepEqual([status, stdout], [0, "3 files: nothing found\n"]);
      }
      const again = regent(["policy", "init", rules]);
      assert.deepEqual([again.status, again.stderr.includes("is there already")], [1, true]);
      assert.equal(regent(["policy", "init", rules, "--rule", "Bad Name"]).status, 1);
    });
  });

  test("findings end with 3 for errors and 2 for warnings, a line or a JSON object each", async () => {
    await withFolder(async (folder) => {
      await writeSources(folder, { "a.rego": "package regent.x\n\nr if input.modle\n" });
      const wrong = regent(["policy", "check", folder]);
      assert.equal(wrong.status, 3);
      assert.equal(
        wrong.stdout,
        `${join(folder, "a.rego")}:3:6: error type: undefined ref: input.modle; did you mean model?\n`,
      );
      await writeSources(folder, { "a.rego": "package x\n\nr   := 1\n" });
      const warned = regent(["policy", "lint", folder, "--format", "json"]);
      assert.equal(warned.status, 2);
      const { findings } = JSON.parse(warned.stdout) as { findings: { code: string; row: number }[] };
      assert.deepEqual(
        findings.map(({ code, row }) => [code, row]),
        [["format", 1]],
      );
    });
  });

  test("a folder without policies is told as that", async () => {
    await withFolder(async (folder) => {
      for (const command of ["check", "lint", "test"]) {
        const { status, failure } = await runCommand(policyCommand(), [command, folder]);
        assert.deepEqual([status, failure], [3, `there is no policy (.rego) in ${folder}`], command);
      }
    });
  });

  test("coverage below the threshold ends with 3", async () => {
    await withSources(
      async (folder) => {
        const { status, stderr } = regent(["policy", "test", join(folder, "rules"), "--threshold", "99"]);
        assert.equal(status, 3);
        assert.match(stderr, /the tests reach \d+(\.\d+)? % of the lines, and 99 % are asked for/);
      },
      { "rules/more.rego": "package more\n\nr if input.x\n" },
    );
  });

  test("a bundle is signed in place, and a bad key or term is refused", async () => {
    await withSources(async (folder) => {
      const bundle = join(folder, "b.tar.gz");
      const key = join(folder, "key");
      await writeSources(folder, { key: "a secret of thirty-two bytes, made up" });
      assert.equal(regent(["policy", "build", join(folder, "rules"), "-o", bundle]).status, 0);
      const sign = (...flags: string[]) => regent(["policy", "sign", bundle, "--key", key, ...flags]);
      const signed = sign("--algorithm", "HS256", "--key-id", "k", "--expires", "720h");
      assert.equal(signed.status, 0, signed.stderr);
      assert.match(signed.stdout, /b\.tar\.gz: signed with HS256, \d+ files\n$/);
      assert.equal(sign().status, 3);
      assert.equal(sign("--algorithm", "HS256", "--expires", "soon").status, 1);
    });
  });
});

/** The program itself, from its sources. */
function regent(args: readonly string[], environment: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [packageFile("src", "main.ts"), ...args], {
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
}
