import { randomUUID } from "node:crypto";
import { Command } from "commander";
import { RegentError } from "../exchange/errors.ts";
import type { Headers } from "../exchange/headers.ts";
import type { FormatName } from "../exchange/inference.ts";
import { endpointOf } from "../formats/endpoints.ts";
import { FORMATS } from "../formats/index.ts";
import { REPLACED_BYTES_MAX } from "../pipeline/attempt/translate.ts";
import { STREAM_BYTES_MAX } from "../pipeline/attempt/translated-stream.ts";
import { untranslatable, wholeAnswer } from "../pipeline/attempt/whole-answer.ts";
import {
  isLoss,
  TRANSLATIONS,
  type TranslatedRequest,
  type TranslatedResponse,
  type TranslationWarning,
  type Translator,
  translatorOf,
  type Warn,
} from "../translation/index.ts";
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
import { addModelOptions, type ModelFlags, modelOf } from "./translate-model.ts";

type Flags = BodyFlags &
  ModelFlags & {
    readonly from?: FormatName;
    readonly to: FormatName;
    readonly strict?: true;
    readonly head?: true;
  };

/** `regent translate`: a body of one dialect in another, and what gets lost. */
export function translateCommand(): Command {
  const command = new Command("translate")
    .description("print a body in another dialect; what gets lost is told on stderr, a JSON line each")
    .argument("<file>", "the body, byte for byte as on the wire; - for stdin")
    .addOption(formatOption("--from <format>", "its format (default: told by the body)"))
    .addOption(formatOption("--to <format>", "the format to print").makeOptionMandatory())
    .addOption(kindOption())
    .option("--strict", "refuse a request that cannot be carried as it is, as strict mode does")
    .option(
      "--head",
      "also print path, content-type and headers of the translated body on stderr, as a JSON line",
    );
  addModelOptions(command);
  command
    .addHelpText(
      "after",
      `
A body that the gateway refuses, or cannot translate, ends with exit status 3 and the reason.

Examples:
  regent translate --from openai-chat --to anthropic-messages --kind request chat.json
  regent translate --to kserve-v2 --kind request --url-model iris --registry registry.yaml --model iris rows.json`,
    )
    .action(translate);
  for (const option of messageOptions()) command.addOption(option);
  return command;
}

async function translate(file: string, flags: Flags): Promise<void> {
  const model = await modelOf(flags);
  const coded = await readFileOf("the body", file);
  await orRefused(async () => {
    const headers = headersOf(flags);
    const plain = await plainBody(flags.kind, coded, headers);
    if (!plain.ok) throw new RegentError(plain.code, plain.reason);
    const from = formatOf(flags.from, "--from", flags.kind, plain.bytes, headers);
    const translator = translatorOf(from, flags.to, model);
    if (translator === undefined) throw new CommandFailure(noTranslator(from, flags.to));
    const { bytes, ...head } = translated(translator, plain.bytes, headers, {
      ...flags,
      maxOutputTokens: model.maxOutputTokens,
    });
    if (flags.head === true) process.stderr.write(`${JSON.stringify(head)}\n`);
    process.stdout.write(bytes);
  });
}

async function orRefused(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
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

const KINDS = ["request", "response", "stream"] as const;

type Facts = Flags & { readonly maxOutputTokens: number | undefined };

/** What goes on, and for a request its path and headers. @throws RegentError as the gateway refuses it */
function translated(
  translator: Translator,
  body: Buffer,
  headers: Headers,
  facts: Facts,
): { readonly bytes: Buffer } {
  const { from, to, request, response, stream } = translator;
  const { kind } = facts;
  if (kind === "request" && request !== undefined)
    return requestOf({ ...translator, request }, body, headers, facts);
  if (kind === "response" && response !== undefined)
    return answerOf(to, facts, () => response(body, answerFacts(headers, facts), tell));
  if (kind === "stream" && stream !== undefined)
    return streamOf(stream(answerFacts(headers, facts), tell), body);
  const kinds = KINDS.filter((one) => translator[one] !== undefined);
  throw new CommandFailure(
    `a ${kind} of ${from} cannot be translated to ${to}, only a ${kinds.join(" or a ")}`,
  );
}

/** The gateway translates what it has read, and judged, before. */
function requestOf(
  { from, to, request }: Translator & { readonly request: NonNullable<Translator["request"]> },
  bytes: Buffer,
  headers: Headers,
  { urlModel, urlStream, strict, maxOutputTokens }: Facts,
): TranslatedRequest {
  const format = FORMATS[from];
  const endpoint = endpointOf(format, urlModel === undefined ? {} : { model: urlModel }, urlStream);
  format.readRequest({ bytes, headers, endpoint });
  const warn: Warn = (warning) => {
    tell(warning);
    if (strict === true && isLoss(warning))
      throw new RegentError("translation_unsupported", `${warning.member}: ${warning.message}`);
  };
  const facts = { headers, urlModel, urlStream, modelOutputTokens: maxOutputTokens };
  const translated = request(bytes, facts, warn);
  if (translated.bytes.length > REPLACED_BYTES_MAX)
    throw new RegentError("body_too_large", `The request is larger than any route takes as ${to}.`);
  return translated;
}

/** An error under a status of success is none of the gateway's answers; one whose status nobody told is shown. */
function answerOf(
  to: FormatName,
  { status }: Facts,
  translate: () => TranslatedResponse,
): TranslatedResponse {
  const answer =
    status === undefined
      ? translate()
      : wholeAnswer(FORMATS[to], { status, requestId: randomUUID() }, translate);
  if (answer.bytes.length > REPLACED_BYTES_MAX) throw untranslatable("is too large when translated");
  return answer;
}

/** What was translated before a fault is printed too, as a client would have got it. */
function streamOf(
  stream: ReturnType<NonNullable<Translator["stream"]>>,
  body: Buffer,
): { readonly bytes: Buffer } {
  const piece = stream.push(body.subarray(0, STREAM_BYTES_MAX));
  process.stdout.write(piece.bytes);
  if (piece.fault !== undefined) throw new RegentError("upstream_invalid", piece.fault);
  if (body.length > STREAM_BYTES_MAX) throw untranslatable("is a stream that does not end");
  const { bytes, complete } = stream.end();
  if (complete) return { bytes };
  process.stdout.write(bytes);
  throw new RegentError("upstream_incomplete");
}

function answerFacts(headers: Headers, { status = 200, urlModel: model }: Facts) {
  const nowS = Math.floor(Date.now() / 1000);
  return { status, headers, model, includeUsage: true, nowS, id: randomUUID() };
}

function tell(warning: TranslationWarning): void {
  process.stderr.write(`${JSON.stringify(warning)}\n`);
}
