import { setTimeout as wait } from "node:timers/promises";
import { Command } from "commander";
import { ConfigError, loadConfig } from "../config/load.ts";
import { packageFile } from "../document/package-root.ts";
import { type Sidecar, startSidecar } from "../sidecar.ts";
import { createProcessLog } from "../telemetry/index.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { regentVersion } from "./version.ts";

export function serveCommand(): Command {
  return new Command("serve")
    .description("Run the sidecar: answer Envoy's ext_authz and ext_proc until SIGTERM.")
    .option("-c, --config <file>", "the configuration; without one, the built-in defaults")
    .addHelpText(
      "after",
      `
Example:
  regent serve -c regent.yaml

Without a configuration no API key and no model is known, so everything is refused with 401.`,
    )
    .action(({ config }: { config?: string }) => serve(config));
}

/** Runs the sidecar until it is told to stop. The second signal does not wait for what is in flight. */
async function serve(file: string | undefined): Promise<void> {
  const config = loaded(file);
  const log = await createProcessLog(config.log);
  const sidecar = await startSidecar(config, log).catch((error: unknown) => {
    throw new CommandFailure(`The sidecar does not start. ${sentenceOf(error)}`, EXIT.failed, {
      cause: error,
    });
  });
  log.info(
    {
      version: regentVersion(),
      config: config.file ?? "built-in defaults",
      ...sidecar.listening,
      ...sidecar.summary,
    },
    "regent is serving",
  );
  const ending = await firstEnding();
  if ("fault" in ending) {
    // What state this process is in is not known any more: what it has recorded is kept, and nothing else is decided.
    log.fatal({ err: ending.fault }, "a fault that nothing caught: the sidecar ends at once");
    await endNow(sidecar);
  }
  log.info({ ...ending, graceMs: config.drain.graceMs }, "stopping: what is in flight may end");
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
    throw new CommandFailure(sentenceOf(error), error instanceof ConfigError ? EXIT.errors : EXIT.failed, {
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
