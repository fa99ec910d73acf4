import { type DigitGroups, isAlphanumeric, type Match } from "./detector.ts";

/** How far before nine digits in one piece the words are looked for that make them a social security number. */
const CONTEXT_LENGTH = 40;
const CONTEXT = /ssn|social security/i;
/** Printed in advertisements and never issued again. */
const SPECIMENS = new Set(["078051120", "219099999", "123456789"]);

/**
 * US social security numbers, 3-2-4 with one dash, space or dot between; in one piece only after words that say so. The
 * ranges that are never issued (area 000, 666, 900 to 999; group 00; serial 0000) are left out:
 * https://www.ssa.gov/employer/randomization.html
 */
export function detectSocialSecurityNumbers(text: string, { starts, ends }: DigitGroups): Match[] {
  const matches: Match[] = [];
  for (let index = 0; index < starts.length; index++) {
    const start = starts[index] ?? 0;
    const length = (ends[index] ?? 0) - start;
    if (length === 9) {
      const end = start + 9;
      const context = text.slice(Math.max(start - CONTEXT_LENGTH, 0), start);
      if (standsAlone(text, start, end) && isIssued(text.slice(start, end)) && CONTEXT.test(context)) {
        matches.push({ type: "US_SSN", score: 0.6, start, end });
      }
    } else if (length === 3) {
      const end = start + 11;
      const shape = /^[0-9]{3}([- .])[0-9]{2}\1[0-9]{4}$/.test(text.slice(start, end));
      if (shape && standsAlone(text, start, end) && isIssued(text.slice(start, end).replace(/[^0-9]/g, ""))) {
        matches.push({ type: "US_SSN", score: 0.85, start, end });
      }
    }
  }
  return matches;
}

/** Neither inside a word nor inside a longer number with dashes or dots. */
function standsAlone(text: string, start: number, end: number): boolean {
  return !continues(text, start - 1, -1) && !continues(text, end, 1);
}

function continues(text: string, index: number, step: number): boolean {
  const unit = text.charCodeAt(index);
  if (unit === 0x2d || unit === 0x2e) return isAlphanumeric(text.charCodeAt(index + step));
  return isAlphanumeric(unit) || unit === 0x5f;
}

function isIssued(digits: string): boolean {
  const area = digits.slice(0, 3);
  if (area === "000" || area === "666" || area >= "900") return false;
  return digits.slice(3, 5) !== "00" && digits.slice(5) !== "0000" && !SPECIMENS.has(digits);
}
