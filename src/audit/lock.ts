import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LockedError } from "./error.ts";

const LOCK = "lock";
/** Held for the moment in which the lock of a process that is gone is replaced. */
const TAKING = "lock.taking";
/** Each round loses only against another process that made progress. */
const ROUNDS_MAX = 10;

/** Who holds a folder. A process id alone is used again after a crash, so its start and the boot are part of it. */
type Owner = {
  readonly pid: number;
  readonly started: string;
  readonly boot: string;
  readonly token: string;
};

/** A folder that this process alone writes to. */
export type Lock = {
  /** Takes the folder again when somebody removed the lock. Throws LockedError when another process has it. */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
};

/**
 * Takes a folder for this process; the lock of a process that is gone is replaced. Throws LockedError naming the holder
 * when it lives. Processes of another machine or another pid namespace are not seen: a folder must not be shared.
 */
export async function acquireLock(dir: string): Promise<Lock> {
  const started = startOf(process.pid) ?? "";
  const own: Owner = { pid: process.pid, started, boot: bootId(), token: randomUUID() };
  await take(dir, own);
  return {
    async assertHeld() {
      if ((await readOwner(join(dir, LOCK)))?.token !== own.token) await take(dir, own);
    },
    async release() {
      if ((await readOwner(join(dir, LOCK)))?.token === own.token) await rm(join(dir, LOCK), { force: true });
    },
  };
}

/** The process that holds a folder and lives; undefined when nobody does. */
export async function liveOwner(dir: string): Promise<number | undefined> {
  const owner = await readOwner(join(dir, LOCK));
  return typeof owner === "object" && lives(owner) ? owner.pid : undefined;
}

async function take(dir: string, own: Owner): Promise<void> {
  const [lock, taking] = [join(dir, LOCK), join(dir, TAKING)];
  const mine = join(dir, `${LOCK}.${own.token}.tmp`);
  await writeFile(mine, `${JSON.stringify(own)}\n`, { flag: "wx", mode: 0o640 });
  try {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      if (await linked(mine, lock)) return;
      await assertGone(dir, lock);
      if (!(await linked(mine, taking))) {
        await assertGone(dir, taking);
        await rm(taking, { force: true });
        continue;
      }
      try {
        // Another process may have replaced the lock between the look at it and the turn to replace it.
        await assertGone(dir, lock);
        await rename(mine, lock);
        return;
      } finally {
        await rm(taking, { force: true });
      }
    }
    throw new LockedError(`${dir} cannot be locked: other processes keep taking it`);
  } finally {
    await rm(mine, { force: true });
  }
}

/** Puts a finished file under a name that must be free: there is no moment in which it is half written. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function assertGone(dir: string, path: string): Promise<void> {
  const owner = await readOwner(path);
  if (owner === undefined || !lives(owner)) return;
  throw new LockedError(`${dir} is in use by process ${owner.pid}; every Regent needs a folder of its own`);
}

/** Undefined when there is no such file, or one that names nobody (a power cut before it reached the disk). */
async function readOwner(path: string): Promise<Owner | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const match =
    /^\{"pid":([0-9]+),"started":"([0-9]*)","boot":"([0-9a-f-]*)","token":"([0-9a-f-]+)"\}\n$/.exec(text);
  if (match === null) return undefined;
  const [, pid, started = "", boot = "", token = ""] = match;
  return { pid: Number(pid), started, boot, token };
}

function lives({ pid, started, boot }: Owner): boolean {
  if (boot !== bootId()) return false;
  if (process.platform === "linux") return startOf(pid) === started;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** When a living process was started, in clock ticks since the boot (proc_pid_stat(5), field 22). */
function startOf(pid: number): string | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  // The second field is the name in parentheses and may hold anything; the third is the state.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ended = fields?.[0] === "Z" || fields?.[0] === "X";
  return ended ? undefined : fields?.[19];
}

function bootId(): string {
  return readProc("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
}

/** Undefined where there is no such process, or no /proc at all. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
