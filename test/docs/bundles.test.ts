import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { packageFile } from "../../src/document/package-root.ts";
import { createPolicyEngine } from "../../src/policy/engine.ts";
import { withFolder } from "../support/rego.ts";

const run = promisify(execFile);
const DOCS = await readFile(packageFile("docs", "bundles.md"), "utf8");

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
