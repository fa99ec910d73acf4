import { readFile } from "node:fs/promises";
import { Command } from "commander";
import type { Config } from "../config/config.ts";
import { ConfigError, loadConfig } from "../config/load.ts";
import { packageFile } from "../document/package-root.ts";
import { explain } from "../explain/explain.ts";
import { findDecision } from "../explain/find.ts";
import { type KnownModel, knownModels } from "../explain/known.ts";
import { renderExplanation } from "../explain/render.ts";
import { loadNamedPolicies } from "../policy/load.ts";
import { parseRegistry } from "../registry/index.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { type Format, formatOption, reportingFaults } from "./policy/report.ts";

/** Where the log is when nothing says. */
const AUDIT_DIR = "var/audit";

type Flags = {
  readonly audit?: string;
  readonly decisions?: string;
  readonly bundle?: string;
  readonly config?: string;
  readonly format: Format;
};

/** `regent explain`: why one decision came out as it did, and what would have to change. */
export function explainCommand(): Command {
  return new Command("explain")
    .description(
      "say why a decision came out as it did: rules and the inputs they read, targets, budgets, and what would have to change: exit 3 when there is no such decision",
    )
    .argument("<id>", "decision id, as in x-regent-decision-id")
    .option("-c, --config <file>", "take the folders, the bundle and the registry from this configuration")
    .option("--audit <dir>", `folder of the log of records (default: of the configuration, or ${AUDIT_DIR})`)
    .option("--decisions <path>", "log of decisions: a folder or file (default: decisionLogs.dir)")
    .option("-b, --bundle <path>", "the policies that decided (default: the one bundle of the configuration)")
    .addOption(formatOption())
    .addHelpText("after", "\nExample:\n  regent explain 0d6a4e4e-6f0a-4b5e-9f43-0f6f3c1f2c11 -c regent.yaml")
    .action((id: string, flags: Flags) => reportingFaults(() => explainDecision(id, flags)));
}

async function explainDecision(id: string, flags: Flags): Promise<void> {
  const config = flags.config === undefined ? undefined : loaded(flags.config);
  const missing: string[] = [];
  const auditDir = flags.audit ?? config?.audit.dir ?? AUDIT_DIR;
  const found = await findDecision(id, auditDir, flags.decisions ?? config?.decisionLogs?.folder?.dir);
  if (found.records.length === 0 && found.decisions.length === 0)
    throw new CommandFailure(
      `there is no decision ${JSON.stringify(id)}: ${found.missing.join(" ")}`,
      EXIT.errors,
    );
  const bundle = flags.bundle ?? bundleOf(config);
  if (bundle === undefined)
    missing.push(
      "No bundle is named, so that nothing can be asked again: name the one that decided with --bundle.",
    );
  const explanation = await explain({
    ...{ id, found, auditDir, missing },
    policies: bundle === undefined ? undefined : await loadNamedPolicies(bundle, () => {}),
    models: await modelsOf(config, missing),
  });
  const output = flags.format === "json" ? JSON.stringify(explanation) : renderExplanation(explanation);
  process.stdout.write(`${output}\n`);
}

function loaded(file: string): Config {
  try {
    return loadConfig(file, { packagedBundle: packageFile("dist", "policies.tar.gz") });
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandFailure(error.message, EXIT.errors, { cause: error });
    throw new CommandFailure(
      `the configuration ${file} cannot be read: ${(error as Error).message}`,
      EXIT.failed,
      {
        cause: error,
      },
    );
  }
}

/** The file of the only bundle. Of several, and of what a service has, nobody can tell here which one decided. */
function bundleOf(config: Config | undefined): string | undefined {
  const [only, ...others] = config?.bundles ?? [];
  return only !== undefined && others.length === 0 && "path" in only ? only.path : undefined;
}

async function modelsOf(config: Config | undefined, missing: string[]): Promise<readonly KnownModel[]> {
  const file = config?.registryFile;
  if (file === undefined) {
    missing.push(
      "No registry is configured, so that other models were not tried: name the configuration with -c.",
    );
    return [];
  }
  const text = await readFile(file, "utf8").catch((error: Error) => error);
  const parsed = typeof text === "string" ? parseRegistry(text, file) : undefined;
  if (parsed?.ok) return knownModels(parsed.value.models());
  const why = text instanceof Error ? text.message : parsed?.faults.map(({ message }) => message).join("; ");
  missing.push(`Other models were not tried: the registry ${file} cannot be read (${why}).`);
  return [];
}
