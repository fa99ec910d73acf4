import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Child, startChild } from "../../src/local/child.ts";
import { untilReady } from "../../src/local/until.ts";
import { startWatchdog, type Watchdog } from "../../src/local/watchdog.ts";
import { temporaryFolder } from "./support/envoy.ts";
import { isAlive, untilGone } from "./support/process.ts";

const folder = temporaryFolder();
let watchdog: Watchdog;
before(() => {
  watchdog = startWatchdog();
});
after(() => {
  watchdog.close();
  folder.remove();
});

let started = 0;
function start(script: string, more: { announces?: boolean } = {}): Promise<Child> {
  started += 1;
  const logFile = join(folder.path, `${started}.log`);
  return startChild({ name: "thing", command: "/bin/sh", args: ["-c", script], logFile, watchdog, ...more });
}

describe("a started process", () => {
  test("that ends before it is ready fails the wait with its own words", async () => {
    const child = await start("echo first; echo 'no such table' >&2; exit 4");
    await assert.rejects(
      untilReady(child, 5_000, () => undefined),
      { message: "thing ended with exit code 4. It said:\n  | first\n  | no such table" },
    );
  });

  test("that is not ready in time fails the wait", async () => {
    const child = await start("echo thinking; exec sleep 60");
    await assert.rejects(
      untilReady(child, 100, () => undefined),
      /^Error: thing was not ready within 0.1 s. It said:\n {2}\| thinking$/,
    );
    await child.stop();
  });

  test("is ready when the look says so, whatever it threw before", async () => {
    const child = await start("exec sleep 60");
    let looks = 0;
    const found = await untilReady(child, 5_000, () => {
      looks += 1;
      if (looks < 3) throw new Error("not yet");
      return "ready";
    });
    assert.deepEqual([found, looks], ["ready", 3]);
    await child.stop();
  });

  test("says where it listens in its first line, or how it ended without one", async () => {
    const child = await start("echo here; echo and more; exec sleep 60", { announces: true });
    assert.equal(await child.announcement(), "here");
    await child.stop();
    await assert.rejects(
      (await start("exit 5", { announces: true })).announcement(),
      /thing ended with exit code 5/,
    );
  });

  test("is asked to end, and killed when it does not", async () => {
    const polite = await start("exec sleep 60");
    await polite.stop();
    assert.equal(await polite.ended, "signal SIGTERM");

    const deaf = await start("trap '' TERM; echo deaf; while :; do sleep 1; done", { announces: true });
    await deaf.announcement();
    await deaf.stop(100);
    assert.equal(await deaf.ended, "signal SIGKILL");
    assert.ok(!isAlive(deaf.pid));
  });

  test("cannot be started when there is no such program", async () => {
    const command = join(folder.path, "nothing");
    const logFile = join(folder.path, "nothing.log");
    await assert.rejects(startChild({ name: "nothing", command, args: [], logFile, watchdog }), /ENOENT/);
  });
});

test("a process does not outlive a parent that was killed", { timeout: 30_000 }, async () => {
  const script = fileURLToPath(new URL("./support/orphan-maker.ts", import.meta.url));
  const parent = spawn(process.execPath, [script, join(folder.path, "orphan.log")]);
  const [line] = await once(parent.stdout, "data");
  const pid = Number(String(line));
  assert.ok(isAlive(pid));
  parent.kill("SIGKILL");
  await untilGone(pid, 10_000);
});
