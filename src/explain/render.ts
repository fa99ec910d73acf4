import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import { printable } from "../exchange/printable.ts";
import type { BudgetArithmetic } from "./budgets.ts";
import type { ExplainedDecision, ExplainedReason, ExplainedRecord, Explanation } from "./explain.ts";

/** Places of one finding that are shown. */
const PLACES_SHOWN = 5;

/** An explanation for people, the outcome first. */
export function renderExplanation({ id, records, reasons, decisions, missing }: Explanation): string {
  return [
    `decision ${id}`,
    ...records.flatMap(recordLines),
    ...section("reasons", reasons.flatMap(reasonLines)),
    ...decisions.flatMap(decisionLines),
    ...section("not known", missing),
  ]
    .map(printable)
    .join("\n");
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...indented(lines)];
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

function recordLines({ place, intact, record, charge }: ExplainedRecord): readonly string[] {
  const { protocol, time, verdict, status, dryRun, end, revision } = record;
  const state = intact ? "" : ", CHANGED: its hash does not match its bytes";
  const ran = dryRun === undefined ? "" : `, a dry run would have said ${String(dryRun)}`;
  return section(`record of ${String(protocol)} (${place}${state})`, [
    `${String(verdict)}${status === undefined ? "" : `, status ${String(status)}`}, ${String(end)}${ran}`,
    `when      ${String(time)}`,
    ...line("who", wordsOf(record.identity)),
    ...line("what", wordsOf(record.request)),
    ...line("asked for", wordsOf(record.inference)),
    ...line("sent to", wordsOf(record.route)),
    ...line("attempts", attemptsOf(record.attempts)),
    ...line("translated", translationOf(record.translation)),
    ...line("findings", wordsOf(countsOf(record.findings))),
    ...line("in answer", answerFindingsOf(record.answerFindings)),
    ...line("redacted", wordsOf(countsOf(record.redactions))),
    ...line("estimate", wordsOf(record.estimate)),
    ...line("charged", charge),
    ...line("revision", revision === undefined ? undefined : String(revision)),
    ...line("timing", timingOf(record.timing)),
  ]);
}

function line(name: string, text: string | undefined): readonly string[] {
  return text === undefined || text === "" ? [] : [`${name.padEnd(9)} ${text}`];
}

/** `tenant acme, roles analyst` */
function wordsOf(value: JsonValue | undefined): string | undefined {
  if (!isJsonObject(value)) return undefined;
  return Object.entries(value)
    .filter(([name]) => !name.endsWith("Sha256"))
    .map(([name, each]) => `${name} ${textOf(each)}`)
    .join(", ");
}

