import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { FormatName } from "../../src/exchange/inference.ts";
import type { BodyKind } from "../../src/formats/reading.ts";
import { FIXTURES_FOLDER } from "../contract/fixtures.ts";

/** One translation that another project expects of its own translator: a right answer, not the only one. */
export type TranslationFixture = {
  readonly name: string;
  readonly from: FormatName;
  readonly to: FormatName;
  readonly kind: BodyKind;
  readonly input: Buffer;
  readonly expected: Buffer;
  readonly status: number;
  /** The model that the request named. */
  readonly requestModel: string | undefined;
  /** Where `expected` says what `input` says; what is false is that project's own. */
  readonly agrees: {
    readonly text: boolean;
    readonly tool_calls: boolean;
    readonly tools?: boolean;
    readonly usage?: boolean;
  };
};

const FOLDER = `${FIXTURES_FOLDER}translate/`;

/** Why there is nothing to compare with; undefined when there is. */
export const translationsMissing = existsSync(FOLDER) ? undefined : `no fixtures at ${FOLDER}: NOT TESTED`;

export function loadTranslations(): TranslationFixture[] {
  if (translationsMissing !== undefined) return [];
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .map((file) => {
      const read = JSON.parse(readFileSync(FOLDER + file, "utf8")) as {
        from: FormatName;
        to: FormatName;
        kind: BodyKind;
        input: unknown;
        expected: unknown;
        status?: number;
        request_model?: string;
        agrees: TranslationFixture["agrees"];
      };
      const { status = 200, request_model: requestModel, input, expected, ...rest } = read;
      return {
        ...rest,
        name: file.slice(0, -".json".length),
        input: bytesOf(input),
        expected: bytesOf(expected),
        status,
        requestModel,
      };
    });
}

/** A JSON body, the text of an event stream, or `{"b64"}`. */
function bytesOf(body: unknown): Buffer {
  if (typeof body === "string") return Buffer.from(body);
  const { b64 } = body as { b64?: unknown };
  return typeof b64 === "string" ? Buffer.from(b64, "base64") : Buffer.from(JSON.stringify(body));
}
