import { createHash } from "node:crypto";
import type { Dirent } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ARCHIVE_BYTES_MAX, UNPACKED_BYTES_MAX, unpackArchive } from "../bundle/archive.ts";
import { BundleError } from "../bundle/error.ts";
import { FileTree } from "../bundle/file-tree.ts";
import type { BundleFiles } from "./source.ts";
import { entriesOf, isGone, stateOf } from "./state.ts";
import { SETTLE_MS } from "./watch.ts";

/** Tries to read a folder whole. One that goes on changing for so long is not being replaced, it is in use. */
export const READ_TRIES_MAX = 40;

/**
 * Reads a version of a bundle from disk: a `tar.gz` file, a folder with the same files, or one `.rego` file. A folder is
 * taken only when nothing in it changed while it was read.
 * @throws BundleError that names the path
 */
export async function readFiles(path: string): Promise<BundleFiles> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return await readWhole(path);
    if (found.size > ARCHIVE_BYTES_MAX)
      throw new BundleError(`${path} is larger than ${ARCHIVE_BYTES_MAX} bytes`);
    if (path.endsWith(".rego")) return treeOf([[basename(path), await readFile(path)]]);
    return await unpackArchive(await readFile(path));
  } catch (error) {
    throw asBundleError(error, path);
  }
}

async function readWhole(folder: string): Promise<BundleFiles> {
  let fault: unknown;
  for (let tries = 0; tries < READ_TRIES_MAX; tries++) {
    if (tries > 0) await pause(SETTLE_MS);
    try {
      const version = await readIfStill(folder);
      if (version !== undefined) return version;
      fault = undefined;
    } catch (error) {
      if (!isGone(error)) throw error;
      fault = error;
    }
  }
  throw new BundleError(
    fault === undefined
      ? "the folder goes on changing while it is read: write the new version beside it and rename it, or use an archive"
      : `the folder cannot be read whole: ${String(fault)}`,
    { cause: fault },
  );
}

/** Undefined when the folder changed meanwhile, or so shortly before that its clock may not show the next change. */
async function readIfStill(folder: string): Promise<BundleFiles | undefined> {
  const before = await stateOf(folder);
  if (before === undefined) throw new BundleError(`${folder} does not exist`);
  const ageMs = Date.now() - before.changedMs;
  if (ageMs >= 0 && ageMs < SETTLE_MS) return undefined;
  const files = await readEntries(folder);
  const after = await stateOf(folder);
  return after?.signature === before.signature ? treeOf(files) : undefined;
}

async function readEntries(folder: string): Promise<readonly (readonly [string, Buffer])[]> {
  const files: [string, Buffer][] = [];
  let bytes = 0;
  for (const entry of await entriesOf(folder)) {
    const file = await regularFile(folder, entry);
    if (file === undefined) continue;
    bytes += file.bytes;
    if (bytes > UNPACKED_BYTES_MAX)
      throw new BundleError(`the folder holds more than ${UNPACKED_BYTES_MAX} bytes`);
    files.push([file.path, await readFile(file.from)]);
  }
  return files;
}

/** A file of the folder, also by a link that stays inside of it; undefined for folders. @throws BundleError */
async function regularFile(
  folder: string,
  entry: Dirent,
): Promise<{ readonly path: string; readonly from: string; readonly bytes: number } | undefined> {
  if (entry.isDirectory()) return undefined;
  const from = join(entry.parentPath, entry.name);
  const path = relative(folder, from).split(sep).join("/");
  if (entry.isSymbolicLink()) {
    const target = await realpath(from);
    if (!target.startsWith(`${await realpath(folder)}${sep}`))
      throw new BundleError(`the folder holds ${path}, a link that leaves it`);
  }
  const found = await stat(from);
  if (!found.isFile())
    throw new BundleError(`the folder holds ${path}, which is a link to a folder or no regular file`);
  return { path, from, bytes: found.size };
}

function treeOf(files: readonly (readonly [string, Buffer])[]): BundleFiles {
  const tree = new FileTree();
  const hash = createHash("sha256");
  let bytes = 0;
  for (const [path, content] of files) {
    tree.add(path, content);
    hash.update(`${path}\0${content.length}\0`).update(content);
    bytes += content.length;
  }
  return { files: tree.files, digest: hash.digest("hex"), bytes };
}

function asBundleError(error: unknown, path: string): BundleError {
  if (error instanceof BundleError) return error;
  return new BundleError(
    isGone(error) ? `${path} does not exist` : `${path} cannot be read: ${String(error)}`,
    {
      cause: error,
    },
  );
}
