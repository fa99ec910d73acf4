import { mkdir } from "node:fs/promises";
import type { Record } from "../exchange/record.ts";
import { type ChainPosition, chainLine } from "./chain.ts";
import { type AuditEvent, eventBody, recordBody } from "./entry.ts";
import { AuditError, LockedError, SyncError } from "./error.ts";
import { acquireLock, type Lock } from "./lock.ts";
import { RecordQueue } from "./queue.ts";
import { recover } from "./recover.ts";
import { SegmentFile } from "./segment-file.ts";

/** One write and one sync. More at once would hold the event loop while the lines are hashed. */
export const BATCH_BYTES_MAX = 1024 * 1024;
/** Records say who asked what of which model: not for everybody on the machine. */
const FOLDER = { recursive: true, mode: 0o750 } as const;
/** How soon a failed write is tried again. */
const RETRY_MS = 1_000;
/** A write that takes longer than this is a disk that does not answer. */
const STALL_MS = 5_000;

export type AuditOptions = {
  readonly dir: string;
  /** How long a record waits for others to be written with it: what a kill may take, beside what is being written. */
  readonly flushMs: number;
  /** Size at which a new segment is begun. */
  readonly segmentBytesMax: number;
  /** Told once for every change for the worse or the better: for the process log. */
  readonly onTrouble: (facts: { readonly [name: string]: unknown }, message: string) => void;
  readonly nowMs?: () => number;
  /** Lower limits, for tests. */
  readonly queueRecordsMax?: number;
  readonly queueBytesMax?: number;
  readonly retryMs?: number;
  readonly stallMs?: number;
  readonly createSegment?: (dir: string, firstSeq: number) => Promise<Segment>;
};

/** What the log needs of a file. */
export type Segment = Pick<
  SegmentFile,
  "name" | "durableBytes" | "append" | "interference" | "rollBack" | "close"
>;

export type AuditStats = {
  readonly queuedRecords: number;
  readonly queuedBytes: number;
  /** Lines, records and others, that the disk has confirmed, since the start. */
  readonly writtenLines: number;
  /** Writes that failed, since the start. */
  readonly failedWrites: number;
  /** Records that could not be kept, since the start. */
  readonly lostRecords: number;
};

/** The log of records: an append-only chain of segments, written in batches off the path of an exchange. */
export type AuditLog = {
  /** Takes a record. Never waits, never throws. */
  append(record: Record): void;
  /** Undefined while records reach the disk; else why not, and then nothing may be let through. */
  fault(): string | undefined;
  stats(): AuditStats;
  /** Resolves when the disk has everything appended so far. Rejects with AuditError when it does not take it. */
  flushed(): Promise<void>;
  /** Writes what is left and frees the folder. Rejects with AuditError when something could not be written. */
  close(): Promise<void>;
};

/**
 * Opens the log in a folder, which is made when it does not exist. Throws AuditError when another process has it, and
 * the error of the file system when it cannot be read or locked. A disk that is full does not keep it from opening:
 * `fault()` says so.
 */
