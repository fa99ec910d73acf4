import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { packageFile } from "../../src/document/package-root.ts";
import { temporaryFolder } from "./support/envoy.ts";

const regent = packageFile("node_modules", ".bin", "regent");
const folder = temporaryFolder();
let sidecar: ChildProcess | undefined;
after(() => {
  sidecar?.kill("SIGKILL");
  folder.remove();
});

/** A folder with envoy/regent.yaml as it is committed, but for ports of the system's choice. */
function checkout(): string {
  for (const name of ["dist", "policies", "schema"]) symlinkSync(packageFile(name), join(folder.path, name));
  mkdirSync(join(folder.path, "envoy"));
  const committed = readFileSync(packageFile("envoy", "regent.yaml"), "utf8");
  writeFileSync(
    join(folder.path, "envoy", "regent.yaml"),
    committed.replaceAll(/(127\.0\.0\.1):\d+/g, "$1:0"),
  );
  return folder.path;
}

test("serves envoy/regent.yaml, is healthy, and ends well when asked to", { timeout: 60_000 }, async () => {
  const child = spawn(regent, ["serve", "-c", "envoy/regent.yaml"], { cwd: checkout() });
  sidecar = child;
  let probes: string | undefined;
  for await (const line of createInterface(child.stderr)) {
    const said = JSON.parse(line) as { msg: string; probes?: string };
    if (said.msg === "regent is serving") probes = said.probes;
    if (probes !== undefined) break;
  }
  child.stderr.resume();

  const healthy = spawnSync(regent, ["healthcheck", "--url", `http://${probes}/readyz`], {
    encoding: "utf8",
  });
  assert.equal(healthy.status, 0, healthy.stderr);

  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
  const gone = spawnSync(regent, ["healthcheck", "--url", `http://${probes}/readyz`], { encoding: "utf8" });
  assert.equal(gone.status, 1);
});