function textOf(value: JsonValue): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(textOf).join(" ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

function countsOf(list: JsonValue | undefined): JsonObject | undefined {
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const objects = (list as JsonValue[]).filter(isJsonObject);
  return Object.fromEntries(objects.map(({ type, count }) => [String(type), count ?? 0]));
}

/** What was found where somebody looked; undefined where nobody did. */
function answerFindingsOf(list: JsonValue | undefined): string | undefined {
  return list === undefined ? undefined : (wordsOf(countsOf(list)) ?? "nothing");
}

/** `us 503 in 12.5 ms, claude 200 in 80 ms as anthropic-messages` */
function attemptsOf(list: JsonValue | undefined): string | undefined {
  if (!Array.isArray(list)) return undefined;
  const attempts = (list as JsonValue[]).filter(isJsonObject);
  return attempts
    .map(({ target, status, translatedTo, ms }) => {
      const answered = status === undefined ? "" : ` ${textOf(status)}`;
      const dialect = translatedTo === undefined ? "" : ` as ${textOf(translatedTo)}`;
      return `${String(target)}${answered} in ${textOf(ms ?? 0)} ms${dialect}`;
    })
    .join(", ");
}

function translationOf(translation: JsonValue | undefined): string | undefined {
  if (!isJsonObject(translation)) return undefined;
  const { from, to, warnings } = translation;
  const told = Array.isArray(warnings) && warnings.length > 0 ? textOf(warnings) : "whole";
  return `from ${String(from)} to ${String(to)}: ${told}`;
}

function timingOf(timing: JsonValue | undefined): string | undefined {
  if (!isJsonObject(timing)) return undefined;
  const rooms = isJsonObject(timing.roomsMs) ? Object.entries(timing.roomsMs) : [];
  const first = timing.firstByteMs === undefined ? [] : [`first byte ${textOf(timing.firstByteMs)} ms`];
  const parts = [`total ${textOf(timing.totalMs ?? 0)} ms`, ...first];
  return [...parts, ...rooms.map(([room, ms]) => `${room} ${textOf(ms)} ms`)].join(", ");
}

function reasonLines({
  code,
  kind,
  message,
  policy,
  severity,
  title,
  description,
  advice,
}: ExplainedReason): string[] {
  return [
    `${severity} ${code}${kind === undefined ? "" : ` (${kind})`} by ${policy}: ${message}`,
    ...(title === undefined
      ? []
      : [`  rule: ${title}${description === undefined ? "" : `. ${description}`}`]),
    ...(advice === undefined ? [] : [`  advice: ${advice}`]),
  ];
}

function decisionLines(decision: ExplainedDecision): readonly string[] {
  const { entrypoint, place, outcome, rules, targets, budgets, findings, changed, bundles } = decision;
  const title = `${entrypoint}: ${outcome} (${[place, ...revisionsOf(bundles)].join(", ")})`;
  const lines = [
    ...againLines(decision),
    ...(changed.length === 0 ? [] : [`not recorded: ${changed.join(" ")}`]),
    ...rules.flatMap(({ rule, codes, inputs }) => [
      `rule ${rule} fired (${codes.join(", ")})${inputs.length === 0 ? "" : " and read"}`,
      ...inputs.map(
        ({ path, value, notRecorded }) =>
          `  ${path} = ${notRecorded ? "(not recorded)" : (value ?? "(absent)")}`,
      ),
    ]),
    ...findings.map(
      ({ type, count, where }) =>
        `finding ${type}, ${count} times: ${where.slice(0, PLACES_SHOWN).join(" ")}`,
    ),
    ...(targets.permitted.length === 0 ? [] : [`permitted targets: ${targets.permitted.join(" ")}`]),
    ...targets.forbidden.map(({ target, why }) => `forbidden target ${target}, ${why}`),
    ...budgets.flatMap(budgetLines),
    ...whatIfLines(decision),
  ];
  return [title, ...indented(lines)];
}

/** As the decision log has them: `{"main": {"revision": "r1"}}`. */
function revisionsOf(bundles: JsonValue): readonly string[] {
  if (!isJsonObject(bundles)) return [];
  return Object.entries(bundles).map(
    ([name, bundle]) =>
      `bundle ${name} ${isJsonObject(bundle) && typeof bundle.revision === "string" ? bundle.revision : "without a revision"}`,
  );
}

function againLines({ again, outcome }: ExplainedDecision): readonly string[] {
  if (again === undefined || again.same) return [];
  const fault = again.fault === undefined ? "" : ` (${again.fault})`;
  const says =
    again.outcome === outcome ? `also ${outcome}, with other reasons or obligations` : again.outcome;
  return [
    `THIS BUNDLE DECIDES OTHERWISE: ${says}${fault}. It is not the one that decided; what follows about rules is its view.`,
  ];
}

function budgetLines(budget: BudgetArithmetic): readonly string[] {
  const { key, unit, window, limit, used, reserved, left, wanted, fits, windowEnds, wouldFit } = budget;
  const ends = windowEnds === undefined ? "" : `; the window ends at ${windowEnds}`;
  return [
    `budget ${key}: ${limit} ${unit} in ${window} - ${used} used - ${reserved} reserved = ${left} left; this request ${wanted}: ${fits ? "fits" : "DOES NOT FIT"}${ends}`,
    ...wouldFit.map((remedy) => `  it would fit with: ${remedy}`),
  ];
}

function whatIfLines({ whatIf }: ExplainedDecision): readonly string[] {
  if (whatIf === undefined) return [];
  const { changes, reasons, evaluations, cutShort } = whatIf;
  const tried = `${evaluations} evaluations${cutShort ? ", cut short: there may be more" : ""}`;
  if (changes.length > 0)
    return [`what would have to change, any one of (${tried}):`, ...changes.map((change) => `  ${change}`)];
  return [
    `no single change was found that makes this an allow (${tried}); the reasons go away with:`,
    ...reasons.map(
      ({ code, policy, change }) => `  ${code} by ${policy}: ${change ?? "nothing that was tried"}`,
    ),
  ];
}
