import { printable } from "../exchange/printable.ts";
import { FLIP_KINDS } from "./flip.ts";
import type { FlipGroup, ReplayReport } from "./report.ts";

/** Unreadable places that are printed; all that are kept stand in the JSON. */
const PLACES_SHOWN = 10;

const WHY: { readonly [why in keyof ReplayReport["notReplayed"]]-?: string } = {
  no_entrypoint: "a query was asked and no rule",
  entrypoint_absent: "the bundle does not have the entrypoint",
  input_missing: "the log holds no input",
  body_left_out: "the bundle reads the body, which is logged only where policy asks for a full audit",
  input_masked: "a mask hides what the bundle reads",
  result_masked: "a mask hides the verdict",
  recorded_error: "there was an error and no decision",
  nondeterministic_missing:
    "the bundle asks for a time or a random value that was not logged (decisionLogs.ndBuiltinCache)",
  duplicate: "the same event once more",
};

/** A replay for people: a table of flips by rule and tenant, then what was not compared and why. */
export function renderReplay(report: ReplayReport): string {
  const { decisions, replayed, same, groups } = report;
  return [
    ...(groups.length === 0 ? [] : [...tableOf(groups), ""]),
    `${decisions} decisions, ${replayed} decided again: ${same} the same, ${countsText(report.flips)}`,
    ...timeLines(report),
    ...notReplayedLines(report),
    ...unreadableLines(report),
  ]
    .map(printable)
    .join("\n");
}

const HEAD = [
  "RULE",
  "TENANT",
  ...FLIP_KINDS.map((kind) => kind.replace("_", " ").toUpperCase()),
  "DECISIONS",
];

function tableOf(groups: readonly FlipGroup[]): readonly string[] {
  const rows = groups.map(({ rule, tenant, counts, examples }) => [
    rule,
    tenant ?? "-",
    ...FLIP_KINDS.map((kind) => String(counts[kind])),
    examples.join(" "),
  ]);
  return aligned([HEAD, ...rows]);
}

/** Columns of text, each as wide as its widest cell. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = HEAD.map((_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function countsText(flips: ReplayReport["flips"]): string {
  return FLIP_KINDS.map(
    (kind) => `${flips[kind]} ${kind === "error" ? "errors" : kind.replace("_", " ")}`,
  ).join(", ");
}

function timeLines({ evaluationMs }: ReplayReport): readonly string[] {
  if (evaluationMs === undefined) return [];
  const [p50, p95, max] = [evaluationMs.p50, evaluationMs.p95, evaluationMs.max].map((ms) => ms.toFixed(3));
  return [`one evaluation: p50 ${p50} ms, p95 ${p95} ms, longest ${max} ms`];
}

function notReplayedLines({ notReplayed }: ReplayReport): readonly string[] {
  return (Object.keys(WHY) as (keyof typeof WHY)[]).flatMap((why) => {
    const found = notReplayed[why];
    return found === undefined
      ? []
      : [`${found.count} not decided again: ${WHY[why]} (${found.examples.join(" ")})`];
  });
}

function unreadableLines({ unreadable: { count, places } }: ReplayReport): readonly string[] {
  if (count === 0) return [];
  const shown = places.slice(0, PLACES_SHOWN).map(({ place, why }) => `  ${place}: ${why}`);
  const more = count > shown.length ? [`  and ${count - shown.length} more`] : [];
  return [`${count} places of the log cannot be read:`, ...shown, ...more];
}
