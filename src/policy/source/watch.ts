import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import { stateOf } from "./state.ts";

/** Between two looks at a file that may still be written: long enough for a copy to make progress. */
export const SETTLE_MS = 50;
/** Looks at a file that keeps changing before it is taken as it is; the next poll looks again. */
const SETTLE_LOOKS_MAX = 100;
/** The fallback where no event comes: network file systems, inner folders, a bind mount of one file. */
export const POLL_MS = 2_000;

export type FileWatch = { close(): void };

/**
 * Calls back when a file, or a folder with what is in it, has become another one: written, replaced by a rename, or reached through a symbolic link that
 * was swapped (`..data` of a mounted ConfigMap). The first look takes place at once and does not count as a change.
 * @param changed must not reject; it is awaited before the file is looked at again.
 */
export function watchFile(path: string, changed: () => Promise<void>, pollMs: number = POLL_MS): FileWatch {
  let closed = false;
  let looking = false;
  let again = false;
  let known = signature(path);

  const look = async (): Promise<void> => {
    const seen = await settled(path, () => closed);
    if (closed || seen === (await known)) return;
    known = Promise.resolve(seen);
    await changed();
  };
  const trigger = async (): Promise<void> => {
    again = true;
    if (looking) return;
    looking = true;
    while (again && !closed) {
      again = false;
      await look();
    }
    looking = false;
  };

  // Of a folder that is the bundle both count: it may be replaced, or something in it.
  const watchers = [dirname(path), path].map((watched) => watchFolder(watched, trigger));
  const timer = setInterval(trigger, pollMs).unref();
  return {
    close() {
      closed = true;
      clearInterval(timer);
      for (const watcher of watchers) watcher?.close();
    },
  };
}

/** Events of the folder, where the system has any left to give; polling finds the change otherwise. */
function watchFolder(folder: string, trigger: () => Promise<void>): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, trigger);
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

/** What tells one state of a file or folder from another; undefined when nothing is there. */
async function signature(path: string): Promise<string | undefined> {
  try {
    return (await stateOf(path))?.signature;
  } catch (error) {
    // What cannot be looked at is a state too: who reads it then says what is wrong.
    return String(error);
  }
}

/** The signature once two looks agree. */
async function settled(path: string, closed: () => boolean): Promise<string | undefined> {
  let seen = await signature(path);
  for (let looks = 0; looks < SETTLE_LOOKS_MAX && !closed(); looks++) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const next = await signature(path);
    if (next === seen) break;
    seen = next;
  }
  return seen;
}