export async function openAuditLog(options: AuditOptions): Promise<AuditLog> {
  await mkdir(options.dir, FOLDER);
  const lock = await acquireLock(options.dir);
  try {
    const time = options.nowMs?.() ?? Date.now();
    const { position, events } = await recover(options.dir, time);
    for (const event of events) options.onTrouble(event, `the audit log was found ${event.kind}`);
    const opened: AuditEvent = { kind: "opened", time: new Date(time).toISOString(), pid: process.pid };
    const log = new ChainedLog(options, lock, position, [...events, opened]);
    await log.attempt();
    return log;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

type Suspension = { readonly reason: string; readonly failedAt: string };

/**
 * States: *writing* (no fault), *suspended* (a write failed: tried again every RETRY_MS on a new segment, after taking back
 * what the disk did not confirm) and *ended* (a sync failed, another process has the folder, or closed: for good).
 * A record leaves the queue only when the disk has confirmed it.
 */
class ChainedLog implements AuditLog {
  readonly #options: AuditOptions;
  readonly #lock: Lock;
  readonly #queue: RecordQueue;
  /** The last line that the disk has confirmed. */
  #position: ChainPosition;
  /** Told in the lines before the next records. */
  #events: AuditEvent[];
  #segment: Segment | undefined;
  /** The end of the segment may hold bytes that were never confirmed. */
  #dirty = false;
  #suspended: Suspension | undefined;
  #ended: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #runningSinceMs = 0;
  /** No record in the queue is older. */
  #oldestMs = 0;
  #accepted = 0;
  #confirmed = 0;
  #writtenLines = 0;
  #failedWrites = 0;
  #lost = 0;
  #lostUntold = 0;

  constructor(options: AuditOptions, lock: Lock, position: ChainPosition, events: readonly AuditEvent[]) {
    this.#options = options;
    this.#lock = lock;
    this.#queue = new RecordQueue(options.queueRecordsMax, options.queueBytesMax);
    this.#position = position;
    this.#events = [...events];
  }

  append(record: Record): void {
    const refused = this.#ended ?? this.#enqueue(record);
    if (refused !== undefined) this.#lose(refused);
    else this.#schedule();
  }

  /** Why the record could not be taken, if so. */
  #enqueue(record: Record): string | undefined {
    let body: string;
    try {
      body = recordBody(record);
    } catch (error) {
      return `it is not JSON: ${String(error)}`;
    }
    if (!this.#queue.push(body)) return "the queue is full";
    if (this.#queue.records === 1) this.#oldestMs = performance.now();
    this.#accepted++;
    return undefined;
  }

  fault(): string | undefined {
    const stallMs = this.#options.stallMs ?? STALL_MS;
    const stalled = this.#running !== undefined && performance.now() - this.#runningSinceMs > stallMs;
    return this.#stopped ?? this.#queue.fault ?? (stalled ? "the disk does not answer" : undefined);
  }

  stats(): AuditStats {
    return {
      queuedRecords: this.#queue.records,
      queuedBytes: this.#queue.bytes,
      writtenLines: this.#writtenLines,
      failedWrites: this.#failedWrites,
      lostRecords: this.#lost,
    };
  }

  async flushed(): Promise<void> {
    const mark = this.#accepted;
    while (this.#confirmed < mark) {
      await this.attempt();
      const fault = this.#stopped;
      if (fault !== undefined) throw new AuditError(`the audit log cannot be written: ${fault}`);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#running;
    await this.attempt();
    if (this.#stopped === undefined) {
      this.#events.push({ kind: "closed", time: this.#time() });
      await this.attempt();
    }
    const fault = this.#stopped;
    this.#ended ??= "the log is closed";
    clearTimeout(this.#timer);
    await this.#closeSegment();
    await this.#lock.release();
    if (fault === undefined) return;
    throw new AuditError(`the audit log was closed with ${this.#queue.records} records unwritten: ${fault}`);
  }

  /** Writes now what is queued now, or joins the write that is running. Never rejects: a failure becomes the fault. */
  attempt(): Promise<void> {
    this.#running ??= this.#write().finally(() => {
      this.#running = undefined;
      this.#schedule();
    });
    return this.#running;
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#runningSinceMs = performance.now();
    const mark = this.#accepted;
    try {
      while (this.#ended === undefined && (this.#confirmed < mark || this.#events.length > 0)) {
        await this.#writeBatch();
      }
      this.#oldestMs = this.#runningSinceMs;
    } catch (error) {
      await this.#fail(error);
    }
  }

  async #writeBatch(): Promise<void> {
    const segment = await this.#readySegment();
    const events = this.#events.length;
    const lost = this.#lostUntold;
    const records = this.#queue.oldest(BATCH_BYTES_MAX);
    let position = this.#position;
    const lines = [...this.#untold().map(eventBody), ...records].map((body) => {
      const next = chainLine(position, body);
      position = next.position;
      return next.line;
    });
    this.#dirty = true;
    await segment.append(Buffer.from(lines.join("")));
    this.#dirty = false;

    this.#position = position;
    this.#queue.drop(records.length);
    this.#events = this.#events.slice(events);
    this.#lostUntold -= lost;
    this.#confirmed += records.length;
    this.#writtenLines += lines.length;
    if (this.#suspended !== undefined) this.#options.onTrouble({}, "the audit log is written again");
    this.#suspended = undefined;
  }

  /** What the log has to say about itself. It stays until the disk has it. */
  #untold(): AuditEvent[] {
    const time = this.#time();
    const events = [...this.#events];
    if (this.#suspended !== undefined) events.push({ kind: "resumed", time, ...this.#suspended });
    if (this.#lostUntold > 0) events.push({ kind: "lost", time, records: this.#lostUntold });
    return events;
  }

  /** The open segment, or a new one where there is none, it is full, or somebody did something to it. */
  async #readySegment(): Promise<Segment> {
    const { dir, segmentBytesMax, createSegment = SegmentFile.create } = this.#options;
    // The folder may have been removed, and its lock with it.
    await mkdir(dir, FOLDER);
    await this.#lock.assertHeld();
    if (this.#segment !== undefined && this.#dirty) {
      await this.#segment.rollBack();
      await this.#closeSegment();
    }
    const what = await this.#segment?.interference();
    if (this.#segment !== undefined && what !== undefined) {
      const event: AuditEvent = { kind: "interfered", time: this.#time(), file: this.#segment.name, what };
      this.#options.onTrouble(event, "somebody else changed the open segment of the audit log");
      this.#events.push(event);
      await this.#closeSegment();
    }
    if ((this.#segment?.durableBytes ?? 0) >= segmentBytesMax) await this.#closeSegment();
    this.#segment ??= await createSegment(dir, this.#position.seq + 1);
    return this.#segment;
  }

  /** After a failed sync nothing is known about what the disk has, and trying again would only hide that. */
  async #fail(error: unknown): Promise<void> {
    this.#failedWrites++;
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof SyncError || error instanceof LockedError) {
      this.#ended = reason;
      this.#options.onTrouble(
        { reason },
        "the audit log has ended: nothing is let through until the next start",
      );
      await this.#closeSegment();
      return;
    }
    if (this.#suspended === undefined) this.#options.onTrouble({ reason }, "the audit log cannot be written");
    this.#suspended = { reason, failedAt: this.#suspended?.failedAt ?? this.#time() };
  }

  async #closeSegment(): Promise<void> {
    const segment = this.#segment;
    this.#segment = undefined;
    this.#dirty = false;
    try {
      await segment?.close();
    } catch (error) {
      // What was in it is confirmed, or given up, already.
      this.#options.onTrouble({ err: error }, "a segment of the audit log could not be closed");
    }
  }

  #schedule(): void {
    if (this.#ended !== undefined || this.#timer !== undefined || this.#running !== undefined) return;
    const delayMs = this.#nextInMs();
    if (delayMs !== undefined) this.#timer = setTimeout(() => void this.attempt(), delayMs);
  }

  #nextInMs(): number | undefined {
    if (this.#suspended !== undefined) return this.#options.retryMs ?? RETRY_MS;
    if (this.#queue.records === 0) return undefined;
    return Math.max(0, this.#oldestMs + this.#options.flushMs - performance.now());
  }

  #lose(reason: string): void {
    this.#lost++;
    this.#lostUntold++;
    // One line in the process log for a row of losses: the metric counts them.
    if (this.#lostUntold === 1) this.#options.onTrouble({ reason }, "a record of the audit log is lost");
  }

  get #stopped(): string | undefined {
    return this.#ended ?? this.#suspended?.reason;
  }

  #time(): string {
    return new Date(this.#options.nowMs?.() ?? Date.now()).toISOString();
  }
}
