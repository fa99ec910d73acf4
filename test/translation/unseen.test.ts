import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RegentError } from "../../src/exchange/errors.ts";
import type { FormatName, Inference } from "../../src/exchange/inference.ts";
import { endpointOf } from "../../src/formats/endpoints.ts";
import { FORMATS } from "../../src/formats/index.ts";
import {
  TRANSLATIONS,
  type TranslatedRequest,
  type TranslationWarning,
  translatorOf,
} from "../../src/translation/index.ts";
import { WHOLE_REQUESTS } from "../contract/requests/index.ts";

/**
 * What a target gets to read was read before by those who inspect: nothing reaches a model through translation that no
 * detector has seen, and nothing that was seen gets lost without a warning. Tried with texts in the forms of all dialects, at
 * every place of a request, whether they belong there or not.
 */

const RUNS = 300;

/** A text that no schema has anywhere. */
const MARKER = "planted marker 7f3a";
const ENCODED = Buffer.from(MARKER).toString("base64");

const FORMS: readonly unknown[] = [
  ...[MARKER, [MARKER], [[MARKER]], { [MARKER]: 1 }, { text: MARKER }, { x: { y: MARKER } }, ENCODED],
  ...["text", "input_text", "output_text", "summary_text"].map((type) => ({ type, text: MARKER })),
  ...[MARKER, [{ type: "text", text: MARKER }], [{ text: MARKER }]].map((content) => ({
    role: "user",
    content,
  })),
  ...[{ parts: [{ text: MARKER }] }, { role: "model", parts: [{ text: MARKER, thought: true }] }],
  // Anthropic's blocks.
  {
    type: "document",
    title: MARKER,
    context: MARKER,
    source: { type: "text", media_type: "text/plain", data: MARKER },
  },
  { type: "document", source: { type: "base64", media_type: "text/plain", data: ENCODED } },
  { type: "document", source: { type: "content", content: [{ type: "text", text: MARKER }] } },
  { type: "image", source: { type: "base64", media_type: MARKER, data: MARKER } },
  { type: "image", source: { type: "url", url: MARKER } },
  { type: "tool_result", tool_use_id: MARKER, content: [{ type: "text", text: MARKER }] },
  { type: "tool_use", id: MARKER, name: MARKER, input: { [MARKER]: MARKER } },
  { type: "thinking", thinking: MARKER, signature: MARKER },
  { type: "redacted_thinking", data: MARKER },
  // OpenAI's.
  { type: "image_url", image_url: { url: `data:text/plain;base64,${ENCODED}` } },
  { type: "image_url", image_url: { url: `data:${MARKER};base64,AAAA` } },
  { type: "file", file: { file_data: `data:text/plain;base64,${ENCODED}`, filename: MARKER } },
  { type: "input_file", file_data: `data:text/plain;base64,${ENCODED}`, filename: MARKER },
  { type: "refusal", refusal: MARKER },
  { id: MARKER, type: "function", function: { name: MARKER, arguments: `{"${MARKER}":"${MARKER}"}` } },
  { type: "function", function: { name: MARKER, description: MARKER, parameters: { [MARKER]: MARKER } } },
  { type: "function_call", call_id: MARKER, name: MARKER, arguments: MARKER },
  { type: "function_call_output", call_id: "a", output: [{ type: "input_text", text: MARKER }] },
  { type: "reasoning", summary: [{ type: "summary_text", text: MARKER }], encrypted_content: MARKER },
  { type: "json_schema", json_schema: { name: MARKER, description: MARKER, schema: { [MARKER]: MARKER } } },
  // Gemini's.
  { functionCall: { name: MARKER, args: { [MARKER]: MARKER } } },
  { functionResponse: { name: MARKER, response: { [MARKER]: MARKER } } },
  { inlineData: { mimeType: "text/plain", data: ENCODED } },
  { fileData: { mimeType: "text/plain", fileUri: MARKER } },
  { functionDeclarations: [{ name: MARKER, description: MARKER, parameters: { description: MARKER } }] },
  // Bedrock's.
  { toolUse: { toolUseId: MARKER, name: MARKER, input: { [MARKER]: MARKER } } },
  { toolResult: { toolUseId: MARKER, content: [{ text: MARKER }, { json: { [MARKER]: MARKER } }] } },
  { document: { format: "txt", name: MARKER, source: { bytes: ENCODED } } },
  { document: { format: "txt", name: "a", source: { content: [{ text: MARKER }] } } },
  { reasoningContent: { reasoningText: { text: MARKER, signature: MARKER } } },
  { guardContent: { text: { text: MARKER } } },
  { toolSpec: { name: MARKER, description: MARKER, inputSchema: { json: { [MARKER]: MARKER } } } },
  // Of tensors.
  { b64: ENCODED },
  { name: MARKER, shape: [1], datatype: "BYTES", data: [MARKER] },
];

