import { spawn } from "node:child_process";
import { Command, Option } from "commander";
import { BundleError } from "../policy/bundle/error.ts";
import { buildBundle } from "../policy/opa/build.ts";
import { CAPABILITIES_FILE, findOpa, OpaError, OpaNotFoundError } from "../policy/opa/opa.ts";
import { collectSources, DEFAULT_IGNORE, opaArgument } from "../policy/opa/sources.ts";
import { PolicyModuleError } from "../policy/wasm/module.ts";
import { CommandFailure, EXIT } from "./failure.ts";

type Format = "pretty" | "json";

/** `regent policy …`: what policy authors do before a bundle reaches a server. */
export function policyCommand(): Command {
  return new Command("policy")
    .description("build and test policies")
    .addCommand(buildCommand())
    .addCommand(testCommand())
    .addHelpText("after", "\nExample:\n  regent policy build policies -o dist/policies.tar.gz");
}

type BuildFlags = {
  readonly output: string;
  readonly entrypoint?: string[];
  readonly ignore?: string[];
  readonly revision?: string;
  readonly format: Format;
};

function buildCommand(): Command {
  return new Command("build")
    .description("compile policies and data to a bundle")
    .argument("<dir...>", "folders with .rego files and data.json, or such files")
    .requiredOption("-o, --output <file>", "where the bundle goes")
    .option("-e, --entrypoint <path>", entrypointHelp, append)
    .option(
      "--ignore <pattern>",
      "leave out names or paths that match, besides *_test.rego (repeatable)",
      append,
    )
    .option("-r, --revision <text>", "revision of the bundle (default: a hash of everything in it)")
    .addOption(formatOption())
    .addHelpText(
      "after",
      "\nExample:\n  regent policy build policies my-rules -o dist/policies.tar.gz --ignore examples",
    )
    .action((dirs: string[], flags: BuildFlags) => reportingFaults(() => build(dirs, flags)));
}

const entrypointHelp =
  "what can be asked of the bundle, e.g. envoy/authz/allow (repeatable; default: regent/request/decision and regent/response/decision)";

async function build(dirs: readonly string[], flags: BuildFlags): Promise<void> {
  const built = await buildBundle({
    paths: dirs,
    output: flags.output,
    entrypoints: flags.entrypoint ?? [],
    ignore: [...DEFAULT_IGNORE, ...(flags.ignore ?? [])],
    ...(flags.revision === undefined ? {} : { revision: flags.revision }),
  });
  process.stdout.write(
    flags.format === "json"
      ? `${JSON.stringify({ file: flags.output, ...built })}\n`
      : `${flags.output}: revision ${built.revision}, ${built.bytes} bytes, entrypoints ${built.entrypoints.join(", ")}\n`,
  );
}

function testCommand(): Command {
  return new Command("test")
    .description("run the Rego tests of folders with opa test; exit 3 when one fails")
    .argument("<dir...>", "folders with .rego files")
    .addOption(formatOption())
    .option("--run <regex>", "only tests whose name matches")
    .option("-v, --verbose", "print every test")
    .addHelpText("after", "\nExample:\n  regent policy test policies")
    .action((dirs: string[], flags: TestFlags) => reportingFaults(() => test(dirs, flags)));
}

/** For one test. OPA's own 5 seconds are too few on a machine that is busy. */
const TEST_TIMEOUT = "60s";

type TestFlags = { readonly format: Format; readonly run?: string; readonly verbose?: boolean };

async function test(dirs: readonly string[], flags: TestFlags): Promise<void> {
  const args = [
    ...["test", "--fail-on-empty", "--capabilities", CAPABILITIES_FILE, "--format", flags.format],
    ...["--timeout", TEST_TIMEOUT],
    ...(flags.run === undefined ? [] : ["--run", flags.run]),
    ...(flags.verbose ? ["--verbose"] : []),
    "--",
    ...(await collectSources(dirs, [])).map(opaArgument),
  ];
  const status = await runVisibly(await findOpa(), args);
  // A test that fails and a policy that does not compile are both the author's; OPA has said which.
  if (status !== 0) throw new CommandFailure("", EXIT.errors);
}

/** Runs a program on this one's own streams and gives its exit status. */
function runVisibly(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit" });
    child.on("error", (error) =>
      reject(new OpaError(`${program} cannot be run: ${error.message}`, { cause: error })),
    );
    child.on("close", (code) => resolve(code ?? EXIT.failed));
  });
}

function formatOption(): Option {
  return new Option("--format <format>", "output format").choices(["pretty", "json"]).default("pretty");
}

function append(value: string, earlier: readonly string[] = []): string[] {
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
