import { isAlphanumeric, isDigit, type Match } from "./detector.ts";

/** Length by country, from the SWIFT IBAN registry (ISO 13616). */
const LENGTHS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    AD: 24,
    AE: 23,
    AL: 28,
    AT: 20,
    AZ: 28,
    BA: 20,
    BE: 16,
    BG: 22,
    BH: 22,
    BI: 27,
    BR: 29,
    BY: 28,
    CH: 21,
    CR: 22,
    CY: 28,
    CZ: 24,
    DE: 22,
    DJ: 27,
    DK: 18,
    DO: 28,
    EE: 20,
    EG: 29,
    ES: 24,
    FI: 18,
    FK: 18,
    FO: 18,
    FR: 27,
    GB: 22,
    GE: 22,
    GI: 23,
    GL: 18,
    GR: 27,
    GT: 28,
    HN: 28,
    HR: 21,
    HU: 28,
    IE: 22,
    IL: 23,
    IQ: 23,
    IS: 26,
    IT: 27,
    JO: 30,
    KW: 30,
    KZ: 20,
    LB: 28,
    LC: 32,
    LI: 21,
    LT: 20,
    LU: 20,
    LV: 21,
    LY: 25,
    MC: 27,
    MD: 24,
    ME: 22,
    MK: 19,
    MN: 20,
    MR: 27,
    MT: 31,
    MU: 30,
    NI: 28,
    NL: 18,
    NO: 15,
    OM: 23,
    PK: 24,
    PL: 28,
    PS: 29,
    PT: 25,
    QA: 29,
    RO: 24,
    RS: 22,
    RU: 33,
    SA: 24,
    SC: 31,
    SD: 18,
    SE: 24,
    SI: 19,
    SK: 24,
    SM: 27,
    SO: 23,
    ST: 25,
    SV: 28,
    TL: 23,
    TN: 24,
    TR: 26,
    UA: 29,
    VA: 22,
    VG: 24,
    XK: 20,
    YE: 30,
  }),
);

/** A country and two check digits. Of fixed length, so the search is linear. */
const HEAD = /[A-Za-z]{2}[0-9]{2}/g;

/** International bank account numbers, in one piece or with single spaces or dashes: length and check digits fit. */
export function detectIbans(text: string): Match[] {
  const matches: Match[] = [];
  HEAD.lastIndex = 0;
  for (let head = HEAD.exec(text); head !== null; head = HEAD.exec(text)) {
    const start = head.index;
    const length = LENGTHS.get(head[0].slice(0, 2).toUpperCase());
    if (length === undefined || isAlphanumeric(text.charCodeAt(start - 1))) continue;
    const end = endAfter(text, start, length);
    if (end === undefined || isAlphanumeric(text.charCodeAt(end))) continue;
    if (!checkDigitsFit(text.slice(start, end).replace(/[ -]/g, "").toUpperCase())) continue;
    matches.push({ type: "IBAN_CODE", score: 1, start, end });
    HEAD.lastIndex = end;
  }
  return matches;
}

/** Where `count` letters and digits end that have at most one space or dash between them. */
function endAfter(text: string, start: number, count: number): number | undefined {
  let index = start;
  for (let taken = 0; taken < count; taken++) {
    const code = text.charCodeAt(index);
    if (taken > 0 && (code === 0x20 || code === 0x2d)) index++;
    if (!isAlphanumeric(text.charCodeAt(index))) return undefined;
    index++;
  }
  return index;
}

/** ISO 7064 MOD 97-10 over the number with its first four characters moved to the end, letters as 10 to 35. */
function checkDigitsFit(iban: string): boolean {
  let remainder = 0;
  for (const unit of iban.slice(4) + iban.slice(0, 4)) {
    const code = unit.charCodeAt(0);
    remainder = isDigit(code)
      ? (remainder * 10 + code - 0x30) % 97
      : (remainder * 100 + code - 0x41 + 10) % 97;
  }
  return remainder === 1;
}
