import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { acquireLock, liveOwner } from "./lock.ts";

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "regent-lock-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** The lock of a process like this one, with something about it changed. */
async function lockOf(t: TestContext, changes: object): Promise<string> {
  const dir = folder(t);
  await acquireLock(dir);
  const path = join(dir, "lock");
  const owner = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, `${JSON.stringify({ ...owner, token: randomUUID(), ...changes })}\n`);
  return dir;
}

test("a folder has one writer: the second is refused and told who the first is", async (t) => {
  const dir = folder(t);
  const lock = await acquireLock(dir);
  await assert.rejects(acquireLock(dir), new RegExp(`in use by process ${process.pid}`));
  assert.equal(await liveOwner(dir), process.pid);
  await lock.release();
  assert.equal(await liveOwner(dir), undefined);
  await acquireLock(dir);
});

test("the lock of a process that is gone is replaced, also when its id or its boot is another's now", async (t) => {
  const gone = [{ pid: 2 ** 22 + 1 }, { started: "1" }, { boot: randomUUID() }];
  for (const changes of gone) {
    const dir = await lockOf(t, changes);
    assert.equal(await liveOwner(dir), undefined, JSON.stringify(changes));
    await acquireLock(dir);
    assert.equal(await liveOwner(dir), process.pid);
  }
});

test("a lock that names nobody is replaced", async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, "lock"), "");
  await acquireLock(dir);
  assert.equal(await liveOwner(dir), process.pid);
});

test("of many that replace a dead lock at once, one gets it and nothing is left behind", async (t) => {
  const dir = await lockOf(t, { started: "1" });
  const takers = await Promise.allSettled(Array.from({ length: 20 }, () => acquireLock(dir)));
  assert.equal(takers.filter(({ status }) => status === "fulfilled").length, 1);
  assert.deepEqual(readdirSync(dir), ["lock"]);
});

test("a dead process that was about to replace a lock does not block it", async (t) => {
  const dir = await lockOf(t, { started: "1" });
  writeFileSync(join(dir, "lock.taking"), readFileSync(join(dir, "lock")));
  await acquireLock(dir);
  assert.deepEqual(readdirSync(dir), ["lock"]);
});

test("the holder takes a removed lock again, and notices when another process has it", async (t) => {
  const dir = folder(t);
  const lock = await acquireLock(dir);
  rmSync(join(dir, "lock"));
  await lock.assertHeld();
  assert.equal(await liveOwner(dir), process.pid);

  rmSync(join(dir, "lock"));
  const other = await acquireLock(dir);
  await assert.rejects(lock.assertHeld(), /in use by process/);
  await lock.release();
  await other.assertHeld();
  assert.equal(await liveOwner(dir), process.pid);
});
