import { createHash } from "node:crypto";
import type { BigIntStats, Dirent } from "node:fs";
import { lstat, readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { BundleError } from "../bundle/error.ts";
import { ENTRIES_MAX } from "../bundle/file-tree.ts";

/** How a file or a folder with everything in it stands at one moment, without its content. */
export type PathState = {
  /** Tells one state from another. */
  readonly signature: string;
  /** The newest change, milliseconds since the epoch. */
  readonly changedMs: number;
};

/** The state of what stands at a path; undefined when nothing is there, or goes away meanwhile. @throws BundleError */
export async function stateOf(path: string): Promise<PathState | undefined> {
  try {
    const found = await stat(path, { bigint: true });
    if (!found.isDirectory()) return { signature: signatureOf(found), changedMs: changeMs(found) };
    const hash = createHash("sha256");
    let changedMs = changeMs(found);
    for (const entry of await entriesOf(path)) {
      const file = join(entry.parentPath, entry.name);
      const stats = await targetOf(file);
      hash.update(`${relative(path, file)}\0${signatureOf(stats)}\n`);
      changedMs = Math.max(changedMs, changeMs(stats));
    }
    return { signature: hash.digest("hex"), changedMs };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** A link that leads nowhere stands for itself: who reads the folder says so. */
async function targetOf(file: string): Promise<BigIntStats> {
  return stat(file, { bigint: true }).catch((error: unknown) => {
    if (isGone(error)) return lstat(file, { bigint: true });
    throw error;
  });
}

/**
 * Everything in a folder, folders included, in one order. What begins with `..` is left out: it is how a mounted
 * ConfigMap keeps its versions, whose files are reached through links beside it.
 * @throws BundleError when there is more than a bundle may hold
 */
export async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const entries = found.filter(
    (entry) => !versionOfConfigMap(relative(folder, join(entry.parentPath, entry.name))),
  );
  if (entries.length > ENTRIES_MAX)
    throw new BundleError(`the folder holds more than ${ENTRIES_MAX} entries`);
  const path = ({ parentPath, name }: Dirent) => join(parentPath, name);
  return entries.sort((one, other) => (path(one) < path(other) ? -1 : 1));
}

function versionOfConfigMap(path: string): boolean {
  return path.startsWith("..");
}

function signatureOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`;
}

function changeMs({ mtimeMs }: BigIntStats): number {
  return Number(mtimeMs);
}

/** The file system says that something is not there (any more). */
export function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}