for (const { from, to } of TRANSLATIONS) {
  if (translatorOf(from, to)?.request === undefined) continue;
  test(`${from} -> ${to}: what the target reads was inspected, and what was inspected is not lost unsaid`, (context) => {
    const whole = translatable(from, to);
    const paths = pathsOf(whole);
    const fates = { translated: 0, refused: 0 };
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.constantFrom(...FORMS), (path, form) => {
        const outcome = planted(from, to, replaced(whole, path, form));
        fates[outcome === undefined ? "refused" : "translated"]++;
        if (outcome !== undefined) assertSeen(outcome, `/${path.join("/")}`);
      }),
      { seed: 20260303, numRuns: RUNS },
    );
    context.diagnostic(`${from} -> ${to}: ${fates.translated} translated, ${fates.refused} refused`);
    assert.ok(fates.translated > 0);
  });
}

type Outcome = {
  /** What inspection is given of the request. */
  readonly source: Inference;
  /** What the target's own reader finds in what it is sent. */
  readonly target: Inference;
  readonly translated: TranslatedRequest;
  readonly warnings: readonly TranslationWarning[];
};

function assertSeen({ source, target, translated, warnings }: Outcome, place: string): void {
  const seen = source.textParts.filter(({ text }) => text.includes(MARKER));
  const isOpaque = source.opaqueParts.some(
    ({ pointer }) => `${pointer}/`.startsWith(`${place}/`) || place.startsWith(`${pointer}/`),
  );
  const read = target.textParts.find(({ text }) => text.includes(MARKER));
  if (read !== undefined) assert.ok(seen.length > 0 || isOpaque, `${read.pointer} was seen by nobody`);
  // What only comes back in the answer is kept beside the request.
  const sent = `${translated.bytes.toString("utf8")} ${decodeURIComponent(translated.path)} ${JSON.stringify(translated.hints)}`;
  if (sent.includes(MARKER) || sent.includes(ENCODED)) return;
  // A tensor that is alone goes without its name to the dialects that leave such names out.
  const lost = seen.find(
    ({ pointer, role }) => role !== "name" && !isTold(pointer.replace(/~#$/, ""), warnings),
  );
  assert.equal(lost, undefined);
}

/** By its own name, by what it is in, or by what is in it. */
function isTold(pointer: string, warnings: readonly TranslationWarning[]): boolean {
  return warnings.some(
    ({ code, member }) =>
      code !== "invented" &&
      member !== "" &&
      (`${pointer}/`.startsWith(`${member}/`) || member.startsWith(`${pointer}/`)),
  );
}

/** Undefined where it is refused on the way. */
function planted(from: FormatName, to: FormatName, request: unknown): Outcome | undefined {
  const bytes = Buffer.from(JSON.stringify(request));
  const warnings: TranslationWarning[] = [];
  const source = orRefused(() => read(from, bytes));
  if (source === undefined) return undefined;
  const facts = { headers: new Map(), urlModel: MODEL };
  const warn = (warning: TranslationWarning) => void warnings.push(warning);
  const translated = orRefused(() => translatorOf(from, to)?.request?.(bytes, facts, warn));
  if (translated === undefined) return undefined;
  const headers = new Map(translated.headers.map(([name, value]) => [name, [value]]));
  return { source, target: read(to, translated.bytes, headers), translated, warnings };
}

const MODEL = "some-model";

function read(
  name: FormatName,
  bytes: Buffer,
  headers: ReadonlyMap<string, string[]> = new Map(),
): Inference {
  const endpoint = endpointOf(FORMATS[name], { model: MODEL });
  return FORMATS[name].readRequest({ bytes, headers, endpoint }).inference;
}

function orRefused<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof RegentError) || error.code === "internal_error") throw error;
    return undefined;
  }
}

/** As much of the whole request as can be translated: member by member, and of lists item by item. */
function translatable(from: FormatName, to: FormatName): unknown {
  const whole = Object.entries(JSON.parse(JSON.stringify(WHOLE_REQUESTS[from])) as object);
  const first = whole.filter(([key]) => STEMS.get(from)?.includes(key) ?? key === "model");
  const taken = new Map<string, unknown>(
    first.map(([key, value]) => [key, Array.isArray(value) ? value.slice(0, 1) : value]),
  );
  const fits = (key: string, value: unknown) =>
    planted(from, to, Object.fromEntries([...taken, [key, value]])) !== undefined;
  for (const [key, value] of whole) {
    if (!Array.isArray(value)) {
      if (fits(key, value)) taken.set(key, value);
      continue;
    }
    for (const item of value) {
      const longer = [...((taken.get(key) as unknown[] | undefined) ?? []), item];
      if (fits(key, longer)) taken.set(key, longer);
    }
  }
  return Object.fromEntries(taken);
}

/** Members without which a request is none. */
const STEMS: ReadonlyMap<string, readonly string[]> = new Map([
  ["openai-chat", ["model", "messages"]],
  ["anthropic-messages", ["model", "messages", "max_tokens"]],
  ["openai-responses", ["model", "input"]],
  ["gemini-generate", ["contents"]],
  ["bedrock-converse", ["messages"]],
  ["openai-completions", ["model", "prompt"]],
  ["openai-embeddings", ["model", "input"]],
  ["kserve-v1", ["instances"]],
  ["kserve-v2", ["inputs"]],
  ["tfserving", ["instances"]],
]);

function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, member]) => pathsOf(member, [...path, key]))];
}

function replaced(whole: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const copy = (Array.isArray(whole) ? [...whole] : { ...(whole as object) }) as { [key: string]: unknown };
  copy[key] = replaced(copy[key], rest, value);
  return copy;
}
