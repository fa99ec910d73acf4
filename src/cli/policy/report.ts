import { Option } from "commander";
import type { PolicyFinding } from "../../policy/authoring/finding.ts";
import { BundleError } from "../../policy/bundle/error.ts";
import { OpaError, OpaNotFoundError } from "../../policy/opa/opa.ts";
import { PolicyModuleError } from "../../policy/wasm/module.ts";
import { CommandFailure, EXIT } from "../failure.ts";

export type Format = "pretty" | "json";

export function formatOption(): Option {
  return new Option("--format <format>", "output format").choices(["pretty", "json"]).default("pretty");
}

/** For an option that may be given several times. */
export function append(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

/** Faults that OPA or the bundle reader found are the author's to mend: status 3 and their words, no stack. */
export async function reportingFaults(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof OpaNotFoundError)
      throw new CommandFailure(error.message, EXIT.failed, { cause: error });
    if (error instanceof OpaError || error instanceof BundleError || error instanceof PolicyModuleError)
      throw new CommandFailure(error.message, EXIT.errors, { cause: error });
    throw error;
  }
}

/** Prints findings, a line each, and ends with status 3 for errors and 2 for warnings. `well`: what to say of none. */
export function printFindings(findings: readonly PolicyFinding[], format: Format, well: string): void {
  if (format === "json") process.stdout.write(`${JSON.stringify({ findings })}\n`);
  else if (findings.length === 0) process.stdout.write(`${well}\n`);
  else process.stdout.write(`${linesOf(findings)}\n`);
  if (findings.some(({ severity }) => severity === "error")) throw new CommandFailure("", EXIT.errors);
  if (findings.length > 0) throw new CommandFailure("", EXIT.warnings);
}

/** A line each: `file:row:column: severity code: message`. */
export function linesOf(findings: readonly PolicyFinding[]): string {
  return findings
    .map(
      ({ file, row, column, severity, code, message }) =>
        `${file}:${row}:${column}: ${severity} ${code}: ${message}`,
    )
    .join("\n");
}
