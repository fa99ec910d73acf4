import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import type { Watchdog } from "./watchdog.ts";

export type ChildOptions = {
  /** For messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Receives standard error, and standard output unless `announces`. */
  readonly logFile: string;
  /** The first line of standard output says where it listens. */
  readonly announces?: boolean;
  readonly watchdog: Watchdog;
};

/** A process that this one started and ends. */
export type Child = {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** How it ended, as a few words such as `exit code 1`; never rejects. */
  readonly ended: Promise<string>;
  /** First line of standard output; rejects when it ends without one. Only with `announces`. */
  announcement(): Promise<string>;
  /** Asks it to end and waits; kills it when it does not within the time. */
  stop(graceMs?: number): Promise<void>;
};

/** Regent lets streams finish for up to 30 s; in a stack that is being torn down nobody listens to them any more. */
const STOP_GRACE_MS = 8_000;
/** Lines of a log in a message: enough to hold the cause. */
const QUOTED_LINES = 12;

/**
 * Starts a process in a group of its own, so that Ctrl-C reaches only this one, which ends the others in order.
 *
 * @throws Error when it cannot be started.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const log = openSync(options.logFile, "a");
  const stdout = options.announces === true ? "pipe" : log;
  let process: ChildProcess;
  try {
    process = spawn(options.command, options.args, { stdio: ["pipe", stdout, log], detached: true });
  } finally {
    closeSync(log);
  }
  const ended = endOf(process);
  await once(process, "spawn");
  const pid = process.pid as number;
  options.watchdog.watch(pid);
  ended.then(() => options.watchdog.forget(pid));
  return {
    name: options.name,
    pid,
    logFile: options.logFile,
    ended,
    announcement: () => firstLine(process.stdout as Readable, ended, options.name),
    stop: (graceMs = STOP_GRACE_MS) => stop(process, ended, graceMs),
  };
}

function endOf(process: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    process.once("exit", (code, signal) =>
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`),
    );
    process.once("error", (error) => resolve(error.message));
  });
}

async function firstLine(stdout: Readable, ended: Promise<string>, name: string): Promise<string> {
  const lines = createInterface(stdout);
  const [line] = (await Promise.race([
    once(lines, "line"),
    ended.then((how) => {
      throw new Error(`${name} ended with ${how}`);
    }),
  ])) as [string];
  // Whatever else it says is not needed, but must not fill the pipe.
  stdout.resume();
  return line;
}

async function stop(process: ChildProcess, ended: Promise<string>, graceMs: number): Promise<void> {
  process.kill("SIGTERM");
  const late = new AbortController();
  const inTime = await Promise.race([
    ended.then(() => true),
    wait(graceMs, false, { signal: late.signal }).catch(() => false),
  ]);
  late.abort();
  if (!inTime) {
    process.kill("SIGKILL");
    await ended;
  }
}

/** The end of a child's log, indented. */
export function quoteLog(child: Child): string {
  const lines = readFileSync(child.logFile, "utf8").trimEnd().split("\n").slice(-QUOTED_LINES);
  return lines.map((line) => `  | ${line}`).join("\n");
}
