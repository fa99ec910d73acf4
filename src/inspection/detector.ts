/** What a detector reports: a span of the text it was given, in UTF-16 code units, end exclusive. */
export type Match = {
  readonly type: FindingType;
  /** 0 to 1. */
  readonly score: number;
  readonly start: number;
  readonly end: number;
};

/**
 * The types of findings, the names Presidio uses and SECRET. The order settles overlaps: what proves itself by a known
 * prefix or a check sum comes before what only looks like something.
 */
export const FINDING_TYPES = [
  "SECRET",
  "IBAN_CODE",
  "CREDIT_CARD",
  "US_SSN",
  "EMAIL_ADDRESS",
  "PHONE_NUMBER",
] as const;
export type FindingType = (typeof FINDING_TYPES)[number];

/** What all detectors of one inspection together may still spend. */
export type Effort = {
  /** Checks of a phone number that are left: they are the one step that costs tens of microseconds. */
  phoneChecks: number;
  /** Set when something was left out. */
  truncated: boolean;
};

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** ASCII letters and digits. Scripts without spaces put their letters right beside a number, so theirs do not count. */
export function isAlphanumeric(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

/** Runs of digits: the n-th reaches from `starts[n]` to `ends[n]`. */
export type DigitGroups = { readonly starts: readonly number[]; readonly ends: readonly number[] };

/** Finds all runs of digits in one pass. */
export function digitGroups(text: string): DigitGroups {
  const starts: number[] = [];
  const ends: number[] = [];
  for (let index = nextDigit(text, 0); index >= 0; index = nextDigit(text, index)) {
    starts.push(index);
    while (isDigit(text.charCodeAt(index))) index++;
    ends.push(index);
  }
  return { starts, ends };
}

function nextDigit(text: string, from: number): number {
  DIGIT.lastIndex = from;
  return DIGIT.test(text) ? DIGIT.lastIndex - 1 : -1;
}

/** The engine skips text without digits faster than a loop over code units does. */
const DIGIT = /[0-9]/g;
