import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { JsonObject } from "../../../src/exchange/json.ts";
import { findEnvoy } from "../../../src/local/programs.ts";

/** A real Envoy that runs until it is stopped. Every port of its listeners is one the system chose. */
export type RunningEnvoy = {
  readonly pid: number;
  /** Whether it has ended by itself. */
  readonly ended: boolean;
  /** Port of the listener with this name. */
  port(listener: string): number;
  /** A counter or gauge by its full name; 0 when Envoy has not made it yet. */
  stat(name: string): Promise<number>;
  /** What Envoy wrote to its log so far. */
  log(): string;
  stop(): Promise<void>;
};

/** The line after which all listeners accept. */
const READY = "starting workers";
/** Milliseconds Envoy may take to start on a machine with two busy cores. */
const START_MS_MAX = 20_000;
/** Characters of log kept for a failed test. */
const LOG_CHARACTERS_MAX = 1_000_000;

/**
 * Starts Envoy with a bootstrap configuration; `admin` is added here. Listeners should ask for port 0.
 * `logLevel` may name components, as Envoy's `--component-log-level` takes it.
 */
export async function startEnvoy(bootstrap: JsonObject, logLevel = ""): Promise<RunningEnvoy> {
  const folder = mkdtempSync(join(tmpdir(), "regent-envoy-"));
  const adminFile = join(folder, "admin");
  const configFile = join(folder, "envoy.json");
  writeFileSync(configFile, JSON.stringify({ ...bootstrap, admin: { address: loopback(0) } }));
  const args = ["-c", configFile, "--admin-address-path", adminFile, "--disable-hot-restart"];
  args.push("--concurrency", "1", "--component-log-level", logLevel, "--log-format", "%l %n %v");
  const child = spawn(findEnvoy(), args, { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  const exited = once(child, "close");
  const lines = createInterface({ input: child.stderr });
  const ready = Promise.withResolvers<void>();
  lines.on("line", (line) => {
    if (log.length < LOG_CHARACTERS_MAX) log += `${line}\n`;
    if (line.includes(READY)) ready.resolve();
  });
  child.on("error", ready.reject);
  const timer = setTimeout(
    () => ready.reject(new Error(`Envoy did not start in time:\n${log}`)),
    START_MS_MAX,
  );
  void exited.then(([code]) => ready.reject(new Error(`Envoy ended with ${code}:\n${log}`)));

  // Killed outright: its way down takes half a second, and nothing of it is wanted.
  async function stop(): Promise<void> {
    child.kill("SIGKILL");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  }

  try {
    await ready.promise;
  } catch (error) {
    if (child.pid !== undefined) await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  const admin = `http://${readFileSync(adminFile, "utf8").trim()}`;
  const ports = await listenerPorts(admin);
  return {
    pid: child.pid ?? 0,
    get ended() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    port(listener) {
      const port = ports.get(listener);
      if (port === undefined) throw new Error(`Envoy has no listener ${listener}`);
      return port;
    },
    async stat(name) {
      const text = await (await fetch(`${admin}/stats?filter=^${encodeURIComponent(name)}$`)).text();
      return Number(text.split(": ")[1] ?? 0);
    },
    log: () => log,
    stop,
  };
}

/** An `Address` of Envoy's on the loopback interface; port 0 lets the system choose. */
export function loopback(port: number): JsonObject {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

type ListenerStatus = {
  name: string;
  local_address: { socket_address?: { port_value: number } };
};

/** The real ports, from the admin endpoint `/listeners`. Internal listeners have none. */
async function listenerPorts(admin: string): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(`${admin}/listeners?format=json`);
  const body = (await answer.json()) as { listener_statuses: ListenerStatus[] };
  const ports = new Map<string, number>();
  for (const { name, local_address: address } of body.listener_statuses)
    if (address.socket_address !== undefined) ports.set(name, address.socket_address.port_value);
  return ports;
}
