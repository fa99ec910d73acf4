import assert from "node:assert/strict";
import { mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Counters } from "./counters.ts";
import { DecisionFolder, decisionFiles, type FolderOptions } from "./folder.ts";

async function withFolder(
  run: (
    dir: string,
    open: (options?: Partial<FolderOptions>) => Promise<DecisionFolder>,
    counters: Counters,
    troubles: (string | undefined)[],
  ) => Promise<void>,
): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), "decisions-"));
  const dir = join(parent, "log");
  const counters = new Counters();
  const troubles: (string | undefined)[] = [];
  const open = (options: Partial<FolderOptions> = {}) =>
    DecisionFolder.open({
      dir,
      fileBytes: 1000,
      filesMax: 3,
      counters,
      onTrouble: (why) => troubles.push(why),
      retryMs: 5,
      ...options,
    });
  try {
    await run(dir, open, counters, troubles);
  } finally {
    await rm(parent, { recursive: true });
  }
}

const event = (n: number) => Buffer.from(`{"n":${n},\n\r"pad":"${"x".repeat(80)}"}`);

async function numbersIn(dir: string): Promise<number[]> {
  const texts = await Promise.all(
    (await decisionFiles(dir)).map((name) => readFile(join(dir, name), "utf8")),
  );
  return texts
    .join("")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { n: number }).n);
}

test("keeps the newest lines in files of a bounded size and number, for the owner and the group", () =>
  withFolder(async (dir, open) => {
    const folder = await open();
    for (let n = 0; n < 100; n++) folder.append(event(n));
    assert.equal(await folder.close(), 0);
    const files = await decisionFiles(dir);
    assert.equal(files.length, 3);
    for (const name of files) {
      const { size, mode } = await stat(join(dir, name));
      assert.ok(size <= 1000, `${name} has ${size} bytes`);
      assert.equal(mode & 0o777, 0o640);
    }
    const numbers = await numbersIn(dir);
    assert.ok(numbers.length > 15);
    assert.deepEqual(
      numbers,
      Array.from({ length: numbers.length }, (_, i) => 100 - numbers.length + i),
    );
  }));

test("begins a new file at each start, after those that are there", () =>
  withFolder(async (dir, open) => {
    for (const n of [1, 2]) {
      const folder = await open();
      folder.append(event(n));
      await folder.close();
    }
    assert.deepEqual(await decisionFiles(dir), [
      "decisions-000000000001.jsonl",
      "decisions-000000000002.jsonl",
    ]);
    assert.deepEqual(await numbersIn(dir), [1, 2]);
  }));

test("leaves alone what is not its own", () =>
  withFolder(async (dir, open) => {
    await (await open()).close();
    await writeFile(join(dir, "notes.jsonl"), "mine");
    const folder = await open({ filesMax: 1 });
    for (let n = 0; n < 50; n++) folder.append(event(n));
    await folder.close();
    assert.equal(await readFile(join(dir, "notes.jsonl"), "utf8"), "mine");
  }));

test("a folder that goes away is said once, loses nothing within the queue, and is written again when it is back", () =>
  withFolder(async (dir, open, counters, troubles) => {
    const folder = await open();
    await rename(dir, `${dir}-away`);
    for (let n = 0; n < 10; n++) folder.append(event(n));
    await folder.flush();
    assert.match(folder.trouble ?? "", /ENOENT/);
    await rename(`${dir}-away`, dir);
    assert.equal(await folder.close(), 0);
    assert.deepEqual(await numbersIn(dir), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.equal(troubles.length, 2);
    assert.equal(folder.trouble, undefined);
    assert.equal(counters.read().regent_decision_log_folder_dropped_total, 0);
  }));

test("while the disk fails the oldest beyond the queue are dropped and counted, and those left over at the end too", () =>
  withFolder(async (dir, open, counters) => {
    const folder = await open({ queueBytesMax: 500 });
    await rename(dir, `${dir}-away`);
    for (let n = 0; n < 20; n++) folder.append(event(n));
    const left = await folder.close();
    assert.equal(left, Math.floor(500 / (event(10).length + 1)));
    assert.equal(counters.read().regent_decision_log_folder_dropped_total, 20);
  }));

test("cannot be opened where there is a file in its place", async () => {
  const parent = await mkdtemp(join(tmpdir(), "decisions-"));
  await writeFile(join(parent, "log"), "");
  const opening = DecisionFolder.open({
    dir: join(parent, "log"),
    fileBytes: 1,
    filesMax: 1,
    counters: new Counters(),
    onTrouble: () => {},
  });
  await assert.rejects(opening, /EEXIST|ENOTDIR/);
  await rm(parent, { recursive: true });
});
