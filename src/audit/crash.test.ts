import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { auditFolder, writeRun } from "../../test/support/audit-folder.ts";
import { tailAudit } from "./query.ts";
import { verifyAudit } from "./verify.ts";

const APPENDER = fileURLToPath(new URL("../../test/support/audit-appender.ts", import.meta.url));
const FLUSH_MS = 50;
/** More than these tests write. */
const LINES_MAX = 1_000_000;
/** Writing and confirming a batch takes time of its own; shared disks stall for longer than good ones. */
const WRITE_MS = 2_000;

type Appender = { readonly child: ChildProcess; readonly lines: AsyncIterableIterator<string> };

function startAppender(t: TestContext, dir: string, fileBlocksMax?: number): Appender {
  const limit = fileBlocksMax === undefined ? "" : `ulimit -S -f ${fileBlocksMax}; `;
  const command = `${limit}exec "$0" "$@"`;
  const args = ["-c", command, process.execPath, APPENDER, dir, String(FLUSH_MS), "2"];
  const child = spawn("bash", args, { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  assert.ok(child.stdout);
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

/** What the process says up to the line that is wanted, or to its end when none is. */
async function until(
  lines: AsyncIterableIterator<string>,
  wanted: (line: string) => boolean,
): Promise<string[]> {
  const said: string[] = [];
  for (;;) {
    const { done, value } = await lines.next();
    if (done) return said;
    said.push(value);
    if (wanted(value)) return said;
  }
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

test("after kill -9 at load every confirmed record is there, and the missing ones are younger than a flush", async (t) => {
  const dir = auditFolder(t);
  for (const records of [1, 100, 400, 777]) {
    const { child, lines } = startAppender(t, dir);
    const said = await until(lines, (line) => countIn(line, "appended") >= records);
    await kill(child);
    said.push(...(await until(lines, () => false)));

    await writeRun(dir, []);
    assert.deepEqual((await verifyAudit(dir)).findings, []);
    const ids = await idsOfLastRun(dir);
    assert.deepEqual(
      ids,
      ids.map((_, index) => index + 1),
      "the records are those from the first on, without a gap",
    );
    const durable = Math.max(0, ...said.map((line) => countIn(line, "durable")));
    assert.ok(ids.length >= durable, `${ids.length} records are there, ${durable} were confirmed`);
    const lastMs = atMs(said.findLast((line) => line.startsWith("appended")));
    const firstMissingMs = atMs(said.find((line) => countIn(line, "appended") > ids.length));
    assert.ok(!(lastMs - firstMissingMs > FLUSH_MS + WRITE_MS), `${lastMs - firstMissingMs} ms are missing`);
  }
});

function countIn(line: string, word: string): number {
  return line.startsWith(word) ? Number(line.split(" ")[1]) : 0;
}

/** NaN when nothing is missing. */
function atMs(line: string | undefined): number {
  return Number(line?.split(" ")[2]);
}

/** Numbers of the records of the run before the last. */
async function idsOfLastRun(dir: string): Promise<number[]> {
  const lines = await tailAudit(dir, LINES_MAX);
  const starts = lines.flatMap(({ event }, index) => (event?.kind === "opened" ? [index] : []));
  const [from = 0, to = lines.length] = starts.slice(-2);
  return lines.slice(from, to).flatMap(({ record }) => (record === undefined ? [] : [Number(record.id)]));
}

test("at a file size limit the log has a fault from the first failed write on, and none once the limit is gone", async (t) => {
  if (spawnSync("prlimit", ["--version"]).error !== undefined) {
    t.skip("prlimit (util-linux) is not installed, so the limit cannot be lifted");
    return;
  }
  const dir = auditFolder(t);
  // 1 KiB: the first line fits, a batch of records never does.
  const { child, lines } = startAppender(t, dir, 1);
  const fault = await until(lines, (line) => line.startsWith("fault"));
  assert.match(fault.at(-1) ?? "", /EFBIG/);
  assert.deepEqual((await verifyAudit(dir)).findings, []);

  assert.equal(spawnSync("prlimit", [`--pid=${child.pid}`, "--fsize=unlimited"]).status, 0);
  const healthy = await until(lines, (line) => line === "healthy");
  assert.equal(healthy.at(-1), "healthy");
  await kill(child);
  await writeRun(dir, []);
  assert.deepEqual((await verifyAudit(dir)).findings, []);
  const kinds = (await tailAudit(dir, LINES_MAX)).flatMap(({ event }) => event?.kind ?? []);
  assert.ok(kinds.includes("resumed"));
});
