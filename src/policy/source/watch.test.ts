import assert from "node:assert/strict";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { withFolder } from "../../../test/support/rego.ts";
import { watchFile } from "./watch.ts";

/** Counts calls and lets a test wait for the next one. */
function callCounter(): {
  readonly call: () => Promise<void>;
  readonly next: () => Promise<void>;
  readonly count: () => number;
} {
  let count = 0;
  let waiting: (() => void)[] = [];
  return {
    call: async () => {
      count += 1;
      for (const resolve of waiting.splice(0)) resolve();
      waiting = [];
    },
    next: () => new Promise((resolve) => waiting.push(resolve)),
    count: () => count,
  };
}

test("calls back for each state of a file that lasts: written, replaced, gone, back again", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFile(path, "1");
    const changes = callCounter();
    const watch = watchFile(path, changes.call);
    const steps = [
      () => writeFile(path, "22"),
      () => writeFile(`${path}.new`, "333").then(() => rename(`${path}.new`, path)),
      () => rm(path),
      () => writeFile(path, "4444"),
    ];
    for (const [index, step] of steps.entries()) {
      const changed = changes.next();
      await step();
      await changed;
      assert.equal(changes.count(), index + 1);
    }
    watch.close();
  });
});

test("does not call back for other files of the folder, nor after it was closed", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFile(path, "1");
    const [closed, other, open] = [callCounter(), callCounter(), callCounter()];
    const watches = [
      watchFile(path, closed.call, 10),
      watchFile(join(folder, "other"), other.call, 10),
      watchFile(path, open.call, 10),
    ];
    watches[0]?.close();
    for (const content of ["22", "333"]) {
      const changed = open.next();
      await writeFile(path, content);
      await changed;
    }
    assert.equal(closed.count(), 0);
    assert.equal(other.count(), 0);
    for (const watch of watches) watch.close();
  });
});

test("waits until a file that is being written comes to rest", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFile(path, "");
    let content = "";
    const changes = callCounter();
    const watch = watchFile(path, changes.call, 10);
    const changed = changes.next();
    // Each write comes before two looks could agree on the one before.
    for (let i = 0; i < 10; i++) {
      content += "x".repeat(1000);
      await writeFile(path, content);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(changes.count(), 0);
    await changed;
    assert.equal(changes.count(), 1);
    watch.close();
  });
});

test("takes no event of a call that still runs for lost: the newest state is called back for", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFile(path, "1");
    const calls: (() => void)[] = [];
    let started: () => void = () => {};
    const nextStart = () => new Promise<void>((resolve) => (started = resolve));
    const watch = watchFile(
      path,
      () =>
        new Promise((resolve) => {
          calls.push(resolve);
          started();
        }),
    );
    let start = nextStart();
    await writeFile(path, "22");
    await start;
    await writeFile(path, "333");
    start = nextStart();
    calls[0]?.();
    await start;
    assert.equal(calls.length, 2);
    calls[1]?.();
    watch.close();
  });
});
