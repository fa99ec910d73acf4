import { Command } from "commander";
import { checkPolicies } from "../../policy/authoring/check.ts";
import { buildBundle } from "../../policy/opa/build.ts";
import { findOpa } from "../../policy/opa/opa.ts";
import { collectPolicies, DEFAULT_IGNORE } from "../../policy/opa/sources.ts";
import { CommandFailure, EXIT } from "../failure.ts";
import { append, type Format, formatOption, linesOf, reportingFaults } from "./report.ts";

type Flags = {
  readonly output: string;
  readonly entrypoint?: string[];
  readonly ignore?: string[];
  readonly revision?: string;
  readonly root?: string[];
  readonly check: boolean;
  readonly format: Format;
};

/** `regent policy build` */
export function buildCommand(): Command {
  return new Command("build")
    .description("compile policies and data to a bundle")
    .argument("<dir...>", "folders with .rego files and data.json, or such files")
    .requiredOption("-o, --output <file>", "where the bundle goes")
    .option("-e, --entrypoint <path>", ENTRYPOINT_HELP, append)
    .option(
      "--ignore <pattern>",
      "leave out names or paths that match, besides *_test.rego (repeatable)",
      append,
    )
    .option(
      "--root <path>",
      "data and packages that the bundle owns, e.g. acme/rules (repeatable; default: everything)",
      append,
    )
    .option("-r, --revision <text>", "revision of the bundle (default: a hash of everything in it)")
    .option(
      "--no-check",
      "leave out what regent policy check finds; what does not compile is no bundle all the same",
    )
    .addOption(formatOption())
    .addHelpText(
      "after",
      "\nNothing is built where regent policy check finds something.\nExit status: 3 when something is found.\n\nExample:\n  regent policy build policies my-rules --ignore demo --ignore examples -o policies.tar.gz",
    )
    .action((dirs: string[], flags: Flags) => reportingFaults(() => build(dirs, flags)));
}

const ENTRYPOINT_HELP =
  "what can be asked of the bundle, e.g. envoy/authz/allow (repeatable; default: regent/request/decision and regent/response/decision)";

async function build(dirs: readonly string[], flags: Flags): Promise<void> {
  const ignore = [...DEFAULT_IGNORE, ...(flags.ignore ?? [])];
  if (flags.check) await assertChecked(dirs, ignore);
  const built = await buildBundle({
    paths: dirs,
    output: flags.output,
    entrypoints: flags.entrypoint ?? [],
    ignore,
    ...(flags.root === undefined ? {} : { roots: flags.root }),
    ...(flags.revision === undefined ? {} : { revision: flags.revision }),
  });
  process.stdout.write(
    flags.format === "json"
      ? `${JSON.stringify({ file: flags.output, ...built })}\n`
      : `${flags.output}: revision ${built.revision}, ${built.bytes} bytes, entrypoints ${built.entrypoints.join(", ")}\n`,
  );
}

/** @throws CommandFailure with what is found, a line each */
async function assertChecked(dirs: readonly string[], ignore: readonly string[]): Promise<void> {
  const findings = await checkPolicies(await findOpa(), await collectPolicies(dirs, ignore));
  if (findings.length > 0)
    throw new CommandFailure(`the policies have errors:\n${linesOf(findings)}`, EXIT.errors);
}
