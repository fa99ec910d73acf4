import { InvalidArgumentError, Option } from "commander";
import type { Headers } from "../exchange/headers.ts";
import type { FormatName } from "../exchange/inference.ts";
import { guessFormat } from "../formats/guess.ts";
import { type BodyKind, FORMATS } from "../formats/index.ts";
import { CommandFailure } from "./failure.ts";

/** Options of the commands that take a body of a dialect from a file. */
export type BodyFlags = {
  readonly kind: BodyKind;
  readonly contentType?: string;
  readonly header?: readonly HeaderArgument[];
  readonly urlModel?: string;
  readonly urlStream?: boolean;
  readonly status?: number;
};

type HeaderArgument = readonly [name: string, value: string];

export function kindOption(): Option {
  return new Option("-k, --kind <kind>", "what the body is")
    .choices(["request", "response", "stream"])
    .makeOptionMandatory();
}

/** What HTTP says of a body besides its bytes. */
export function messageOptions(): Option[] {
  return [
    new Option("--content-type <type>", "its content-type"),
    new Option("--header <'Name: value'>", "a header that came with it; may be repeated").argParser(
      parseHeader,
    ),
    new Option(
      "--url-model <model>",
      "the model in the path of the request, for dialects that name it there; without it a translation names none",
    ),
    new Option(
      "--url-stream",
      "the path of the request asks for a stream, for dialects that ask for it there",
    ),
    new Option("--status <code>", "the HTTP status of the answer (default: 200)").argParser(parseStatus),
  ];
}

export function formatOption(flags: string, description: string, ...others: readonly string[]): Option {
  return new Option(flags, description).choices([...Object.keys(FORMATS), ...others]);
}

function parseHeader(given: string, earlier: readonly HeaderArgument[] = []): readonly HeaderArgument[] {
  const colon = given.indexOf(":");
  if (colon < 1) throw new InvalidArgumentError("Write it as 'Name: value'.");
  return [...earlier, [given.slice(0, colon).trim().toLowerCase(), given.slice(colon + 1).trim()]];
}

function parseStatus(given: string): number {
  const status = Number(given);
  if (!Number.isInteger(status) || status < 100 || status > 599)
    throw new InvalidArgumentError("A status is a number from 100 to 599.");
  return status;
}

export function headersOf({ contentType, header = [] }: BodyFlags): Headers {
  const headers = new Map<string, string[]>();
  const fields = contentType === undefined ? header : [["content-type", contentType] as const, ...header];
  for (const [name, value] of fields) headers.set(name, [...(headers.get(name) ?? []), value]);
  return headers;
}

function isJson(body: Buffer): boolean {
  try {
    JSON.parse(body.toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

/** @throws CommandFailure when none was given and the body shows none */
export function formatOf(
  given: FormatName | undefined,
  option: string,
  kind: BodyKind,
  body: Buffer,
  headers: Headers,
): FormatName {
  const format = given ?? guessFormat(kind, body, headers);
  if (format !== undefined && format in FORMATS) return format as FormatName;
  if (body.length === 0) throw new CommandFailure(`the body is empty: name its format with ${option}`);
  const why = kind === "stream" || isJson(body) ? "" : ", as it is not JSON";
  throw new CommandFailure(
    `the body does not show which format it is a ${kind} of${why}: look at --kind, or name the format with ${option}, one of ${Object.keys(FORMATS).join(", ")}`,
  );
}
