/** Go's strconv.Quote and its relatives. @see https://pkg.go.dev/strconv#Quote */

const NAMED_ESCAPES: { readonly [character: string]: string } = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
};

/** Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols, and of the blanks only U+0020. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** A string or character literal as Go writes it. `ascii`: everything beyond ASCII is escaped too. */
export function quoteGo(text: string, quote: '"' | "'" = '"', ascii = false): string {
  let literal = quote as string;
  for (const character of text) literal += escapeCharacter(character, quote, ascii);
  return literal + quote;
}

function escapeCharacter(character: string, quote: string, ascii: boolean): string {
  if (character === quote) return `\\${quote}`;
  const named = NAMED_ESCAPES[character];
  if (named !== undefined) return named;
  const codePoint = character.codePointAt(0) ?? 0;
  if (codePoint < 0x80) return PRINTABLE.test(character) ? character : `\\x${hex(codePoint, 2)}`;
  if (!ascii && PRINTABLE.test(character)) return character;
  return codePoint < 0x10000 ? `\\u${hex(codePoint, 4)}` : `\\U${hex(codePoint, 8)}`;
}

/** Whether a string can stand between back quotes unchanged: no control characters but tab, no back quote. */
export function canBackquote(text: string): boolean {
  return !/(?![\t\u0080-\u009f])[\p{Cc}`\ufeff]/u.test(text);
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}
