import { constants } from "node:fs";
import { type FileHandle, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { SyncError } from "./error.ts";
import { segmentName } from "./segment.ts";

/** Append, read, never overwrite; the group may read, others not. */
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND;
const MODE = 0o640;

/** The segment that is being written. One process, one file: a file is never opened a second time for writing. */
export class SegmentFile {
  readonly name: string;
  readonly #dir: string;
  readonly #file: FileHandle;
  readonly #inode: bigint;
  #durableBytes = 0;

  private constructor(dir: string, name: string, file: FileHandle, inode: bigint) {
    this.name = name;
    this.#dir = dir;
    this.#file = file;
    this.#inode = inode;
  }

  /** Creates the segment whose first line has the number `firstSeq`. Fails when there is such a file. */
  static async create(dir: string, firstSeq: number): Promise<SegmentFile> {
    const name = segmentName(firstSeq);
    const file = await open(join(dir, name), FLAGS, MODE);
    try {
      await syncDirectory(dir);
      const { ino } = await file.stat({ bigint: true });
      return new SegmentFile(dir, name, file, ino);
    } catch (error) {
      await file.close();
      await rm(join(dir, name), { force: true });
      throw error;
    }
  }

  get durableBytes(): number {
    return this.#durableBytes;
  }

  /** Appends bytes and waits until the disk has them. Throws SyncError when the disk fails to confirm. */
  async append(bytes: Buffer): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      const { bytesWritten } = await this.#file.write(bytes, written);
      if (bytesWritten === 0) throw new Error("the file takes no more bytes");
      written += bytesWritten;
    }
    await this.#sync();
    this.#durableBytes += bytes.length;
  }

  /** What others did to the file since the last append; undefined when nothing. */
  async interference(): Promise<string | undefined> {
    const ours = await this.#file.stat({ bigint: true });
    if (ours.size !== BigInt(this.#durableBytes)) {
      return `${ours.size} bytes long where ${this.#durableBytes} were written`;
    }
    try {
      const named = await stat(join(this.#dir, this.name), { bigint: true });
      return named.ino === this.#inode && named.dev === ours.dev ? undefined : "replaced by another file";
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "removed";
      throw error;
    }
  }

  /** Takes back what was written and not confirmed, so that the file ends with a whole record. */
  async rollBack(): Promise<void> {
    await this.#file.truncate(this.#durableBytes);
    await this.#sync();
    // An empty file would keep its successor, which begins with the same number, from being created.
    if (this.#durableBytes === 0) await rm(join(this.#dir, this.name), { force: true });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #sync(): Promise<void> {
    try {
      await this.#file.datasync();
    } catch (error) {
      throw new SyncError(`the disk did not confirm ${this.name}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

/** A new file is only safe once its folder is. */
async function syncDirectory(dir: string): Promise<void> {
  const folder = await open(dir, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
