import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

/** Whether a process is there and not merely waiting to be collected. */
export function isAlive(pid: number): boolean {
  try {
    // Behind the command's name in parentheses: the state, Z for a zombie.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Waits until a process is gone; throws when it is still there after the limit. */
export async function untilGone(pid: number, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (isAlive(pid)) {
    if (performance.now() > deadline) throw new Error(`process ${pid} is still there after ${limitMs} ms`);
    await wait(20);
  }
}
