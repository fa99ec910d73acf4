import { randomUUID } from "node:crypto";
import { Command, Option } from "commander";
import { RegentError } from "../exchange/errors.ts";
import type { FormatName } from "../exchange/inference.ts";
import type { TensorInterface } from "../exchange/model-interface.ts";
import {
  isLoss,
  parseSignature,
  TRANSLATIONS,
  type TranslationWarning,
  type Translator,
  translatorOf,
} from "../translation/index.ts";
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

type Flags = BodyFlags & {
  readonly from?: FormatName;
  readonly to: FormatName;
  readonly strict?: true;
  readonly head?: true;
  readonly layout?: "row" | "columnar";
  readonly signature?: string;
};

/** `regent translate`: a body of one dialect in another, and what gets lost. */
export function translateCommand(): Command {
  const command = new Command("translate")
    .description("print a body in another dialect; what gets lost is told on stderr, a JSON line each")
    .argument("<file>", "the body, byte for byte as on the wire; - for stdin")
    .addOption(formatOption("--from <format>", "its format (default: told by the body)"))
    .addOption(formatOption("--to <format>", "the format to print").makeOptionMandatory())
    .addOption(kindOption())
    .option("--strict", "refuse what cannot be carried as it is, as strict mode does")
    .option(
      "--head",
      "also print path, content-type and headers of the translated body on stderr, as a JSON line",
    )
    .addOption(
      new Option("--layout <layout>", "how tensors are to lie in a body of TensorFlow Serving").choices([
        "row",
        "columnar",
      ]),
    )
    .option(
      "--signature <file>",
      "datatypes and shapes of the model's tensors, as JSON: its metadata, or {inputs: {NAME: {datatype, shape}}, outputs}",
    )
    .addHelpText(
      "after",
      "\nA body that cannot be translated ends with exit status 3 and the reason.\n\nExample:\n  regent translate --from openai-chat --to anthropic-messages --kind request chat.json",
    )
    .action(translate);
  for (const option of messageOptions()) command.addOption(option);
  return command;
}

async function translate(file: string, flags: Flags): Promise<void> {
  const body = await readBodyFile(file);
  const from = formatOf(flags.from, "--from", flags.kind, body, headersOf(flags));
  const translator = translatorOf(from, flags.to, { tensors: await tensorOptions(flags) });
  if (translator === undefined) throw new CommandFailure(noTranslator(from, flags.to));
  try {
    const { bytes, ...head } = translated(translator, body, flags);
    if (flags.head === true) process.stderr.write(`${JSON.stringify(head)}\n`);
    process.stdout.write(bytes);
  } catch (error) {
    const { code, message } = RegentError.from(error);
    if (code === "internal_error") throw error;
    throw new CommandFailure(message, EXIT.errors, { cause: error });
  }
}

function noTranslator(from: FormatName, to: FormatName): string {
  if (from === to) return `the body is ${to} already`;
  const others = TRANSLATIONS.filter((pair) => pair.from === from).map((pair) => pair.to);
  const only = others.length === 0 ? "nor to any other format" : `only to ${others.join(", ")}`;
  return `${from} cannot be translated to ${to}, ${only}`;
}

/** @throws CommandFailure when the signature cannot be read */
async function tensorOptions({ layout, signature }: Flags): Promise<TensorInterface> {
  const given = layout === undefined ? {} : { layout };
  if (signature === undefined) return given;
  const bytes = await readBodyFile(signature);
  try {
    return { ...given, ...parseSignature(bytes) };
  } catch (error) {
    const { detail, message } = RegentError.from(error);
    throw new CommandFailure(`--signature: ${detail ?? message}`, undefined, { cause: error });
  }
}

const KINDS = ["request", "response", "stream"] as const;

type Translated = { readonly bytes: Buffer };

function translated(translator: Translator, body: Buffer, flags: Flags): Translated {
  const { kind, urlModel, urlStream, status = 200, strict } = flags;
  const headers = headersOf(flags);
  const facts = { status, headers, model: urlModel, includeUsage: true, nowS: seconds(), id: randomUUID() };
  const warn = (warning: TranslationWarning) => {
    process.stderr.write(`${JSON.stringify(warning)}\n`);
    if (strict === true && isLoss(warning))
      throw new RegentError("translation_unsupported", `${warning.member}: ${warning.message}`);
  };
  if (kind === "request" && translator.request !== undefined)
    return translator.request(body, { headers, urlModel, urlStream }, warn);
  if (kind === "response" && translator.response !== undefined) return translator.response(body, facts, warn);
  if (kind === "stream" && translator.stream !== undefined) {
    const stream = translator.stream(facts, warn);
    const piece = stream.push(body);
    process.stdout.write(piece.bytes);
    if (piece.fault !== undefined) throw new RegentError("upstream_invalid", piece.fault);
    const { bytes, complete } = stream.end();
    if (complete) return { bytes };
    process.stdout.write(bytes);
    throw new RegentError("upstream_incomplete");
  }
  const { from, to } = translator;
  const kinds = KINDS.filter((one) => translator[one] !== undefined);
  throw new CommandFailure(
    `a ${kind} of ${from} cannot be translated to ${to}, only a ${kinds.join(" or a ")}`,
  );
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
