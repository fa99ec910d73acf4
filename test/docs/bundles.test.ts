import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, symlink } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { packageFile } from "../../src/document/package-root.ts";
import { unpackArchive } from "../../src/policy/bundle/archive.ts";
import { createPolicyEngine } from "../../src/policy/engine.ts";
import { withFolder } from "../support/rego.ts";

const run = promisify(execFile);
const DOCS = await readFile(packageFile("docs", "bundles.md"), "utf8");

test("docs/bundles.md says how a bundle is built that owns only what is its own", async () => {
  const [, command = assert.fail("no command")] =
    /`(regent policy build [^`]+)`/.exec(DOCS.slice(DOCS.indexOf("## Several bundles"))) ?? [];
  await withFolder(async (folder) => {
    await symlink(packageFile("policies"), join(folder, "policies"));
    const PATH = [packageFile("node_modules", ".bin"), process.env.PATH].join(delimiter);
    await run("sh", ["-ec", command], { cwd: folder, env: { ...process.env, PATH } });
    const { files } = await unpackArchive(await readFile(join(folder, "policies.tar.gz")));
    assert.deepEqual(JSON.parse(String(files.get(".manifest"))).roots, ["regent"]);
  });
});

test("docs/bundles.md shows commands that make two bundles which are active together", async () => {
  const [commands = assert.fail("no commands")] = [...DOCS.matchAll(/^```sh\n(.*?)^```/gms)].map(
    ([, text]) => text,
  );
  await withFolder(async (folder) => {
    await symlink(packageFile("policies"), join(folder, "policies"));
    await run("sh", ["-ec", commands], { cwd: folder });
    const engine = await createPolicyEngine({
      bundles: ["policies-with-roots", "limits"].map((name) => ({ name, path: join(folder, name) })),
      entrypoints: ["regent/request/decision"],
      watch: false,
      log: { info() {}, warn() {}, error() {} },
    });
    assert.match(engine.revision, /^policies-with-roots=[^,]+,limits=/);
    await engine.close();
  });
});
