import { type Child, quoteLog, startChild } from "../../../src/local/child.ts";
import { untilReady } from "../../../src/local/until.ts";
import type { Watchdog } from "../../../src/local/watchdog.ts";

/** How a process of a stack is started, each time. */
export type PartOptions = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly watchdog: Watchdog;
  /** Whether it is ready; what it throws counts as not. */
  readonly ready: () => Promise<boolean>;
};

/** A process of a stack that a test may kill, stop, and start again with the same words. */
export type Part = {
  readonly pid: number;
  /** How the process that was started last ended; never rejects. */
  readonly ended: Promise<string>;
  /** The end of its log. */
  log(): string;
  kill(signal: NodeJS.Signals): void;
  /** Starts it once it has ended, with other arguments where some are given, and waits until it is ready. */
  restart(args?: readonly string[]): Promise<void>;
  stop(): Promise<void>;
};

/** Start-up on a machine whose two cores are busy with other tests. */
const READY_MS_MAX = 30_000;

export async function startPart(options: PartOptions): Promise<Part> {
  let child: Child = await start(options, options.args);
  return {
    get pid() {
      return child.pid;
    },
    get ended() {
      return child.ended;
    },
    log: () => quoteLog(child),
    kill: (signal) => {
      process.kill(child.pid, signal);
    },
    restart: async (args = options.args) => {
      await child.ended;
      child = await start(options, args);
    },
    stop: () => child.stop(),
  };
}

async function start(options: PartOptions, args: readonly string[]): Promise<Child> {
  const { ready, ...rest } = options;
  const child = await startChild({ ...rest, args });
  try {
    await untilReady(child, READY_MS_MAX, async () => ((await ready()) ? true : undefined));
    return child;
  } catch (error) {
    await child.stop();
    throw error;
  }
}
