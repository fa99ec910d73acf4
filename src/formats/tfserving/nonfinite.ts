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
  let count = 0;
  const text = replaceNonfinite(bytes, () => {
    count++;
    return "null";
  });
  if (count === 0) return undefined;
  const result = readJson(text);
  if (!result.ok) return undefined;
  const { document: shown } = result;
  return { shown, written: new JsonDocument(bytes, shown.value, undefined, undefined), count };
}

const TOKENS = ["NaN", "Infinity", "Inf"] as const;

const QUOTE = '"';

/** Puts other JSON in the place of the tokens outside of texts. */
export function replaceNonfinite(bytes: Buffer, replacement: (token: string) => string): Buffer {
  const text = bytes.toString("latin1");
  const pieces: string[] = [];
  let at = 0;
  while (at < text.length) {
    const quote = text.indexOf(QUOTE, at);
    const end = quote < 0 ? text.length : quote;
    const next = quote < 0 ? text.length : endOfText(text, quote);
    pieces.push(
      text.slice(at, end).replaceAll(/-?(?:NaN|Infinity|Inf)/g, replacement),
      text.slice(end, next),
    );
    at = next;
  }
  return Buffer.from(pieces.join(""), "latin1");
}

/** Behind the quote that ends the text which the quote at `start` begins. */
function endOfText(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === QUOTE) return at + 1;
  }
  return text.length;
}
