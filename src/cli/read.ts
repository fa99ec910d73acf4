import { Command } from "commander";
import type { FormatName } from "../exchange/inference.ts";
import { FORMATS, METRICS_TEXT, metricsReading, type Reading, readingOf } from "../formats/index.ts";
import { invalidReading } from "../formats/reading.ts";
import {
  type BodyFlags,
  formatOf,
  formatOption,
  headersOf,
  kindOption,
  messageOptions,
} from "./body-options.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { plainBody, readFileOf } from "./read-body.ts";

type Flags = BodyFlags & { readonly format?: FormatName | typeof METRICS_TEXT };

/** `regent read`: what a format understood of a body, as one JSON object. */
export function readCommand(): Command {
  const command = new Command("read")
    .description(
      "print what Regent understands of a body: model, usage, finish reasons, text, tool calls, error; null is what the body does not say",
    )
    .argument("<file>", "the body, byte for byte as on the wire; - for stdin")
    .addOption(kindOption())
    .addOption(formatOption("-f, --format <format>", "its format (default: told by the body)", METRICS_TEXT))
    .addHelpText(
      "after",
      "\nA body that breaks its format has the member invalid, and the exit status is 3.\n\nExamples:\n  regent read --kind stream --format openai-chat answer.sse\n  regent read --kind request --url-model gemini-2.5-flash - < contents.json",
    )
    .action(read);
  for (const option of messageOptions()) command.addOption(option);
  return command;
}

async function read(file: string, flags: Flags): Promise<void> {
  const body = await readFileOf("the body", file);
  const reading =
    flags.format === METRICS_TEXT ? readMetrics(body, flags) : await readBody(body, flags, flags.format);
  process.stdout.write(`${JSON.stringify(reading)}\n`);
  if (reading.invalid !== undefined) throw new CommandFailure("", EXIT.errors);
}

async function readBody(coded: Buffer, flags: Flags, given: FormatName | undefined): Promise<Reading> {
  const headers = headersOf(flags);
  const { kind, status, urlModel, urlStream } = flags;
  const plain = await plainBody(kind, coded, headers);
  if (!plain.ok) {
    if (given === undefined) throw new CommandFailure(plain.reason, EXIT.errors);
    return invalidReading(FORMATS[given], kind, plain.reason);
  }
  const format = FORMATS[formatOf(given, "--format", kind, plain.bytes, headers)];
  return readingOf(format, kind, plain.bytes, { status, headers, urlModel, urlStream });
}

function readMetrics(body: Buffer, { kind }: Flags): Reading {
  if (kind !== "response")
    throw new CommandFailure(`${METRICS_TEXT} is what a server answers: --kind response`);
  return metricsReading(body);
}
