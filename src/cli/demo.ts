import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { SCENES } from "../local/scenes/index.ts";
import { Stage } from "../local/scenes/stage.ts";
import type { Stack } from "../local/stack.ts";
import { playTour, type TourResult } from "../local/tour.ts";
import { auditCommand } from "./audit.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { portOption, reportStep, startLocalStack, untilSignal } from "./run.ts";

type Options = {
  readonly port: number;
  readonly adminPort: number;
  readonly probesPort: number;
  readonly grpcPort: number;
  readonly keep?: boolean;
};

/** `regent demo`: the stack of `regent run`, a tour through it, and the end of it. */
export function demoCommand(): Command {
  return new Command("demo")
    .description("start the same stack as run, send a tour of requests, compare expected with got, tear down")
    .addOption(portOption("--port <port>", "where clients connect", 0))
    .addOption(portOption("--admin-port <port>", "Regent's admin interface", 0))
    .addOption(portOption("--probes-port <port>", "probes and metrics", 0))
    .addOption(portOption("--grpc-port <port>", "Regent's gRPC, for Envoy", 0))
    .option("--keep", "leave configurations, logs and the audit log behind")
    .addHelpText(
      "after",
      "\nPort 0 is one that the system picks. Exit 0 when every scene is as expected, 3 when not.\n\nExample:\n  regent demo --keep",
    )
    .action(async (options: Options) => {
      const dir = mkdtempSync(join(tmpdir(), "regent-demo-"));
      try {
        await demo(dir, options);
      } finally {
        if (options.keep) process.stderr.write(`regent: everything is left in ${dir}\n`);
        else rmSync(dir, { recursive: true, force: true });
      }
    });
}

async function demo(dir: string, options: Options): Promise<void> {
  const ended = untilSignal();
  const { keep: _, ...ports } = options;
  const stack = await startLocalStack({ dir, ...ports, onStep: reportStep });
  let result: TourResult | string;
  try {
    const interrupted = ended.then(() => "interrupted");
    result = await Promise.race([interrupted, stack.broken, tour(stack)]);
  } finally {
    await stack.stop();
  }
  if (typeof result === "string") throw new CommandFailure(result);
  // The sidecar has ended, so every record is in the log.
  await audit(["tail", stack.auditDir, "--lines", String(RECORDS_SHOWN)]);
  await audit(["verify", stack.auditDir]);
  if (result.asExpected < result.scenes) throw new CommandFailure("", EXIT.errors);
}

/** Records printed at the end: the last scenes, without the hundreds of the split. */
const RECORDS_SHOWN = 12;

async function tour(stack: Stack): Promise<TourResult> {
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const stage = new Stage(stack.origin, stack.targets, stack.auditDir);
  const result = await playTour(SCENES, stage, print);
  print(`demo: ${result.scenes} scenes, ${result.asExpected} as expected`);
  return result;
}

/** The same command that anybody would use. */
async function audit(args: readonly string[]): Promise<void> {
  process.stdout.write(`\nregent audit ${args.join(" ")}\n`);
  await auditCommand().parseAsync([...args], { from: "user" });
}
