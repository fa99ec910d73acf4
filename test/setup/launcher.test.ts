import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { packageFile } from "../../src/document/package-root.ts";

/** A package with the real launcher and a main.js that says how it was started. */
let root: string;
const launcher = () => join(root, "bin", "regent");
const MAIN = `
console.log(JSON.stringify({ pid: process.pid, args: process.argv.slice(2), flags: process.execArgv }));
if (process.argv[2] === "wait") setInterval(() => {}, 1000);
`;

before(() => {
  root = mkdtempSync(join(tmpdir(), "regent-launcher-"));
  for (const folder of ["bin", "dist/src", "elsewhere"]) mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(packageFile("bin", "regent"), launcher());
  chmodSync(launcher(), 0o755);
  writeFileSync(join(root, "dist/src/main.js"), MAIN);
  writeFileSync(join(root, "elsewhere/old-node"), "#!/bin/sh\necho v20.1.0\n", { mode: 0o755 });
  symlinkSync(launcher(), join(root, "elsewhere/absolute"));
  symlinkSync("absolute", join(root, "elsewhere/relative"));
});
after(() => rmSync(root, { recursive: true }));

const PATH_WITHOUT_NODE = () => join(root, "elsewhere");

function run(program: string, env: NodeJS.ProcessEnv, ...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(program, args, { encoding: "utf8", env: { PATH: "/usr/bin:/bin", ...env } });
}
const good = () => ({ REGENT_NODE: process.execPath });

describe("bin/regent", () => {
  test("finds its program through links, absolute and relative", () => {
    for (const name of ["bin/regent", "elsewhere/absolute", "elsewhere/relative"]) {
      const { status, stdout } = run(join(root, name), good(), "audit", "two words", "");
      assert.equal(status, 0);
      assert.deepEqual((JSON.parse(stdout) as { args: string[] }).args, ["audit", "two words", ""]);
    }
  });

  test("gives the small young generation, or the flags that were named", () => {
    const flags = (env: object) =>
      (JSON.parse(run(launcher(), { ...good(), ...env }).stdout) as { flags: string[] }).flags;
    assert.deepEqual(flags({}), ["--max-semi-space-size=8"]);
    assert.deepEqual(flags({ REGENT_NODE_FLAGS: "--max-semi-space-size=4 --no-warnings" }), [
      "--max-semi-space-size=4",
      "--no-warnings",
    ]);
    assert.deepEqual(flags({ REGENT_NODE_FLAGS: "" }), []);
  });

  test("becomes the program, so that its process id and signals are the program's", async () => {
    const child = spawn(launcher(), ["wait"], { env: { PATH: "/usr/bin:/bin", ...good() } });
    const [line] = await once(child.stdout, "data");
    assert.equal((JSON.parse(String(line)) as { pid: number }).pid, child.pid);
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), [null, "SIGTERM"]);
  });

  test("refuses a named Node that is too old or none, and says which is needed", () => {
    const old = run(launcher(), { REGENT_NODE: join(root, "elsewhere/old-node") });
    assert.equal(old.status, 1);
    assert.match(old.stderr, /REGENT_NODE=.*old-node is v20\.1\.0; Node 24 or newer is needed/);
    const none = run(launcher(), { REGENT_NODE: "/nowhere/node" });
    assert.equal(none.status, 1);
    assert.match(none.stderr, /REGENT_NODE=\/nowhere\/node is not a working Node/);
  });

  test("passes over a Node on PATH or in NODE that is too old, and says so when there is no other", () => {
    symlinkSync("old-node", join(root, "elsewhere/node"));
    for (const tool of ["dirname", "readlink"])
      symlinkSync(`/usr/bin/${tool}`, join(PATH_WITHOUT_NODE(), tool));
    const env = { PATH: PATH_WITHOUT_NODE(), NODE: join(root, "elsewhere/old-node") };
    const none = spawnSync("/bin/sh", [launcher()], { encoding: "utf8", env });
    assert.equal(none.status, 1);
    assert.match(none.stderr, /no Node 24 or newer was found on PATH\. Run 'make setup'/);

    mkdirSync(join(root, ".tools/bin"), { recursive: true });
    symlinkSync(process.execPath, join(root, ".tools/bin/node"));
    assert.equal(spawnSync("/bin/sh", [launcher()], { encoding: "utf8", env }).status, 0);
  });

  test("says how to build it when it was not", () => {
    rmSync(join(root, "dist/src/main.js"));
    const { status, stderr } = run(launcher(), good());
    assert.equal(status, 1);
    assert.match(stderr, /dist\/src\/main\.js is missing\. Run 'make setup' first\./);
  });
});
