import { Command, InvalidArgumentError, Option } from "commander";
import { originOf } from "../local/envoy/origin.ts";
import { KEYS } from "../local/scenes/stage.ts";
import { type Stack, type StackOptions, startStack } from "../local/stack.ts";
import type { Upstream } from "../local/upstream.ts";
import { CommandFailure } from "./failure.ts";

type Options = {
  readonly port: number;
  readonly adminPort: number;
  readonly probesPort: number;
  readonly grpcPort: number;
  readonly dir: string;
  readonly upstream?: string;
  readonly models?: readonly string[];
  readonly upstreamKeyFile?: string;
  readonly upstreamRegion: string;
  readonly bundle?: string;
  readonly rollout?: boolean;
};

/** `regent run`: sidecar, Envoy and sample models as one process tree, until Ctrl-C. */
export function runCommand(): Command {
  return new Command("run")
    .description("start sample models, the sidecar and Envoy, and stay up until Ctrl-C")
    .addOption(portOption("--port <port>", "where clients connect", 10_000))
    .addOption(portOption("--admin-port <port>", "Regent's admin interface", 8_181))
    .addOption(portOption("--probes-port <port>", "probes and metrics", 8_282))
    .addOption(portOption("--grpc-port <port>", "Regent's gRPC, for Envoy", 9_191))
    .option("--dir <dir>", "where configurations, logs and the audit log are kept", "var")
    .option("--upstream <url>", "govern this OpenAI-compatible server instead of the sample models", origin)
    .option("--models <names>", "its models, separated by commas (default: what its /v1/models lists)", names)
    .option("--upstream-key-file <file>", "file with its key, which is sent as bearer")
    .option("--upstream-region <region>", "the region it counts as", "us")
    .option(
      "--bundle <file>",
      "decide with this bundle instead of the sample policies; a new one is taken up",
    )
    .option("--rollout", "take new versions of it through the shadow and an approval: see docs/policy.md")
    .addHelpText(
      "after",
      "\nPort 0 is one that the system picks. What `opa run` does, regent serve --opa-config does.\n\nExamples:\n  regent run\n  regent run --upstream http://127.0.0.1:8000\n  regent run --upstream https://api.example.com --models large-1 --upstream-key-file upstream.key\n  regent run --bundle bundle.tar.gz --rollout",
    )
    .action(async (options: Options) => {
      const ended = untilSignal();
      const { port, adminPort, probesPort, grpcPort, dir } = options;
      const ports = { port, adminPort, probesPort, grpcPort };
      const stack = await startLocalStack({
        ...{ dir, ...ports, ...upstreamOf(options), onStep: reportStep },
        ...(options.bundle === undefined ? {} : { bundle: options.bundle }),
        rollout: options.rollout === true,
      });
      try {
        process.stdout.write(welcome(stack));
        const reason = await Promise.race([ended, stack.broken]);
        if (reason !== undefined) throw new CommandFailure(reason);
      } finally {
        await stack.stop();
      }
    });
}

/** Starts a stack; a failure is a sentence, not a stack trace. */
export async function startLocalStack(options: StackOptions): Promise<Stack> {
  try {
    return await startStack(options);
  } catch (error) {
    throw new CommandFailure(error instanceof Error ? error.message : String(error), 1, { cause: error });
  }
}

/** Resolves at the first signal that asks this process to end. Later ones change nothing: the end is on its way. */
export function untilSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(signal, () => resolve(undefined));
  });
}

export function reportStep(step: string): void {
  process.stderr.write(`regent: ${step} …\n`);
}

export function portOption(flags: string, description: string, byDefault: number): Option {
  return new Option(flags, description).argParser(parsePort).default(byDefault);
}

const PORT_MAX = 65_535;

function parsePort(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > PORT_MAX) throw new InvalidArgumentError(`Expected 0 to ${PORT_MAX}.`);
  return number;
}

function origin(text: string): string {
  try {
    originOf(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
  return text;
}

function names(text: string): string[] {
  const found = text.split(",").map((name) => name.trim());
  if (found.includes("")) throw new InvalidArgumentError("Expected names separated by commas.");
  return found;
}

function upstreamOf(options: Options): { readonly upstream?: Upstream } {
  if (options.upstream === undefined) {
    if (options.models !== undefined || options.upstreamKeyFile !== undefined) {
      throw new CommandFailure("--models and --upstream-key-file go with --upstream");
    }
    return {};
  }
  return {
    upstream: {
      origin: options.upstream,
      region: options.upstreamRegion,
      ...(options.models === undefined ? {} : { models: options.models }),
      ...(options.upstreamKeyFile === undefined ? {} : { keyFile: options.upstreamKeyFile }),
    },
  };
}

function welcome(stack: Stack): string {
  const models = stack.upstreamModels ?? ["default", "sim-small", "sim-large", "sim-messages", "sim-legacy"];
  const model = models[0] ?? "default";
  return `
Regent is ready at ${stack.origin}

  curl ${stack.origin}/v1/chat/completions \\
    -H 'authorization: Bearer ${KEYS.acmeAnalyst}' \\
    -H 'content-type: application/json' \\
    -d '{"model":${JSON.stringify(model)},"messages":[{"role":"user","content":"Hello"}]}'

  import OpenAI from "openai";
  const client = new OpenAI({ baseURL: "${stack.origin}/v1", apiKey: "${KEYS.acmeAnalyst}" });
  const answer = await client.chat.completions.create({
    model: ${JSON.stringify(model)},
    messages: [{ role: "user", content: "Hello" }],
  });
  console.log(answer.choices[0].message.content);

models          ${models.join(", ")}
keys            ${Object.values(KEYS).join(", ")}
behind it       ${stack.targets.map(({ name, origin: at }) => `${name} ${at}`).join(", ")}
metrics         ${stack.probesOrigin}/metrics
records         regent audit verify ${stack.auditDir}
configuration   ${stack.dir}/regent.yaml, ${stack.dir}/envoy.yaml
${stack.tokenFile === undefined ? "" : `rollout         regent policy status --url ${stack.adminOrigin} --token-file ${stack.tokenFile}\n`}
Ctrl-C ends everything.
`;
}
