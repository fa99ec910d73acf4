import { parsePhoneNumberFromString } from "libphonenumber-js/min";
import { type DigitGroups, type Effort, isAlphanumeric, isDigit, type Match } from "./detector.ts";

/** E.164: the most digits with the country code; fewer than seven are a short code, not a subscriber. */
const DIGITS_MAX = 15;
const DIGITS_MIN = 7;

/** Numbers without a country code are read as numbers of this country; those of others need `+` or `00`. */
const COUNTRY = "US";
/** National numbers of that country, as lengths of their groups: 3-3-4, with 1 in front, or in fewer pieces. */
const LAYOUTS: readonly (readonly number[])[] = [[1, 3, 3, 4], [3, 3, 4], [1, 3, 7], [3, 7], [1, 10], [10]];

/** How far before ten digits in one piece the words are looked for that make them a phone number. */
const CONTEXT_LENGTH = 32;
const CONTEXT = /phone|tel|call|mobile|cell|fax|sms|text|whatsapp|contact|reach|dial/i;

const SEPARATOR = /^[ .()/-]{1,3}$/;

/** Telephone numbers, checked against the numbering plans of libphonenumber. */
export function detectPhoneNumbers(text: string, groups: DigitGroups, effort: Effort): Match[] {
  const matches: Match[] = [];
  for (let first = 0; first < groups.starts.length; first++) {
    const found = international(text, groups, first, effort) ?? national(text, groups, first, effort);
    if (found === undefined) continue;
    matches.push(found.match);
    first = found.last;
  }
  return matches;
}

type Found = { readonly match: Match; readonly last: number };

/** `+` or `00`, a country code, and as many groups as make a valid number. */
function international(text: string, groups: DigitGroups, first: number, effort: Effort): Found | undefined {
  const digitStart = groups.starts[first] ?? 0;
  const plus = text.charCodeAt(digitStart - 1) === 0x2b;
  const start = plus ? digitStart - 1 : digitStart;
  if (!plus && !text.startsWith("00", digitStart)) return undefined;
  if (isAlphanumeric(text.charCodeAt(start - 1))) return undefined;
  const prefixLength = plus ? 0 : 2;
  let last = first;
  for (let digits = 0; last < groups.starts.length; last++) {
    if (last > first && !joined(text, groups, last)) break;
    digits += (groups.ends[last] ?? 0) - (groups.starts[last] ?? 0);
    if (digits - prefixLength > DIGITS_MAX) break;
  }
  for (last -= 1; last >= first; last--) {
    const end = groups.ends[last] ?? 0;
    const number = text.slice(digitStart + prefixLength, end).replace(/[^0-9]/g, "");
    if (number.length < DIGITS_MIN) return undefined;
    if (number.startsWith("0") || isAlphanumeric(text.charCodeAt(end))) continue;
    if (isValid(`+${number}`, effort))
      return { match: { type: "PHONE_NUMBER", score: 0.9, start, end }, last };
  }
  return undefined;
}

function national(text: string, groups: DigitGroups, first: number, effort: Effort): Found | undefined {
  const digitStart = groups.starts[first] ?? 0;
  const enclosed = text.charAt(digitStart - 1) === "(" && text.charAt(groups.ends[first] ?? 0) === ")";
  const start = enclosed ? digitStart - 1 : digitStart;
  if (!standsApart(text, start)) return undefined;
  for (const layout of LAYOUTS) {
    const last = first + layout.length - 1;
    const end = groups.ends[last];
    if (end === undefined || !hasLayout(text, groups, first, layout)) continue;
    const number = text
      .slice(digitStart, end)
      .replace(/[^0-9]/g, "")
      .slice(-10);
    if (continuesAfter(text, end) || !NANP.test(number)) continue;
    const context = layout.length > 1 || CONTEXT.test(text.slice(Math.max(start - CONTEXT_LENGTH, 0), start));
    if (!context || !isValid(number, effort)) continue;
    const score = layout.length > 1 ? 0.75 : 0.6;
    return { match: { type: "PHONE_NUMBER", score, start, end }, last };
  }
  return undefined;
}

/** Area and exchange of the North American plan begin with 2 to 9. Cheap, and most look-alikes end here. */
const NANP = /^[2-9][0-9]{2}[2-9][0-9]{6}$/;

function hasLayout(text: string, groups: DigitGroups, first: number, layout: readonly number[]): boolean {
  return layout.every((length, offset) => {
    const index = first + offset;
    if ((groups.ends[index] ?? 0) - (groups.starts[index] ?? 0) !== length) return false;
    return offset === 0 || joined(text, groups, index);
  });
}

/** Whether a group belongs to the one before it. */
function joined(text: string, { starts, ends }: DigitGroups, index: number): boolean {
  return SEPARATOR.test(text.slice(ends[index - 1], starts[index]));
}

/** Not the end of a word, nor a later part of a number with dots, dashes or slashes. */
function standsApart(text: string, start: number): boolean {
  const before = text.charCodeAt(start - 1);
  if (before === 0x2e || before === 0x2d || before === 0x2f) return !isDigit(text.charCodeAt(start - 2));
  return !isAlphanumeric(before) && before !== 0x5f;
}

function continuesAfter(text: string, end: number): boolean {
  const after = text.charCodeAt(end);
  if (after === 0x2e || after === 0x2d || after === 0x2f) return isDigit(text.charCodeAt(end + 1));
  // `x506` is an extension.
  return isAlphanumeric(after) && after !== 0x78;
}

function isValid(number: string, effort: Effort): boolean {
  if (effort.phoneChecks === 0) {
    effort.truncated = true;
    return false;
  }
  effort.phoneChecks--;
  return parsePhoneNumberFromString(number, { defaultCountry: COUNTRY, extract: false })?.isValid() ?? false;
}
