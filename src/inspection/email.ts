import { isAlphanumeric, type Match } from "./detector.ts";

/** RFC 5321, section 4.5.3.1: the longest local part and the longest domain. They also bound the work for each `@`. */
const LOCAL_LENGTH_MAX = 64;
const DOMAIN_LENGTH_MAX = 253;

/** What stands in local parts besides letters and digits. RFC 5322 allows more: `=` above all, which in prose ends a name. */
const LOCAL_PUNCTUATION = new Set([..."._%+-'~"].map((unit) => unit.charCodeAt(0)));
const AT = "@";

/** Names of pictures in several resolutions, `logo@2x.png`, look like addresses but for these. */
const FILE_EXTENSIONS = new Set([
  "png",
  "jpg",
  "jpeg",
  "gif",
  "svg",
  "webp",
  "css",
  "js",
  "ts",
  "json",
  "html",
]);

/** E-mail addresses with a dot-atom as local part. Addresses without a dot in the domain are not reported. */
export function detectEmails(text: string): Match[] {
  const matches: Match[] = [];
  for (let at = text.indexOf(AT); at >= 0; at = text.indexOf(AT, at + 1)) {
    const start = localStart(text, at);
    const end = domainEnd(text, at + 1);
    if (start < at && end !== undefined) matches.push({ type: "EMAIL_ADDRESS", score: 1, start, end });
  }
  return matches;
}

function localStart(text: string, at: number): number {
  let start = at;
  while (start > 0 && at - start < LOCAL_LENGTH_MAX && isLocal(text.charCodeAt(start - 1))) start--;
  // Punctuation that leads is not the address's: quotation marks, list marks.
  while (start < at && !isLetterOrDigit(text.charCodeAt(start))) start++;
  return start;
}

function isLocal(code: number): boolean {
  return isLetterOrDigit(code) || LOCAL_PUNCTUATION.has(code);
}

/** ASCII, and Latin, Greek and Cyrillic letters: scripts that put a space between an address and the word before it. */
function isLetterOrDigit(code: number): boolean {
  return isAlphanumeric(code) || (code >= 0xc0 && code <= 0x52f);
}

/** End of the longest run of labels that closes with a top-level domain. */
function domainEnd(text: string, from: number): number | undefined {
  const limit = Math.min(text.length, from + DOMAIN_LENGTH_MAX);
  let end: number | undefined;
  let label = from;
  for (let index = from; index <= limit; index++) {
    const code = index < limit ? text.charCodeAt(index) : 0;
    if (isLetterOrDigit(code) || code === 0x2d) continue;
    if (index === label) break;
    if (label > from && isTopLevel(text.slice(label, index))) end = index;
    if (code !== 0x2e) break;
    label = index + 1;
  }
  return end;
}

function isTopLevel(label: string): boolean {
  return /^(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})$/i.test(label) && !FILE_EXTENSIONS.has(label.toLowerCase());
}
