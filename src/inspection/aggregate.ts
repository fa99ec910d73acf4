import type { Finding } from "../exchange/finding.ts";

/** Places listed for a type. Policy sees how many there are by `count`; a long list would only make its input longer. */
export const PLACES_MAX = 100;

/** All findings of a type, as policy sees them. */
export type FindingSummary = {
  readonly type: string;
  readonly count: number;
  readonly score_max: number;
  /** JSON pointers, without repeats, the first {@link PLACES_MAX}. */
  readonly where: readonly string[];
};

/** What was found before and what was found since, together. */
export function mergeSummaries(
  before: readonly FindingSummary[],
  since: readonly FindingSummary[],
): readonly FindingSummary[] {
  const byType = Map.groupBy([...before, ...since], ({ type }) => type);
  return [...byType]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, parts]) => ({
      type,
      count: parts.reduce((sum, { count }) => sum + count, 0),
      score_max: Math.max(...parts.map(({ score_max }) => score_max)),
      where: [...new Set(parts.flatMap(({ where }) => where))].slice(0, PLACES_MAX),
    }));
}

/** Findings by type, in the order of their names. */
export function aggregate(findings: readonly Finding[]): readonly FindingSummary[] {
  const byType = Map.groupBy(findings, ({ type }) => type);
  return [...byType]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, found]) => ({
      type,
      count: found.length,
      score_max: found.reduce((max, { score }) => Math.max(max, score), 0),
      where: [...new Set(found.map(({ pointer }) => pointer))].slice(0, PLACES_MAX),
    }));
}
