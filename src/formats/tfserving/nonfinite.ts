import { JsonDocument, readJson } from "../../wire/json/index.ts";

/** A body that would be JSON without its NaN and infinities. */
export type NonfiniteBody = {
  /** With null in their place. */
  readonly shown: JsonDocument;
  /** The body as it came, with the places of everything in it. */
  readonly written: JsonDocument;
  /** How many there are. */
  readonly count: number;
};

/**
 * Reads a body with the tokens that TensorFlow Serving takes and sends besides JSON's: NaN, Inf and Infinity, each with or
 * without a minus. Undefined when there are none, or the body is none without them either. Whatever a reader makes of
 * them, refuses them or takes them for numbers, they can hide no text.
 */
export function readNonfinite(bytes: Buffer): NonfiniteBody | undefined {
  if (!TOKENS.some((token) => bytes.includes(token))) return undefined;
  const { text, count } = withNulls(bytes.toString("latin1"));
  if (count === 0) return undefined;
  const result = readJson(Buffer.from(text, "latin1"));
  if (!result.ok) return undefined;
  const { document: shown } = result;
  return { shown, written: new JsonDocument(bytes, shown.value, undefined, undefined), count };
}

/** The longer before what it begins with. */
const TOKENS = ["NaN", "Infinity", "Inf"] as const;

const QUOTE = '"';

/** Puts null in the place of the tokens outside of texts. */
function withNulls(text: string): { readonly text: string; readonly count: number } {
  const pieces: string[] = [];
  let count = 0;
  let at = 0;
  while (at < text.length) {
    const quote = text.indexOf(QUOTE, at);
    const end = quote < 0 ? text.length : quote;
    const outside = text.slice(at, end).replaceAll(/-?(?:NaN|Infinity|Inf)/g, () => {
      count++;
      return "null";
    });
    const next = quote < 0 ? text.length : endOfText(text, quote);
    pieces.push(outside, text.slice(end, next));
    at = next;
  }
  return { text: pieces.join(""), count };
}

/** Behind the quote that ends the text which the quote at `start` begins. */
function endOfText(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === QUOTE) return at + 1;
  }
  return text.length;
}
