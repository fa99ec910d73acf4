import { Command, InvalidArgumentError } from "commander";
import { loadNamedPolicies } from "../policy/load.ts";
import { FLIP_KINDS, type FlipKind } from "../replay/flip.ts";
import { renderReplay } from "../replay/render.ts";
import { replay } from "../replay/replay.ts";
import type { ReplayReport } from "../replay/report.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { type Format, formatOption, reportingFaults } from "./policy/report.ts";

/** Milliseconds between two lines of progress. */
const PROGRESS_MS = 500;

type Flags = {
  readonly bundle: string;
  readonly entrypoint?: string;
  readonly tenant?: string;
  readonly since?: number;
  readonly until?: number;
  readonly limit?: number;
  readonly failOn?: readonly FlipKind[];
  readonly format: Format;
};

/** `regent replay`: what other policies would have decided. */
export function replayCommand(): Command {
  return new Command("replay")
    .description(
      "decide what a log of decisions holds again with another bundle, and print what would be decided otherwise: exit 0 nothing, 2 something, 3 errors or what --fail-on names",
    )
    .argument("<log>", "folder of decisionLogs.dir, or a file: JSON lines, JSON arrays or gzip of either")
    .requiredOption(
      "-b, --bundle <path>",
      "the policies to ask: a bundle, an unpacked bundle, a folder of policies or a .rego file",
    )
    .option("-e, --entrypoint <path>", "only decisions of this path, e.g. regent/request/decision")
    .option("--tenant <name>", "only decisions about this tenant")
    .option("--since <time>", "only decisions from this moment on (RFC 3339)", parseTime)
    .option("--until <time>", "only decisions before this moment (RFC 3339)", parseTime)
    .option("--limit <count>", "only so many decisions", parseCount)
    .option("--fail-on <kinds>", `end with 3 for these: ${namesOf(FLIP_KINDS)}`, parseKinds)
    .addOption(formatOption())
    .addHelpText(
      "after",
      "\nExample:\n  regent replay var/decisions --bundle dist/policies.tar.gz --fail-on newly-denied",
    )
    .action((log: string, flags: Flags) => reportingFaults(() => replayLog(log, flags)));
}

async function replayLog(
  log: string,
  { bundle, since, until, failOn = [], format, ...filters }: Flags,
): Promise<void> {
  const policies = await loadNamedPolicies(bundle, () => {});
  const progress = progressOn(process.stderr);
  const report = await replay({
    log,
    policies,
    ...filters,
    ...(since !== undefined && { sinceMs: since }),
    ...(until !== undefined && { untilMs: until }),
    onProgress: progress.show,
  })
    .catch((error: NodeJS.ErrnoException) => {
      if (error.syscall === undefined) throw error;
      throw new CommandFailure(`the log ${log} cannot be read: ${error.message}`, EXIT.failed, {
        cause: error,
      });
    })
    .finally(progress.clear);
  const output = format === "json" ? JSON.stringify({ log, bundle, ...report }) : renderReplay(report);
  process.stdout.write(`${output}\n`);
  const filtered = [since, until, filters.entrypoint, filters.tenant].some((filter) => filter !== undefined);
  // Silence would be taken for "nothing changes".
  if (report.replayed === 0) throw new CommandFailure(nothingReplayed(log, report, filtered), EXIT.errors);
  endWith(report, failOn);
}

function nothingReplayed(log: string, { decisions, unreadable }: ReplayReport, filtered: boolean): string {
  if (decisions > 0) return `nothing of ${log} could be decided again`;
  if (filtered) return `${log} holds no decision that the options ask for`;
  return `${log} holds no decision${unreadable.count === 0 ? "" : " that can be read"}`;
}

function endWith({ flips }: ReplayReport, failOn: readonly FlipKind[]): void {
  if (flips.error > 0 || failOn.some((kind) => flips[kind] > 0)) throw new CommandFailure("", EXIT.errors);
  if (FLIP_KINDS.some((kind) => flips[kind] > 0)) throw new CommandFailure("", EXIT.warnings);
}

/** A count that is written over itself; only where somebody sits. */
function progressOn(stream: NodeJS.WriteStream): { show: (decisions: number) => void; clear: () => void } {
  let shownAt = performance.now();
  let shown = false;
  return {
    show(decisions) {
      if (!stream.isTTY || performance.now() - shownAt < PROGRESS_MS) return;
      shownAt = performance.now();
      shown = true;
      stream.write(`\r${decisions} decisions`);
    },
    clear() {
      if (shown) stream.write("\r\u001b[K");
    },
  };
}

/** https://www.rfc-editor.org/rfc/rfc3339#section-5.6 */
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function parseTime(text: string): number {
  const ms = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new InvalidArgumentError("must be a time such as 2026-01-31T12:00:00Z.");
}

function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && Number.isSafeInteger(count)) return count;
  throw new InvalidArgumentError("must be a whole number from 1.");
}

function parseKinds(text: string): readonly FlipKind[] {
  return text.split(",").map((name) => {
    const kind = FLIP_KINDS.find((known) => nameOf(known) === name.trim());
    if (kind === undefined) throw new InvalidArgumentError(`${name} is none of ${namesOf(FLIP_KINDS)}.`);
    return kind;
  });
}

function nameOf(kind: FlipKind): string {
  return kind.replaceAll("_", "-");
}

function namesOf(kinds: readonly FlipKind[]): string {
  return kinds.map(nameOf).join(",");
}
