import type { Command } from "commander";
import { CommandFailure } from "../../src/cli/failure.ts";

export type CommandResult = { readonly stdout: string; readonly status: number; readonly failure?: string };

/** Runs a command in this process as a test does: what it wrote to stdout, and how it ended. */
export async function runCommand(command: Command, args: readonly string[]): Promise<CommandResult> {
  const written: string[] = [];
  const { write } = process.stdout;
  process.stdout.write = (chunk: string | Uint8Array) => {
    // Commands write text. Bytes are the test runner's own messages, about tests before this one.
    if (typeof chunk !== "string") return write.call(process.stdout, chunk);
    written.push(chunk);
    return true;
  };
  try {
    await quietly(command).parseAsync([...args], { from: "user" });
    return { stdout: written.join(""), status: 0 };
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    const failure = error.message === "" ? {} : { failure: error.message };
    return { stdout: written.join(""), status: error.status, ...failure };
  } finally {
    process.stdout.write = write;
  }
}

/** Usage errors are thrown, as the program itself sets it, and not printed into the test report. */
function quietly(command: Command): Command {
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  for (const subcommand of command.commands) quietly(subcommand);
  return command;
}
