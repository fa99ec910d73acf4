import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { Command, Option } from "commander";
import { missingReferences, parseConfig } from "../config/load.ts";
import type { Parsed } from "../document/document.ts";
import { type Fault, type FaultAt, renderFault } from "../document/fault.ts";
import { loadDescriptors } from "../envoy/check/grpc/descriptors.ts";
import { parseApiKeys } from "../identity/index.ts";
import { opaConfigFrom } from "../opa/config.ts";
import { substituteEnvironment, unsetWarnings } from "../opa/environment.ts";
import { OpaValueError } from "../opa/envoy.ts";
import { OpaConfigError, parseOpaConfig } from "../opa/load.ts";
import { parseRegistry } from "../registry/index.ts";
import { CommandFailure, EXIT } from "./failure.ts";

type Format = "pretty" | "json";

/** `regent validate FILE`: every fault of a configuration, without starting anything. */
export function validateCommand(): Command {
  return new Command("validate")
    .description(
      "check a configuration file and the keys and models it names: exit 0 when it is good, 2 with warnings, 3 with errors",
    )
    .argument("[file]", "the configuration file")
    .option("--opa-config <file>", "a configuration of OPA instead, as regent serve --opa-config takes it")
    .addOption(new Option("--format <format>", "output format").choices(["pretty", "json"]).default("pretty"))
    .addHelpText(
      "after",
      "\nExamples:\n  regent validate regent.yaml --format json\n  regent validate --opa-config opa.yaml",
    )
    .action((own: string | undefined, { format, opaConfig }: ValidateOptions) => {
      const file = onlyOne(own, opaConfig);
      const faults = opaConfig === undefined ? faultsOf(file) : opaFaultsOf(file);
      process.stdout.write(
        format === "json" ? `${JSON.stringify({ file, faults })}\n` : pretty(file, faults),
      );
      if (faults.some(({ severity }) => severity === "error")) throw new CommandFailure("", EXIT.errors);
      if (faults.length > 0) throw new CommandFailure("", EXIT.warnings);
    });
}

type ValidateOptions = { readonly format: Format; readonly opaConfig?: string };

function onlyOne(own: string | undefined, opaConfig: string | undefined): string {
  const file = own ?? opaConfig;
  if (file === undefined || (own !== undefined && opaConfig !== undefined))
    throw new CommandFailure("name one file: FILE, or --opa-config FILE", EXIT.failed);
  return file;
}

/** The faults and warnings of a configuration of OPA. */
function opaFaultsOf(file: string): readonly Fault[] {
  const text = read(file);
  const unset = unsetWarnings(text, file, process.env);
  try {
    const { document, warnings } = parseOpaConfig(substituteEnvironment(text, process.env), file);
    opaConfigFrom(document, process.cwd());
    return inOrder([...unset, ...warnings]);
  } catch (error) {
    if (error instanceof OpaConfigError) return inOrder([...unset, ...error.faults, ...error.warnings]);
    if (!(error instanceof OpaValueError)) throw error;
    const place = { file, line: 1, column: 1, path: "", code: "config/value", severity: "error" as const };
    return [{ ...place, message: error.message }];
  }
}

/** As they stand in the file. */
function inOrder(faults: readonly Fault[]): readonly Fault[] {
  return faults.toSorted((one, other) => one.line - other.line || one.column - other.column);
}

/** The faults of the file itself, or, when it has none, those of the documents that it names. */
function faultsOf(file: string): readonly Fault[] {
  const parsed = parseConfig(read(file), file);
  if (!parsed.ok) return parsed.faults;
  const { extAuthz, identity, registry } = parsed.value;
  return [
    ...missingReferences(parsed, dirname(file)),
    ...descriptorFaults(file, extAuthz.protoDescriptor, parsed.faultAt),
    ...documentFaults(file, identity.apiKeys?.file, parseApiKeys),
    ...documentFaults(file, registry.file, parseRegistry),
  ];
}

/** Whether gRPC bodies could be read by the descriptor that a configuration names. One that is not there is a warning. */
function descriptorFaults(file: string, named: string | undefined, faultAt: FaultAt): readonly Fault[] {
  const path = named === undefined ? undefined : resolve(dirname(file), named);
  if (path === undefined || !existsSync(path)) return [];
  try {
    loadDescriptors(path);
    return [];
  } catch (error) {
    return [faultAt(["extAuthz", "protoDescriptor"], "value", (error as Error).message)];
  }
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
