import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChild } from "../../../src/local/child.ts";
import { renderEnvoyConfig } from "../../../src/local/envoy/bootstrap.ts";
import { ENVOY_DEFAULTS, type EnvoyOptions } from "../../../src/local/envoy/options.ts";
import { claimPort } from "../../../src/local/ports.ts";
import { findEnvoy } from "../../../src/local/programs.ts";
import { untilReady } from "../../../src/local/until.ts";
import { startWatchdog } from "../../../src/local/watchdog.ts";

export type RunningEnvoy = { readonly origin: string; readonly port: number; stop(): Promise<void> };

/** A folder that is removed after use. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "regent-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs a real Envoy with a generated configuration on a port of the system's choice. */
export async function runEnvoy(options: Partial<EnvoyOptions>): Promise<RunningEnvoy> {
  const folder = temporaryFolder();
  const file = (name: string) => join(folder.path, name);
  const port = await claimPort(0);
  const config: EnvoyOptions = {
    ...ENVOY_DEFAULTS,
    listen: { kind: "tcp", host: "127.0.0.1", port },
    admin: { kind: "tcp", host: "127.0.0.1", port: 0 },
    accessLog: file("access.log"),
    ...options,
  };
  writeFileSync(file("envoy.yaml"), renderEnvoyConfig(config));
  writeFileSync(file("admin"), "");
  const watchdog = startWatchdog();
  const child = await startChild({
    name: "envoy",
    command: findEnvoy(),
    args: [
      ...["-c", file("envoy.yaml"), "--admin-address-path", file("admin")],
      ...["--disable-hot-restart", "--concurrency", "1", "--log-level", "warn"],
    ],
    logFile: file("log"),
    watchdog,
  });
  const stop = async () => {
    await child.stop();
    watchdog.close();
    folder.remove();
  };
  try {
    await untilReady(child, 20_000, async () => {
      const admin = readFileSync(file("admin"), "utf8");
      return admin !== "" && (await fetch(`http://${admin}/ready`)).ok ? true : undefined;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { origin: `http://127.0.0.1:${port}`, port, stop };
}
