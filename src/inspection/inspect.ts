import type { Finding } from "../exchange/finding.ts";
import type { TextPart } from "../exchange/inference.ts";
import { detectCreditCards } from "./credit-card.ts";
import { digitGroups, type Effort, FINDING_TYPES, type Match } from "./detector.ts";
import { detectEmails } from "./email.ts";
import { fold } from "./fold.ts";
import { detectIbans } from "./iban.ts";
import { detectPhoneNumbers } from "./phone.ts";
import { detectSecrets } from "./secret.ts";
import { detectSocialSecurityNumbers } from "./ssn.ts";

/** Findings of one request: each is some 100 bytes, and a body of 4 MiB could hold hundreds of thousands. */
export const FINDINGS_MAX = 10_000;
/** Checks of phone numbers in one request: at 40 microseconds each, all of them take 80 ms. */
export const PHONE_CHECKS_MAX = 2_000;

/**
 * The type of the finding that says: there may be more that was not reported. Policy sees it like any other, and a
 * `redact` obligation cannot be carried out then, so the request must be refused.
 */
export const INSPECTION_TRUNCATED = "INSPECTION_TRUNCATED";

/**
 * What the detectors see in the texts of a request, in the order of the parts and of their places. Findings of one part do
 * not overlap. Takes time in proportion to the length of the texts, whatever they hold.
 */
export function inspect(parts: readonly TextPart[]): readonly Finding[] {
  const effort: Effort = { phoneChecks: PHONE_CHECKS_MAX, truncated: false };
  const findings: Finding[] = [];
  for (const { pointer, text } of parts) {
    const folded = fold(text);
    for (const { type, score, start, end } of withoutOverlaps(detect(folded.text, effort))) {
      if (findings.length >= FINDINGS_MAX) effort.truncated = true;
      else findings.push({ type, score, pointer, start: folded.startOf(start), end: folded.endOf(end) });
    }
    if (effort.truncated)
      return [...findings, { type: INSPECTION_TRUNCATED, score: 1, pointer, start: 0, end: 0 }];
  }
  return findings;
}

function detect(text: string, effort: Effort): Match[] {
  const groups = digitGroups(text);
  const withoutDigits = [...detectEmails(text), ...detectSecrets(text)];
  if (groups.starts.length === 0) return withoutDigits;
  return [
    ...withoutDigits,
    ...detectIbans(text),
    ...detectCreditCards(text, groups),
    ...detectSocialSecurityNumbers(text, groups),
    ...detectPhoneNumbers(text, groups, effort),
  ];
}

/**
 * Where matches overlap, the type that stands first in the table keeps its name and takes the whole of both: a piece of
 * the other must not be left over when it is masked.
 */
function withoutOverlaps(matches: readonly Match[]): readonly Match[] {
  const kept: Match[] = [];
  for (const match of matches.toSorted(
    (a, b) => a.start - b.start || b.end - a.end || precedence(a) - precedence(b),
  )) {
    const last = kept.at(-1);
    if (last === undefined || match.start >= last.end) kept.push(match);
    else kept[kept.length - 1] = joined(last, match);
  }
  return kept;
}

function joined(a: Match, b: Match): Match {
  const { type, score } = precedence(b) < precedence(a) ? b : a;
  return { type, score, start: a.start, end: Math.max(a.end, b.end) };
}

function precedence(match: Match): number {
  return FINDING_TYPES.indexOf(match.type);
}
