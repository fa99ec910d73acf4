import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { invalid } from "../members.ts";
import type { TextCollector } from "../text.ts";
import { PART_MODALITIES } from "./schema.ts";

/**
 * What `prompt` and `input` hold: a text, texts, tokens, or lists of tokens. Tokens are a text that only the model's
 * own tokenizer can read, so they are opaque, and counted.
 *
 * @param parts reads an element that is an object; absent: there are none
 * @returns how many prompts there are, at least 1
 * @throws RegentError body_invalid
 */
export function readPrompts(
  key: string,
  value: JsonValue,
  text: TextCollector,
  parts?: (part: JsonObject, pointer: string) => void,
): number {
  if (value === null) return 1;
  if (readPrompt(`/${key}`, value, text)) return 1;
  if (!Array.isArray(value)) throw invalid(`${key} must be a text or a list of texts or tokens`);
  for (const [index, element] of (value as readonly JsonValue[]).entries()) {
    const pointer = `/${key}/${index}`;
    if (readPrompt(pointer, element, text)) continue;
    if (parts === undefined || !isJsonObject(element)) {
      throw invalid(`${key}[${index}] must be a text or a list of tokens`);
    }
    parts(element, pointer);
  }
  return value.length;
}

/** Reads one text or one list of tokens; false for anything else. */
function readPrompt(pointer: string, value: JsonValue, text: TextCollector): boolean {
  const tokens = tokensIn(value);
  if (typeof value === "string") text.add(pointer, value, "user");
  else if (tokens === undefined) return false;
  else if (tokens > 0) text.opaque(pointer, "tokens", { tokens });
  return true;
}

/** The length of a list of numbers only, the empty one included; undefined for anything else. */
function tokensIn(value: JsonValue): number | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.every((element: JsonValue) => typeof element === "number") ? value.length : undefined;
}

/**
 * A content part of a type that is known to be no text, or of none that is known: such a one is taken apart and reported
 * as well, so that its texts can be judged, and policy may refuse it.
 */
export function readPart(part: JsonObject, pointer: string, role: string, text: TextCollector): void {
  const modality = PART_MODALITIES.get(part.type);
  if (modality === undefined && part.type !== "text") text.opaque(pointer, "unknown");
  if (modality === undefined) text.tree(pointer, part, role);
  else text.opaque(pointer, modality);
}

/** Texts of `prompt` or `input`, and the lengths of its token lists, as `regent read` shows them; null for none. */
export function describePrompts(value: JsonValue | undefined): {
  texts: readonly string[] | null;
  tokens: readonly number[] | null;
} {
  const isList = Array.isArray(value) && tokensIn(value) === undefined;
  const all: readonly JsonValue[] = isList ? value : [value ?? null];
  const texts = all.filter((element) => typeof element === "string");
  const tokens = all.map(tokensIn).filter((length) => length !== undefined);
  return { texts: texts.length > 0 ? texts : null, tokens: tokens.length > 0 ? tokens : null };
}
