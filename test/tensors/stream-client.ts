import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { MLSERVER_BIN } from "./mlserver.ts";

const SCRIPT = fileURLToPath(new URL("stream_client.py", import.meta.url));

/** A line that the client printed. */
export type Heard = {
  readonly said?: string;
  readonly error?: string;
  readonly status?: string | null;
  readonly ended?: boolean;
};

/** A client in Python with one stream open: `tritonclient`, or what MLServer has for its own protocol. */
export type StreamClient = {
  send(text: string): void;
  /** What comes next; rejects when the client has ended without. */
  next(): Promise<Heard>;
  /** Ends its stream. */
  end(): void;
  stop(): Promise<void>;
};

export function startStreamClient(
  kind: "triton" | "mlserver",
  port: number,
  key: string,
  model: string,
): StreamClient {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    `${MLSERVER_BIN}python`,
    [SCRIPT, kind, String(port), key, model],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    send: (text) => void child.stdin.write(`${text}\n`),
    async next() {
      const { value, done } = await lines.next();
      if (done) throw new Error("the client has ended");
      return JSON.parse(value) as Heard;
    },
    end: () => void child.stdin.end(),
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
