import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { Command, Option } from "commander";
import { missingReferences, parseConfig } from "../config/load.ts";
import { type Fault, renderFault } from "../exchange/fault.ts";
import { CommandFailure, EXIT } from "./failure.ts";

type Format = "pretty" | "json";

/** `regent validate FILE`: every fault of a configuration file, without starting anything. */
export function validateCommand(): Command {
  return new Command("validate")
    .description("check a configuration file: exit 0 when it is good, 2 with warnings, 3 with errors")
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

function faultsOf(file: string): readonly Fault[] {
  const parsed = parseConfig(read(file), file);
  return parsed.ok ? missingReferences(parsed, dirname(file)) : parsed.faults;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(`cannot read the configuration: ${reason}`, EXIT.failed, { cause: error });
  }
}

function pretty(file: string, faults: readonly Fault[]): string {
  if (faults.length === 0) return `${file}: no faults\n`;
  return faults.map((fault) => `${renderFault(fault)}\n`).join("");
}
