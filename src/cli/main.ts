import { Command, CommanderError } from "commander";
import { CommandFailure, EXIT, type ExitStatus } from "./failure.ts";
import { regentVersion } from "./version.ts";

type Entry = { readonly summary: string; readonly load: () => Promise<Command> };

/**
 * One row a command. Only the command that is called is loaded, so that `regent --help` and the start of the sidecar
 * do not pay for the others.
 */
const COMMANDS: { readonly [name: string]: Entry } = {
  serve: {
    summary: "run the sidecar",
    load: async () => (await import("./serve.ts")).serveCommand(),
  },
  run: {
    summary: "start sidecar, Envoy and sample models, and stay up",
    load: async () => (await import("./run.ts")).runCommand(),
  },
  demo: {
    summary: "the same, then a tour of requests: expected beside got",
    load: async () => (await import("./demo.ts")).demoCommand(),
  },
  validate: {
    summary: "check a configuration file",
    load: async () => (await import("./validate.ts")).validateCommand(),
  },
  schema: {
    summary: "print the JSON schema of the configuration file",
    load: async () => (await import("./schema.ts")).schemaCommand(),
  },
  policy: {
    summary: "write, check, test, build, sign and roll out policies",
    load: async () => (await import("./policy.ts")).policyCommand(),
  },
  eval: {
    summary: "evaluate a policy as the sidecar would",
    load: async () => (await import("./eval.ts")).evalCommand(),
  },
  explain: {
    summary: "say why a decision came out as it did",
    load: async () => (await import("./explain.ts")).explainCommand(),
  },
  replay: {
    summary: "decide a log of decisions again with other policies",
    load: async () => (await import("./replay.ts")).replayCommand(),
  },
  read: {
    summary: "print what Regent understands of a body",
    load: async () => (await import("./read.ts")).readCommand(),
  },
  translate: {
    summary: "print a body in another dialect, and what gets lost",
    load: async () => (await import("./translate.ts")).translateCommand(),
  },
  audit: {
    summary: "verify, query and print the log of records",
    load: async () => (await import("./audit.ts")).auditCommand(),
  },
  envoy: {
    summary: "print an Envoy configuration",
    load: async () => (await import("./envoy.ts")).envoyCommand(),
  },
  istio: {
    summary: "print the targets for an ingress gateway of Istio",
    load: async () => (await import("./istio.ts")).istioCommand(),
  },
  version: {
    summary: "print the version of Regent and of what it runs on",
    load: async () => (await import("./version.ts")).versionCommand(),
  },
  healthcheck: {
    summary: "ask a running sidecar whether it is ready",
    load: async () => (await import("./healthcheck.ts")).healthcheckCommand(),
  },
};

/** Runs one command line, without `node` and the script's name. Returns the exit status; never throws. */
export async function runCommandLine(args: readonly string[]): Promise<ExitStatus> {
  try {
    const program = await programFor(args);
    await program.parseAsync([...args], { from: "user" });
    return EXIT.ok;
  } catch (error) {
    return statusOf(error);
  }
}

async function programFor(args: readonly string[]): Promise<Command> {
  const program = new Command("regent")
    .description("The governance sidecar for AI traffic on Envoy and Istio.")
    .version(regentVersion(), "-V, --version")
    .option("--no-color", "no colours in the process log (also: NO_COLOR=1)")
    .addHelpText(
      "after",
      `
Examples:
  regent run
  regent validate regent.yaml
  regent serve -c regent.yaml

regent COMMAND --help says more of a command.`,
    )
    .showHelpAfterError("(regent --help lists the commands and options)")
    .exitOverride();
  const [first, second] = args.filter((arg) => !arg.startsWith("-"));
  const called = first === "help" ? second : first;
  for (const [name, entry] of Object.entries(COMMANDS)) {
    const command = name === called ? await entry.load() : new Command(name);
    program.addCommand(prepared(command.summary(entry.summary)));
  }
  program.on("option:no-color", () => {
    process.env.NO_COLOR = "1";
  });
  return program;
}

/** Commands are built on their own, so the settings of the program reach them and their subcommands here. */
function prepared(command: Command): Command {
  command.exitOverride().showHelpAfterError("(add --help for the usage)");
  for (const subcommand of command.commands) prepared(subcommand);
  return command;
}

function statusOf(error: unknown): ExitStatus {
  // Commander has printed its own message. Help and version end with code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.failed;
  if (error instanceof CommandFailure) {
    if (error.message !== "") process.stderr.write(`regent: ${error.message}\n`);
    return error.status;
  }
  process.stderr.write(
    `regent: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return EXIT.failed;
}
