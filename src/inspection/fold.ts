/** A text as detectors read it, and where its code units stand in the text as it was written. */
export type Folded = {
  readonly text: string;
  /** Start in the written text of the code unit at `index`. */
  startOf(index: number): number;
  /** End in the written text of what ends before `index` here. */
  endOf(index: number): number;
};

/**
 * Soft hyphen, joiners, fillers, zero-width characters, bidi marks, variation selectors, the frame of a keycap and the
 * byte order mark: they are not seen, or only adorn what stands before them, and split what a detector looks for.
 */
const INVISIBLE =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: each is looked for by itself.
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\u3164\ufe00-\ufe0f\ufeff\uffa0]/;
/** Full-width ASCII, other digits, spaces and dashes. Each stands for one ASCII character. */
const VARIANT =
  /[\uff01-\uff5e\u0660-\u0669\u06f0-\u06f9\u00a0\u2000-\u200a\u202f\u205f\u3000\u2010-\u2015\u2212]/;
const VARIANTS = new RegExp(VARIANT.source, "g");

/**
 * Folds the usual disguises away: full-width letters and digits, Arabic digits, unusual spaces and dashes, and
 * characters that are not seen. Homoglyphs of other alphabets, spelt-out digits and encodings are not undone.
 */
export function fold(written: string): Folded {
  const text = VARIANT.test(written) ? written.replace(VARIANTS, asciiOf) : written;
  if (!INVISIBLE.test(text)) return { text, startOf: (index) => index, endOf: (index) => index };
  const kept: string[] = [];
  const places: number[] = [];
  for (let index = 0; index < text.length; index++) {
    const unit = text.charAt(index);
    if (INVISIBLE.test(unit)) continue;
    kept.push(unit);
    places.push(index);
  }
  const startOf = (index: number) => places[index] ?? text.length;
  return { text: kept.join(""), startOf, endOf: (index) => (index === 0 ? 0 : startOf(index - 1) + 1) };
}

/** One code unit for one, so that places stay as they are. */
function asciiOf(unit: string): string {
  const code = unit.charCodeAt(0);
  if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0);
  if (code >= 0x0660 && code <= 0x0669) return String.fromCharCode(code - 0x0660 + 0x30);
  if (code >= 0x06f0 && code <= 0x06f9) return String.fromCharCode(code - 0x06f0 + 0x30);
  return (code >= 0x2010 && code <= 0x2015) || code === 0x2212 ? "-" : " ";
}
