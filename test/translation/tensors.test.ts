import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { RegentError } from "../../src/exchange/errors.ts";
import type { Headers } from "../../src/exchange/headers.ts";
import type { FormatName } from "../../src/exchange/inference.ts";
import type { TensorInterface } from "../../src/exchange/model-interface.ts";
import { parseSignature, tensorTranslator } from "../../src/translation/tensors/index.ts";
import type { TranslatedResponse, TranslationWarning } from "../../src/translation/translation.ts";

const ROOT = new URL("../../../shared/fixtures/translate-tensors/", import.meta.url);
const skip = existsSync(ROOT) ? false : `no translations at ${ROOT.pathname}: NOT TESTED`;

/** One translation as the fixtures have it (their README, section Translations). */
type Case = {
  readonly from: FormatName;
  readonly to: FormatName;
  readonly kind: "request" | "request_text" | "response";
  readonly input: unknown;
  readonly expected: unknown;
  readonly layout?: "row" | "columnar" | "auto";
  readonly signature?: unknown;
  readonly request_model?: string;
  readonly error?: string;
};

const files = skip === false ? readdirSync(ROOT).filter((file) => file.endsWith(".json")) : [];

for (const file of files) {
  const given = JSON.parse(readFileSync(new URL(file, ROOT), "utf8")) as Case;
  test(`translates ${file} as the oracle does`, () => {
    if (given.expected !== null) return assertSame(run(given), given);
    assert.throws(
      () => run(given),
      (error) => error instanceof RegentError && error.detail === given.error,
    );
  });
}

test("there are recorded translations of tensors", { skip }, (context) => {
  context.diagnostic(`translate-tensors: ${files.length} translations, a test each`);
  assert.ok(files.length > 0);
});

function run(given: Case): TranslatedResponse & { readonly warnings: readonly TranslationWarning[] } {
  const translator = tensorTranslator(given.from, given.to, optionsOf(given));
  const { bytes, headers } = bytesOf(given.input);
  const warnings: TranslationWarning[] = [];
  const warn = (warning: TranslationWarning) => warnings.push(warning);
  const model = given.request_model ?? "m";
  const answer = { status: 200, headers, model, includeUsage: false, nowS: 0, id: "i" };
  const translated =
    given.kind === "response"
      ? translator?.response?.(bytes, answer, warn)
      : translator?.request?.(bytes, { headers, urlModel: "m" }, warn);
  assert.ok(translated !== undefined);
  return { ...translated, warnings };
}

function optionsOf({ layout, signature, kind }: Case): TensorInterface {
  const side = kind === "response" ? "outputs" : "inputs";
  return {
    ...(layout === undefined || layout === "auto" ? {} : { layout }),
    ...(signature === undefined ? {} : parseSignature(Buffer.from(JSON.stringify({ [side]: signature })))),
  };
}

function bytesOf(input: unknown): { bytes: Buffer; headers: Headers } {
  if (typeof input === "string") return { bytes: Buffer.from(input), headers: new Map() };
  const { b64, headers = {} } = input as { b64?: string; headers?: { [name: string]: string } };
  return {
    bytes: b64 === undefined ? Buffer.from(JSON.stringify(input)) : Buffer.from(b64, "base64"),
    headers: new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value]])),
  };
}

function assertSame({ bytes, headers, warnings }: ReturnType<typeof run>, { kind, expected }: Case): void {
  assert.deepEqual(warnings, []);
  if (kind === "request_text") {
    assert.equal(bytes.toString().replaceAll(" ", ""), expected);
    return;
  }
  const { json, binary_b64: binary } = expected as { json?: unknown; binary_b64?: string };
  const length =
    binary === undefined ? bytes.length : Number(new Map(headers).get("inference-header-content-length"));
  assert.deepEqual(JSON.parse(bytes.toString("utf8", 0, length)), json ?? expected);
  assert.equal(bytes.toString("base64", length), Buffer.from(binary ?? "", "base64").toString("base64"));
}
