/**
 * Writes the tables of docs/formats.md from the formats themselves: between `<!-- NAME -->` and `<!-- /NAME -->` stands
 * what they say of their endpoints, of one request with every member of their schema, of refusals, what translating that
 * request loses, and what inputs of models are called.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { RegentError } from "../../src/exchange/errors.ts";
import type { FormatName } from "../../src/exchange/inference.ts";
import { DEFAULT_INPUTS, INPUTS_OF_FORM } from "../../src/exchange/model-interface.ts";
import { endpointOf } from "../../src/formats/endpoints.ts";
import { FORMATS, type Format, readingOf } from "../../src/formats/index.ts";
import { INPUT_TYPES } from "../../src/translation/completions/settings.ts";
import { TRANSLATIONS, type TranslationWarning, translatorOf } from "../../src/translation/index.ts";
import { WHOLE_REQUESTS } from "../../test/contract/requests/index.ts";

export const FORMATS_PAGE = new URL("../../docs/formats.md", import.meta.url);

/** The page with its tables made anew. @throws Error where a table has no place in it */
export function renderFormatsPage(page: string): string {
  const tables = { endpoints, requests, refusals, translations, losses, inputs };
  return Object.entries(tables).reduce((text, [name, table]) => {
    const [before, rest] = text.split(`<!-- ${name} -->\n`);
    const after = rest?.split(`<!-- /${name} -->`)[1];
    if (after === undefined) throw new Error(`docs/formats.md has no place for the table ${name}`);
    return `${before}<!-- ${name} -->\n\n${table()}\n\n<!-- /${name} -->${after}`;
  }, page);
}

const ALL: readonly Format[] = Object.values(FORMATS);

function endpoints(): string {
  const rows = ALL.flatMap((format) =>
    format.endpoints.map(({ method, path, operation }) => [code(format.name), method, code(path), operation]),
  );
  return table(["format", "method", "path", "operation"], rows);
}

/** Of a request with every member of the schema: where its strings went. */
function requests(): string {
  const rows = ALL.map((format) => {
    const { inference } = format.readRequest({
      bytes: wholeRequest(format.name),
      headers: new Map(),
      endpoint: endpointOf(format, { model: "some-model" }),
    });
    const texts = unique(inference.textParts.map(({ pointer }) => member(pointer)));
    const opaque = unique(inference.opaqueParts.map(({ modality }) => modality));
    return [code(format.name), codes(texts), codes(opaque), codes(Object.keys(inference.parameters))];
  });
  return table(["format", "members with texts", "parts that are no text, by modality", "settings"], rows);
}

const STATUSES = [400, 401, 403, 404, 413, 429, 500, 502, 503];

/** The type of error by status, as a client of the dialect reads it. */
function refusals(): string {
  const rows = ALL.map((format) => [
    code(format.name),
    ...STATUSES.map((status) => {
      const refusal = { status, code: "a_code", message: "A sentence." };
      const { body } = format.refuse(refusal);
      const { error } = readingOf(format, "response", body, { status }) as {
        error: { type: string | null } | null;
      };
      return error?.type == null ? "" : code(error.type);
    }),
  ]);
  return table(["format", ...STATUSES.map(String)], rows);
}

/** Which kinds of bodies of the row's format can become bodies of the column's. */
function translations(): string {
  const names = unique(TRANSLATIONS.flatMap(({ from, to }) => [from, to]));
  const rows = names.map((from) => [code(from), ...names.map((to) => kindsOf(from, to))]);
  return table(["from \\ to", ...names.map(code)], rows);
}

function kindsOf(from: FormatName, to: FormatName): string {
  const translator = translatorOf(from, to);
  if (translator === undefined) return "";
  return (["request", "response", "stream"] as const)
    .filter((kind) => translator[kind] !== undefined)
    .join(", ");
}

/** What is told of requests with one member each of the schema of `from`, beside what every request must have. */
function losses(): string {
  const rows = TRANSLATIONS.filter(({ from, to }) => translatorOf(from, to)?.request !== undefined).map(
    ({ from, to }) => {
      const told = variantsOf(from).map((variant) => ({ variant, ...outcomeOf(from, to, variant.body) }));
      const by = (kind: TranslationWarning["code"]) =>
        codes(
          unique(
            told
              .flatMap(({ warnings }) => warnings)
              .filter(({ code: given }) => given === kind)
              .map((warning) => plain(warning.member)),
          ),
        );
      const refused = unique(told.filter((outcome) => outcome.refused).map(({ variant }) => variant.name));
      return [code(from), code(to), by("dropped"), by("changed"), by("invented"), codes(refused)];
    },
  );
  return table(["from", "to", "dropped", "changed", "invented", "refused"], rows);
}

