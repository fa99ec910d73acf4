import { RegentError } from "../exchange/errors.ts";
import type { HeaderField } from "../exchange/headers.ts";
import type { JsonValue } from "../exchange/json.ts";
import { editJson, type JsonDocument, JsonEditError, readJson, renderJsonFault } from "../wire/json/index.ts";
import type { AnswerText, AnswerTexts } from "./answer-texts.ts";
import type { Format, ResponseMessage } from "./format.ts";

/** A whole answer, or an event of one, taken apart, so that it can be put together again with other texts. */
export type AnswerPart = {
  readonly bytes: Buffer;
  readonly texts: readonly AnswerText[];
  /** Lanes in which nothing more is written. */
  readonly ended: readonly string[];
  /**
   * The bytes with other texts in them; undefined where that cannot be done. What is not named stays as it is.
   *
   * @throws RegentError answer_uninspectable
   */
  rewrite(edits: readonly AnswerEdit[]): Buffer | undefined;
  /** Headers that describe what `rewrite` gave last, where others did before. */
  headers?(): readonly HeaderField[];
};

/** Another text in the place of the one at a pointer. */
export type AnswerEdit = { readonly pointer: string; readonly value: string };

/** The pointer of a text that stands beside what pointers go into, and cannot be changed. */
export const BESIDE = "#";

/**
 * Takes a whole answer apart.
 *
 * @throws RegentError answer_uninspectable, also where nothing is known of the texts of the dialect
 */
export function takeApart(format: Format, message: ResponseMessage): AnswerPart {
  const { answerTexts } = format;
  if (format.takeApart !== undefined) return format.takeApart(message);
  if (answerTexts === undefined) throw uninspectable("nothing is known of the texts of its dialect");
  return jsonPart(message.bytes, answerTexts.whole);
}

/** A part that is one JSON text. @throws RegentError answer_uninspectable */
export function jsonPart(bytes: Buffer, read: (value: JsonValue) => AnswerTexts): AnswerPart {
  const document = strictJson(bytes);
  const { texts, opaque, ended } = read(document.value);
  assertReadable(opaque);
  return { bytes, texts, ended, rewrite: (edits) => orUninspectable(() => editJson(document, edits)) };
}

/** @throws RegentError answer_uninspectable */
export function strictJson(bytes: Buffer): JsonDocument {
  const result = readJson(bytes);
  if (!result.ok) throw uninspectable(renderJsonFault(result.fault));
  return result.document;
}

/**
 * Reads or changes an answer.
 *
 * @param faultOf says what is wrong with it; throws what it does not know. Absent: only changes can fail
 * @throws RegentError answer_uninspectable
 */
export function orUninspectable<T>(work: () => T, faultOf: (error: unknown) => string = editFault): T {
  try {
    return work();
  } catch (error) {
    throw uninspectable(faultOf(error), { cause: error });
  }
}

function editFault(error: unknown): string {
  if (!(error instanceof JsonEditError)) throw error;
  return "what it holds cannot be taken out of it";
}

/** @param opaque pointer to what is no text */
export function assertReadable(opaque: string | undefined): void {
  if (opaque !== undefined) throw uninspectable(`what stands at ${opaque} is no text`);
}

export function uninspectable(why: string, options?: { cause: unknown }): RegentError {
  return new RegentError(
    "answer_uninspectable",
    `The answer cannot be inspected as policy asks: ${why.replace(/\.$/, "")}.`,
    options,
  );
}
