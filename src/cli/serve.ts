import { Command } from "commander";
import { ConfigError, loadConfig } from "../config/load.ts";
import { packageFile } from "../document/package-root.ts";
import { startSidecar } from "../sidecar.ts";
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
  const signal = await firstSignal();
  log.info({ signal, graceMs: config.drain.graceMs }, "stopping: what is in flight may end");
  process.once("SIGTERM", () => process.exit(EXIT.failed)).once("SIGINT", () => process.exit(EXIT.failed));
  await sidecar.stop();
  log.info({}, "stopped");
}

function loaded(file: string | undefined) {
  try {
    return loadConfig(file, { packagedBundle: packageFile("dist", "policies.tar.gz") });
  } catch (error) {
    throw new CommandFailure(sentenceOf(error), error instanceof ConfigError ? EXIT.errors : EXIT.failed, {
      cause: error,
    });
  }
}

function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(signal));
  });
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