/** What inputs of models behind Triton and KServe v2 are called, by where settings go. */
function inputs(): string {
  const rows = (["inputs", "json"] as const).flatMap((form) =>
    INPUTS_OF_FORM[form].map((setting) => [
      code(form),
      code(setting),
      code(DEFAULT_INPUTS[setting]),
      code(INPUT_TYPES[setting]),
    ]),
  );
  return table(["settings", "setting", "input", "datatype"], rows);
}

type Variant = { readonly name: string; readonly body: object };

/** The smallest requests of dialects whose whole one has members that cannot be carried. */
const SMALLEST: { readonly [F in FormatName]?: { readonly [member: string]: unknown } } = {
  "openai-chat": { model: "m", messages: [{ role: "user", content: "t" }] },
  "anthropic-messages": { model: "m", max_tokens: 5, messages: [{ role: "user", content: "t" }] },
  "openai-responses": { model: "m", input: "t" },
  "openai-completions": { model: "m", prompt: "t" },
  "openai-embeddings": { model: "m", input: "t" },
  "gemini-generate": { contents: [{ role: "user", parts: [{ text: "t" }] }] },
  "bedrock-converse": { messages: [{ role: "user", content: [{ text: "t" }] }] },
  "kserve-v2": { inputs: [{ name: "n", shape: [1], datatype: "INT64", data: [1] }] },
  "kserve-v1": { instances: [1] },
  tfserving: { instances: [1] },
};

/** One request for every member of the whole request, and for every element of those that are lists of objects. */
function variantsOf(format: FormatName): readonly Variant[] {
  const smallest = SMALLEST[format] ?? {};
  const whole = JSON.parse(wholeRequest(format).toString("utf8")) as { [member: string]: unknown };
  return Object.entries(whole).flatMap(([member, value]) => {
    const isList = Array.isArray(value) && value.every((item) => typeof item === "object" && item !== null);
    const values = isList ? (value as object[]).map((item) => [item]) : [value];
    return values.map((one) => ({ name: nameOf(member, one), body: { ...smallest, [member]: one } }));
  });
}

/** `/input` and the type of the element, where it has one. */
function nameOf(member: string, value: unknown): string {
  const [element] = Array.isArray(value) ? (value as { type?: unknown }[]) : [];
  return typeof element?.type === "string" ? `/${member} (${element.type})` : `/${member}`;
}

function outcomeOf(
  from: FormatName,
  to: FormatName,
  body: object,
): { readonly warnings: readonly TranslationWarning[]; readonly refused: boolean } {
  const warnings: TranslationWarning[] = [];
  const bytes = Buffer.from(JSON.stringify(body));
  try {
    const facts = { headers: new Map(), urlModel: "some-model" };
    translatorOf(from, to)?.request?.(bytes, facts, (warning) => warnings.push(warning));
    return { warnings, refused: false };
  } catch (error) {
    if (error instanceof RegentError) return { warnings: [], refused: true };
    throw error;
  }
}

function wholeRequest(format: FormatName): Buffer {
  const request = WHOLE_REQUESTS[format];
  return Buffer.isBuffer(request) ? request : Buffer.from(JSON.stringify(request));
}

/** `/messages/0/content` as `messages`. */
function member(pointer: string): string {
  return (pointer.split("/")[1] ?? "").replace(/~#$/, "");
}

/** Elements of lists are alike, so their places are left out. */
function plain(pointer: string): string {
  return pointer.replaceAll(/\/\d+(?=\/|$)/g, "");
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

function code(text: string): string {
  return `\`${text}\``;
}

function codes(texts: readonly string[]): string {
  return texts.toSorted().map(code).join(", ");
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

if (import.meta.main) {
  writeFileSync(FORMATS_PAGE, renderFormatsPage(readFileSync(FORMATS_PAGE, "utf8")));
}
