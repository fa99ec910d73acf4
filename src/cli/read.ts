import { Command } from "commander";
import type { FormatName } from "../exchange/inference.ts";
import { FORMATS, readingOf } from "../formats/index.ts";
import {
  type BodyFlags,
  formatOf,
  formatOption,
  headersOf,
  kindOption,
  messageOptions,
  readBodyFile,
} from "./body-options.ts";
import { CommandFailure, EXIT } from "./failure.ts";

type Flags = BodyFlags & { readonly format?: FormatName };

/** `regent read`: what a format understood of a body, as one JSON object. */
export function readCommand(): Command {
  const command = new Command("read")
    .description(
      "print what Regent understands of a body: model, usage, finish reasons, text, tool calls, error; null is what the body does not say",
    )
    .argument("<file>", "the body, byte for byte as on the wire; - for stdin")
    .addOption(kindOption())
    .addOption(formatOption("-f, --format <format>", "its format (default: told by the body)"))
    .addHelpText(
      "after",
      "\nA body that breaks its format has the member invalid, and the exit status is 3.\n\nExample:\n  regent read --kind stream --format openai-chat answer.sse",
    )
    .action(read);
  for (const option of messageOptions()) command.addOption(option);
  return command;
}

async function read(file: string, flags: Flags): Promise<void> {
  const body = await readBodyFile(file);
  const headers = headersOf(flags);
  const format = FORMATS[formatOf(flags.format, "--format", flags.kind, body, headers)];
  const { status, urlModel, urlStream } = flags;
  const reading = readingOf(format, flags.kind, body, { status, headers, urlModel, urlStream });
  process.stdout.write(`${JSON.stringify(reading)}\n`);
  if (reading.invalid !== undefined) throw new CommandFailure("", EXIT.errors);
}
