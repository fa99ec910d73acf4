import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Counters } from "./counters.ts";
import { oneLine } from "./one-line.ts";
import { Queue } from "./queue.ts";

/** Bytes that wait for the disk: two seconds of 4,000 events of 4 KiB. */
export const FOLDER_QUEUE_BYTES_MAX = 32 * 1024 * 1024;
/** Written at once. */
const BATCH_BYTES_MAX = 1024 * 1024;
/** How long an event waits for others to be written with it: what a kill may take. */
const GATHER_MS = 100;
/** After a write that failed. */
const RETRY_MS = 1_000;
/** Events say who asked what: not for everybody on the machine. */
const FOLDER_MODE = 0o750;
const FILE_MODE = 0o640;
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND;

const NAME = /^decisions-(\d{12})\.jsonl$/;

export type FolderOptions = {
  /** Made when it is not there. For one process only. */
  readonly dir: string;
  /** Size at which a new file is begun. */
  readonly fileBytes: number;
  /** Files that are kept; the oldest is deleted. */
  readonly filesMax: number;
  readonly counters: Counters;
  /** Told once for every change for the worse or the better. */
  readonly onTrouble: (why: string | undefined) => void;
  readonly queueBytesMax?: number;
  readonly retryMs?: number;
};

/** The files of a folder that hold decisions, oldest first. */
export async function decisionFiles(dir: string): Promise<readonly string[]> {
  return (await readdir(dir)).filter((name) => NAME.test(name)).sort();
}

/**
 * Decisions as lines of JSON in a folder, in files `decisions-000000000001.jsonl`, bounded in size and number. Written
 * behind the back of whoever decides: what the disk does not take in time is dropped, oldest first, and counted.
 */
export class DecisionFolder {
  readonly #options: FolderOptions;
  readonly #queue = new Queue<Buffer>();
  #file: { readonly handle: FileHandle; bytes: number } | undefined;
  #nextNumber: number;
  #writing: Promise<void> | undefined;
  /** Until the next write. */
  #timer: NodeJS.Timeout | undefined;
  #trouble: string | undefined;
  #closed = false;

  private constructor(options: FolderOptions, nextNumber: number) {
    this.#options = options;
    this.#nextNumber = nextNumber;
  }

  /** @throws Error of the file system when the folder cannot be made or read */
  static async open(options: FolderOptions): Promise<DecisionFolder> {
    await mkdir(options.dir, { recursive: true, mode: FOLDER_MODE });
    const newest = (await decisionFiles(options.dir)).at(-1);
    return new DecisionFolder(options, newest === undefined ? 1 : numberOf(newest) + 1);
  }

  /** Why lines do not reach the disk; undefined while they do. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Takes one event. Never waits, never throws. */
  append(event: Buffer): void {
    const line = oneLine(event);
    this.#queue.push(line, line.length);
    this.#trim();
    this.#schedule(GATHER_MS);
    if (this.#queue.bytes > BATCH_BYTES_MAX && this.#trouble === undefined) void this.flush();
  }

  /** Writes what waits, unless the disk fails. Never rejects. */
  flush(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
      if (this.#queue.count > 0) this.#schedule(GATHER_MS);
    });
    return this.#writing;
  }

  /** Writes what is left, once more if it failed, and says how many events could not be. */
  async close(): Promise<number> {
    await this.#writing;
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.flush();
    await this.#file?.handle.close();
    const lost = this.#queue.count;
    this.#options.counters.add("regent_decision_log_folder_dropped_total", lost);
    return lost;
  }

  async #write(): Promise<void> {
    while (this.#queue.count > 0) {
      const lines = this.#queue.takeUpTo(Math.min(BATCH_BYTES_MAX, this.#options.fileBytes));
      try {
        await this.#append(Buffer.concat(lines));
        this.#say(undefined);
      } catch (error) {
        for (const line of lines.reverse()) this.#queue.putBack(line, line.length);
        this.#trim();
        await this.#fail(error);
        return;
      }
    }
  }

  #trim(): void {
    const { queueBytesMax = FOLDER_QUEUE_BYTES_MAX, counters } = this.#options;
    while (this.#queue.bytes > queueBytesMax) {
      this.#queue.take();
      counters.add("regent_decision_log_folder_dropped_total");
    }
  }

  async #append(bytes: Buffer): Promise<void> {
    if (this.#file !== undefined && this.#file.bytes + bytes.length > this.#options.fileBytes)
      await this.#endFile();
    this.#file ??= await this.#beginFile();
    await this.#file.handle.appendFile(bytes);
    this.#file.bytes += bytes.length;
  }

  /** The oldest files go first, so that there is room for the new one. */
  async #beginFile(): Promise<{ readonly handle: FileHandle; bytes: number }> {
    const { dir, filesMax } = this.#options;
    const files = await decisionFiles(dir);
    for (const old of files.slice(0, Math.max(0, files.length + 1 - filesMax)))
      await rm(join(dir, old), { force: true });
    const name = `decisions-${String(this.#nextNumber++).padStart(12, "0")}.jsonl`;
    return { handle: await open(join(dir, name), FLAGS, FILE_MODE), bytes: 0 };
  }

  async #endFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close();
  }

  /** The next attempt begins a new file: the end of this one may hold half a line. */
  async #fail(error: unknown): Promise<void> {
    this.#say((error as Error).message);
    await this.#endFile().catch((closing: Error) => this.#say(closing.message));
    this.#schedule(this.#options.retryMs ?? RETRY_MS);
  }

  #schedule(ms: number): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, ms);
    this.#timer.unref();
  }

  #say(trouble: string | undefined): void {
    if ((trouble === undefined) === (this.#trouble === undefined)) return;
    this.#trouble = trouble;
    this.#options.onTrouble(trouble);
  }
}

function numberOf(name: string): number {
  return Number(NAME.exec(name)?.[1]);
}
