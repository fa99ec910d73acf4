import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/** Written beside, synced, renamed, and the folder synced: after a crash the old file is there, or the new one. */
export async function replaceFile(folder: string, fileName: string, parts: readonly Buffer[]): Promise<void> {
  const temporary = join(folder, `${fileName}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      for (const part of parts) await handle.writeFile(part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, join(folder, fileName));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  const directory = await open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Removes what a crash in the middle of a write left behind; of all files of the folder unless one is named. */
export async function removeLeftovers(folder: string, fileName = ""): Promise<void> {
  const prefix = fileName === "" ? "" : `${fileName}.`;
  for (const entry of await readdir(folder))
    if (entry.startsWith(prefix) && entry.endsWith(".tmp")) await rm(join(folder, entry), { force: true });
}
