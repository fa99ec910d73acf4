import { setTimeout as wait } from "node:timers/promises";
import { Command } from "commander";
import { ConfigError, loadConfig } from "../config/load.ts";
import { packageFile } from "../document/package-root.ts";
import type { OpaOptions } from "../opa/command-line.ts";
import { type Sidecar, startSidecar } from "../sidecar.ts";
import { createProcessLog, type ProcessLog } from "../telemetry/index.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { addOpaOptions } from "./opa-options.ts";
import { regentVersion } from "./version.ts";

export function serveCommand(): Command {
  const command = new Command("serve")
    .description("run the sidecar: answer Envoy's ext_authz and ext_proc until SIGTERM")
    .argument("[paths...]", "policies, data and bundles to serve, only with --opa-config")
    .option("-c, --config <file>", "the configuration; without one, the built-in defaults")
    .option("--opa-config <file>", "run in place of opa-envoy-plugin, with a configuration of OPA");
  return addOpaOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  regent serve -c regent.yaml
  regent serve --opa-config opa.yaml --addr localhost:8181 --diagnostic-addr 0.0.0.0:8282 policy.rego

Without a configuration no API key and no model is known, so everything is refused with 401.
Only --opa-config selects the second form: see docs/migrate-from-opa-envoy.md.`,
    )
    .action((paths: string[], { config, opaConfig, ...options }: ServeOptions) =>
      opaConfig === undefined
        ? serve(config, [...paths, ...givenOptions(options)])
        : serveOpa(opaConfig, config, paths, options),
    );
}

type ServeOptions = OpaOptions & { readonly config?: string; readonly opaConfig?: string };

/** Runs the sidecar until it is told to stop. */
async function serve(file: string | undefined, ofOpa: readonly string[]): Promise<void> {
  if (ofOpa.length > 0)
    throw new CommandFailure(
      ofOpa.includes("--config-file")
        ? "--config-file: name OPA's configuration in --opa-config, which runs Regent in place of opa-envoy-plugin"
        : `${ofOpa.join(", ")}: only with --opa-config FILE, which runs Regent in place of opa-envoy-plugin`,
      EXIT.failed,
    );
  const config = loaded(file);
  const log = await createProcessLog(config.log);
  const sidecar = await startSidecar(config, log).catch(doesNotStart);
  await runUntilStopped(sidecar, log, {
    ready: {
      version: regentVersion(),
      config: config.file ?? "built-in defaults",
      ...sidecar.listening,
      ...sidecar.summary,
    },
    graceMs: config.drain.graceMs,
  });
}

/** Runs the sidecar in place of opa-envoy-plugin until it is told to stop. */
async function serveOpa(
  configFile: string,
  ownConfig: string | undefined,
  paths: readonly string[],
  options: OpaOptions,
): Promise<void> {
  if (ownConfig !== undefined)
    throw new CommandFailure(
      "--config and --opa-config are two ways to run: give one of them. OPA's -c is --opa-config here",
      EXIT.failed,
    );
  const { startOpaSidecar } = await import("../opa-sidecar.ts");
  const { command, loaded } = await loadedOpa(configFile, paths, options);
  const log = await createProcessLog({ level: command.logLevel, format: command.logFormat });
  for (const warning of command.warnings) log.warn({}, warning);
  for (const { file, line, path, message } of loaded.warnings)
    log.warn({ file, line, path }, path === "" ? message : `${path}: ${message}`);
  const version = regentVersion();
  const sidecar = await startOpaSidecar({ command, loaded, environment: process.env, version, log }).catch(
    doesNotStart,
  );
  await runUntilStopped(sidecar, log, {
    ready: { version, ...sidecar.listening, ...sidecar.summary },
    graceMs: command.waitMs + command.graceMs,
  });
}

async function loadedOpa(configFile: string, paths: readonly string[], options: OpaOptions) {
  const { opaCommandFrom, OpaUsageError } = await import("../opa/command-line.ts");
  const { loadOpaConfig, OpaConfigError } = await import("../opa/load.ts");
  try {
    const command = opaCommandFrom(configFile, paths, options);
    const { set, setFile, remotes } = command;
    const environment = process.env;
    return { command, loaded: loadOpaConfig({ file: configFile, set, setFile, remotes, environment }) };
  } catch (error) {
    const status = error instanceof OpaConfigError ? EXIT.errors : EXIT.failed;
    const hint = error instanceof OpaUsageError ? "\n(regent serve --help shows what is taken)" : "";
    const unread = (error as NodeJS.ErrnoException).syscall === undefined ? "" : "a file cannot be read: ";
    throw new CommandFailure(`${unread}${sentenceOf(error)}${hint}`, status, { cause: error });
  }
}

/** Options of `opa run` that were given, for a message. */
function givenOptions(options: OpaOptions): readonly string[] {
  return Object.entries(options)
    .filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0))
    .map(([name]) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
}

function doesNotStart(error: unknown): never {
  throw new CommandFailure(`The sidecar does not start: ${sentenceOf(error)}`, EXIT.failed, { cause: error });
}

/** Until it is told to stop. The second signal does not wait for what is in flight. */
async function runUntilStopped(
  sidecar: Sidecar,
  log: ProcessLog,
  { ready, graceMs }: { readonly ready: object; readonly graceMs: number },
): Promise<void> {
  log.info(ready, "regent is serving");
  const ending = await firstEnding();
  if ("fault" in ending) {
    // What state this process is in is not known any more: what it has recorded is kept, and nothing else is decided.
    log.fatal({ err: ending.fault }, "a fault that nothing caught: the sidecar ends at once");
    await endNow(sidecar);
  }
  log.info({ ...ending, graceMs }, "stopping: what is in flight may end");
  firstEnding().then(() => endNow(sidecar));
  await sidecar.stop();
  log.info({}, "stopped");
}

/** Ends the process once the records are on the disk, or cannot be put there soon. */
async function endNow(sidecar: Sidecar): Promise<never> {
  await Promise.race([sidecar.flush(), wait(FLUSH_MS_MAX)]).catch(() => {
    // The audit log has said why in the process log; there is nobody left to tell.
  });
  process.exit(EXIT.failed);
}

/** Milliseconds for the last records at a sudden end: a disk that stands still must not hold it up. */
const FLUSH_MS_MAX = 2_000;

function loaded(file: string | undefined) {
  try {
    return loadConfig(file, { packagedBundle: packageFile("dist", "policies.tar.gz") });
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandFailure(error.message, EXIT.errors, { cause: error });
    throw new CommandFailure(`the configuration cannot be read: ${sentenceOf(error)}`, EXIT.failed, {
      cause: error,
    });
  }
}

type Ending = { readonly signal: string } | { readonly fault: unknown };

function firstEnding(): Promise<Ending> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
      process.once(signal, () => resolve({ signal }));
    for (const event of ["uncaughtException", "unhandledRejection"] as const)
      process.once(event, (fault: unknown) => resolve({ fault }));
  });
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
