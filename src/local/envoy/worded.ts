import { isDeepStrictEqual } from "node:util";
import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { FORMATS, type Format } from "../../formats/index.ts";
import type { Dialect } from "./client-dialect.ts";
import type { Yaml } from "./note.ts";

/** What an answer of Envoy's own says. */
export type EnvoyError = { readonly code: string; readonly status: number; readonly message: string };

/** The words of a dialect for it, as Envoy takes them. */
export type Words = {
  readonly isGrpc: boolean;
  /** A SubstitutionFormatString. */
  readonly format: { readonly [key: string]: Yaml };
  readonly headers: readonly (readonly [name: string, value: string])[];
};

/** Stands where a format puts the id of the request, until Envoy's command for it takes its place. */
const ID_MARK = "id-of-the-request";

/**
 * Words an answer of Envoy's own as the format words a refusal. `idCommand`: what Envoy puts in the place of the id. Envoy
 * escapes it in JSON, whatever a client has sent for one.
 *
 * @throws Error where an id would stand in text, in which Envoy escapes nothing
 */
export function wordsOf(format: Format, error: EnvoyError, idCommand: string): Words {
  const { contentType, body, headers = [], grpcStatus } = format.refuse({ ...error, requestId: ID_MARK });
  const isGrpc = grpcStatus !== undefined;
  return {
    isGrpc,
    format: isGrpc
      ? { text_format_source: { inline_string: plainText(body.toString(), format) } }
      : { ...jsonFormat(JSON.parse(body.toString()) as JsonValue, idCommand), content_type: contentType },
    headers: [
      ...headers.map(([name, value]) => [name, command(value, idCommand)] as const),
      ...(isGrpc ? [["grpc-status", String(grpcStatus)] as const] : []),
    ],
  };
}

function plainText(text: string, { name }: Format): string {
  if (text.includes(ID_MARK)) throw new Error(`${name} has the id of a request in text`);
  return text.replaceAll("%", "%%");
}

/** Where Envoy has no id, a null stands in its place; it is left out where the dialect has no null of its own. */
function jsonFormat(body: JsonValue, idCommand: string): { readonly [key: string]: Yaml } {
  const json_format = commands(body, idCommand);
  const hasId = !isDeepStrictEqual(json_format, commands(body, ""));
  return hasId && !JSON.stringify(body).includes("null")
    ? { json_format, omit_empty_values: true }
    : { json_format };
}

/** The strings of a value as Envoy's formatter reads them. It reads no keys. */
function commands(value: JsonValue, idCommand: string): Yaml {
  if (typeof value === "string") return command(value, idCommand);
  if (Array.isArray(value)) return value.map((member) => commands(member, idCommand));
  if (!isJsonObject(value)) return value as Yaml;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, commands(member as JsonValue, idCommand)]),
  );
}

function command(text: string, idCommand: string): string {
  return text.replaceAll("%", "%%").replaceAll(ID_MARK, idCommand);
}

/** All formats, those that word these errors alike together. */
export function dialectsOf(errors: readonly EnvoyError[]): readonly Dialect[] {
  const alike = new Map<string, Format[]>();
  for (const format of Object.values(FORMATS)) {
    const words = JSON.stringify(errors.map((error) => wordsOf(format, error, ID_MARK)));
    alike.set(words, [...(alike.get(words) ?? []), format]);
  }
  return [...alike.values()].map((formats) => ({ name: formats[0]?.name ?? "", formats }));
}
