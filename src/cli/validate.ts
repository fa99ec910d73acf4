import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { Command, Option } from "commander";
import { missingReferences, parseConfig } from "../config/load.ts";
import type { Parsed } from "../document/document.ts";
import { type Fault, renderFault } from "../document/fault.ts";
import { parseApiKeys } from "../identity/index.ts";
import { parseRegistry } from "../registry/index.ts";
import { CommandFailure, EXIT } from "./failure.ts";

type Format = "pretty" | "json";

/** `regent validate FILE`: every fault of a configuration, without starting anything. */
export function validateCommand(): Command {
  return new Command("validate")
    .description(
      "check a configuration file and the keys and models it names: exit 0 when it is good, 2 with warnings, 3 with errors",
    )
    .argument("<file>", "the configuration file")
    .addOption(new Option("--format <format>", "output format").choices(["pretty", "json"]).default("pretty"))
    .addHelpText("after", "\nExample:\n  regent validate regent.yaml --format json")
    .action((file: string, { format }: { format: Format }) => {
      const faults = faultsOf(file);
      process.stdout.write(
        format === "json" ? `${JSON.stringify({ file, faults })}\n` : pretty(file, faults),
      );
      if (faults.some(({ severity }) => severity === "error")) throw new CommandFailure("", EXIT.errors);
      if (faults.length > 0) throw new CommandFailure("", EXIT.warnings);
    });
}

/** The faults of the file itself, or, when it has none, those of the documents that it names. */
function faultsOf(file: string): readonly Fault[] {
  const parsed = parseConfig(read(file), file);
  if (!parsed.ok) return parsed.faults;
  const { identity, registry } = parsed.value;
  return [
    ...missingReferences(parsed, dirname(file)),
    ...documentFaults(file, identity.apiKeys?.file, parseApiKeys),
    ...documentFaults(file, registry.file, parseRegistry),
  ];
}

function documentFaults(
  file: string,
  named: string | undefined,
  parse: (text: string, fileName: string) => Parsed<unknown>,
): readonly Fault[] {
  if (named === undefined) return [];
  const path = isAbsolute(named) ? named : join(dirname(file), named);
  // That it is missing is told already.
  if (!existsSync(path)) return [];
  const parsed = parse(read(path), path);
  return parsed.ok ? [] : parsed.faults;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(`cannot read ${file}: ${reason}`, EXIT.failed, { cause: error });
  }
}

function pretty(file: string, faults: readonly Fault[]): string {
  if (faults.length === 0) return `${file}: no faults\n`;
  return faults.map((fault) => `${renderFault(fault)}\n`).join("");
}
