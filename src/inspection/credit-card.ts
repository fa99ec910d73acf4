import { type DigitGroups, isAlphanumeric, type Match } from "./detector.ts";

/** ISO/IEC 7812: how long a card number may be. */
const LENGTH_MIN = 13;
const LENGTH_MAX = 19;
/** Printed numbers come in groups of four, or 4-6-5 (American Express) and 4-6-4 (Diners): none is shorter than three. */
const GROUP_LENGTH_MIN = 3;

/** Issuers by leading digits, and the lengths they use. */
const ISSUERS: readonly {
  readonly from: number;
  readonly to: number;
  readonly lengths: readonly number[];
}[] = [
  { from: 4, to: 4, lengths: [13, 16, 19] },
  { from: 51, to: 55, lengths: [16] },
  { from: 2221, to: 2720, lengths: [16] },
  { from: 34, to: 34, lengths: [15] },
  { from: 37, to: 37, lengths: [15] },
  { from: 300, to: 305, lengths: [14, 16, 19] },
  { from: 36, to: 36, lengths: [14, 15, 16, 17, 18, 19] },
  { from: 38, to: 39, lengths: [14, 16, 17, 18, 19] },
  { from: 6011, to: 6011, lengths: [16, 17, 18, 19] },
  { from: 644, to: 659, lengths: [16, 17, 18, 19] },
  { from: 3528, to: 3589, lengths: [16, 17, 18, 19] },
  { from: 1800, to: 1800, lengths: [15] },
  { from: 2131, to: 2131, lengths: [15] },
  { from: 62, to: 62, lengths: [16, 17, 18, 19] },
  { from: 50, to: 50, lengths: [13, 14, 15, 16, 17, 18, 19] },
  { from: 56, to: 58, lengths: [13, 14, 15, 16, 17, 18, 19] },
  { from: 60, to: 63, lengths: [13, 14, 15, 16, 17, 18, 19] },
  { from: 67, to: 67, lengths: [13, 14, 15, 16, 17, 18, 19] },
];

/** Numbers of payment cards, in one piece or in groups with one space or dash between: issuer, length and check digit fit. */
export function detectCreditCards(text: string, groups: DigitGroups): Match[] {
  const matches: Match[] = [];
  for (let first = 0; first < groups.starts.length; first++) {
    const start = groups.starts[first] ?? 0;
    if (!standsApart(text.charCodeAt(start - 1), text.charCodeAt(start - 2))) continue;
    const last = lastGroup(text, groups, first);
    if (last === undefined) continue;
    matches.push({ type: "CREDIT_CARD", score: 1, start, end: groups.ends[last] ?? start });
    first = last;
  }
  return matches;
}

/** The last group of the longest card number that begins with group `first`. */
function lastGroup(text: string, { starts, ends }: DigitGroups, first: number): number | undefined {
  let digits = "";
  let found: number | undefined;
  let separator: string | undefined;
  for (let index = first; index < starts.length; index++) {
    const start = starts[index] ?? 0;
    const end = ends[index] ?? 0;
    if (index > first) {
      const between = text.slice(ends[index - 1], start);
      separator ??= between;
      if (between !== separator || (between !== " " && between !== "-")) break;
    }
    const length = end - start;
    if (digits.length + length > LENGTH_MAX) break;
    if (length < GROUP_LENGTH_MIN) break;
    digits += text.slice(start, end);
    if (digits.length >= LENGTH_MIN && !isAlphanumeric(text.charCodeAt(end)) && isCardNumber(digits))
      found = index;
  }
  return found;
}

/** Not the end of a word, nor a telephone number after its plus sign, nor the fraction of a decimal number. */
function standsApart(before: number, beforeThat: number): boolean {
  if (isAlphanumeric(before) || before === 0x2b) return false;
  return before !== 0x2e || !isAlphanumeric(beforeThat);
}

function isCardNumber(digits: string): boolean {
  const issued = ISSUERS.some(({ from, to, lengths }) => {
    const lead = Number(digits.slice(0, String(from).length));
    return lead >= from && lead <= to && lengths.includes(digits.length);
  });
  return issued && luhn(digits);
}

/** ISO/IEC 7812-1, annex B. */
function luhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 0x30;
    const doubled = index % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
