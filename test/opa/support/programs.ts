import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { packageFile } from "../../../src/document/package-root.ts";
import { claimPort } from "../../../src/local/ports.ts";
import { findOpa } from "../../../src/policy/opa/opa.ts";

/** Milliseconds that a program may take to start on a busy machine. */
const START_MS_MAX = 60_000;

export type Program = {
  /** Base URL of OPA's HTTP API. */
  readonly url: string;
  /** HOST:PORT or unix:// of ext_authz; empty for OPA itself. */
  readonly grpc: string;
  /** Lines of its log so far, those that are JSON parsed. */
  readonly log: readonly { readonly [member: string]: unknown }[];
  /** Resolves with the first line that has this text in its message. */
  said(text: string): Promise<{ readonly [member: string]: unknown }>;
  /** Sends SIGTERM, and resolves with the exit status. */
  stop(): Promise<number | null>;
  readonly child: ChildProcess;
};

/** A folder with files, removed after the test. */
export function folderOf(t: TestContext, files: { readonly [name: string]: string | Buffer }): string {
  const folder = mkdtempSync(join(tmpdir(), "regent-opa-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

/** Starts `regent serve` with these arguments; `--addr` is added unless it is there. */
export async function startRegent(
  t: TestContext,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Program> {
  const address = args.some((arg) => arg.startsWith("--addr")) ? [] : ["--addr", "127.0.0.1:0"];
  const program = run(
    t,
    process.execPath,
    [packageFile("src", "main.ts"), "serve", ...address, ...args],
    options,
  );
  const ready = (await program.said("regent is serving")) as { grpc: string; admin: string };
  const http = ready.admin.split(", ").find((listening) => !listening.startsWith("unix://")) ?? "";
  return { ...program, url: `http://${http}`, grpc: ready.grpc };
}

/** Starts a real `opa run --server` with these arguments. */
export async function startOpa(
  t: TestContext,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Program> {
  const port = await claimPort(0);
  const own = ["run", "--server", "--addr", `127.0.0.1:${port}`, "--skip-version-check"];
  const program = run(t, await findOpa(), [...own, ...args], options);
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(`${url}/health?bundles`);
  return { ...program, url };
}

async function untilAnswers(url: string): Promise<void> {
  const deadline = Date.now() + START_MS_MAX;
  for (;;) {
    const answered = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return;
    if (Date.now() > deadline) throw new Error(`${url} does not answer`);
    await pause(50);
  }
}

type Line = { readonly [member: string]: unknown };

function run(
  t: TestContext,
  command: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv },
): Program {
  const child = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit") as Promise<[number | null]>;
  t.after(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const log: Line[] = [];
  const listeners = new Set<() => void>();
  const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
  lines.on("line", (line) => {
    log.push(parsed(line));
    for (const listener of listeners) listener();
  });
  const said = (text: string): Promise<Line> => {
    const { promise, resolve, reject } = Promise.withResolvers<Line>();
    const look = () => {
      const found = log.find(({ msg }) => String(msg).includes(text));
      if (found !== undefined) resolve(found);
    };
    const all = () => log.map((line) => JSON.stringify(line)).join("\n");
    const timer = setTimeout(() => reject(new Error(`it did not say "${text}":\n${all()}`)), START_MS_MAX);
    // The last lines may come after the exit.
    lines.once("close", () =>
      setImmediate(() => reject(new Error(`it ended without saying "${text}":\n${all()}`))),
    );
    listeners.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      listeners.delete(look);
    });
  };
  const stop = async () => {
    child.kill("SIGTERM");
    return (await exited)[0];
  };
  return { url: "", grpc: "", log, said, stop, child };
}

function parsed(line: string): Line {
  try {
    return JSON.parse(line) as Line;
  } catch {
    return { msg: line };
  }
}
