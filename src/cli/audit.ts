import { Command, InvalidArgumentError, Option } from "commander";
import { type AuditLine, queryAudit, tailAudit } from "../audit/query.ts";
import { type AuditVerdict, verifyAudit } from "../audit/verify.ts";
import { printable } from "../exchange/printable.ts";
import { CommandFailure, EXIT } from "./failure.ts";

type Format = "pretty" | "json";

/** Where the log is when the configuration does not say. */
const DIR = "var/audit";
/** More lines than anybody reads, and as many as fit into memory. */
const TAIL_LINES_MAX = 100_000;

/** `regent audit verify|query|tail`: reads the log of records. It never changes it. */
export function auditCommand(): Command {
  return new Command("audit")
    .description("read and verify the log of records")
    .addCommand(verifyCommand())
    .addCommand(queryCommand())
    .addCommand(tailCommand())
    .addHelpText("after", "\nExample:\n  regent audit verify var/audit");
}

function verifyCommand(): Command {
  return new Command("verify")
    .description(
      "derive the hash chain again and name the first bad record: exit 0 when whole, 2 or 3 when not",
    )
    .argument("[dir]", "folder of the log", DIR)
    .addOption(formatOption())
    .addHelpText("after", "\nExample:\n  regent audit verify var/audit --format json")
    .action(async (dir: string, { format }: { format: Format }) => {
      const verdict = await reading(dir, () => verifyAudit(dir));
      process.stdout.write(
        format === "json" ? `${JSON.stringify({ dir, ...verdict })}\n` : prettyVerdict(dir, verdict),
      );
      if (verdict.findings.some(({ severity }) => severity === "error"))
        throw new CommandFailure("", EXIT.errors);
      if (verdict.findings.length > 0) throw new CommandFailure("", EXIT.warnings);
    });
}

function queryCommand(): Command {
  return new Command("query")
    .description("print the records of a decision: exit 3 when one of them was changed")
    .argument("<id>", "decision id, as in x-regent-decision-id")
    .option("--dir <dir>", "folder of the log", DIR)
    .addOption(formatOption())
    .addHelpText(
      "after",
      "\nExample:\n  regent audit query 0d6a4e4e-6f0a-4b5e-9f43-0f6f3c1f2c11 --dir var/audit",
    )
    .action(async (id: string, { dir, format }: { dir: string; format: Format }) => {
      const lines = await reading(dir, () => queryAudit(dir, id));
      if (lines.length === 0)
        throw new CommandFailure(`${dir} has no record of decision ${JSON.stringify(id)}`);
      process.stdout.write(format === "json" ? jsonLines(lines) : lines.map(prettyRecord).join("\n"));
      if (lines.some(({ intact }) => !intact)) throw new CommandFailure("", EXIT.errors);
    });
}

function tailCommand(): Command {
  return new Command("tail")
    .description("print the last lines of the log")
    .argument("[dir]", "folder of the log", DIR)
    .option("-n, --lines <count>", "how many", parseCount, 10)
    .addOption(formatOption())
    .addHelpText("after", "\nExample:\n  regent audit tail var/audit -n 20")
    .action(async (dir: string, { lines: count, format }: { lines: number; format: Format }) => {
      const lines = await reading(dir, () => tailAudit(dir, count));
      process.stdout.write(format === "json" ? jsonLines(lines) : lines.map(prettyLine).join(""));
    });
}

function formatOption(): Option {
  return new Option("--format <format>", "output format").choices(["pretty", "json"]).default("pretty");
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= TAIL_LINES_MAX) return count;
  throw new InvalidArgumentError(`must be a whole number from 1 to ${TAIL_LINES_MAX}.`);
}

async function reading<T>(dir: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(`cannot read the log in ${dir}: ${reason}`, EXIT.failed, { cause: error });
  }
}

function prettyVerdict(dir: string, { segments, lines, firstSeq, last, findings }: AuditVerdict): string {
  const found = findings.map(
    ({ severity, file, line, seq, what }) => `${dir}/${file}:${line} ${severity} record ${seq}: ${what}\n`,
  );
  const range = last === undefined ? "empty" : `records ${firstSeq} to ${last.seq}, last hash ${last.hash}`;
  const verdict =
    findings.length === 0
      ? "verified"
      : findings.some(isError)
        ? "NOT as it was written"
        : "verified, with warnings";
  return `${found.join("")}${dir}: ${verdict}: ${lines} good lines in ${segments} ${segments === 1 ? "file" : "files"}, ${range}\n`;
}

function isError({ severity }: { readonly severity: string }): boolean {
  return severity === "error";
}

function jsonLines(lines: readonly AuditLine[]): string {
  return lines.map((line) => `${printable(JSON.stringify(line))}\n`).join("");
}

/** Everything of one record, a member a line. */
function prettyRecord(line: AuditLine): string {
  const state = line.intact ? "intact" : "CHANGED: its hash does not match its bytes";
  const head = `record ${line.seq} (${line.file}:${line.line}, ${state})\n`;
  const members = Object.entries(line.record ?? {}).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return `  ${name.padEnd(12)} ${printable(text)}\n`;
  });
  return head + members.join("");
}

/** One line for one line. */
function prettyLine({ seq, intact, record, event }: AuditLine): string {
  const mark = intact ? "" : " CHANGED";
  if (record === undefined) return `${seq}${mark} -- ${printable(JSON.stringify(event))}\n`;
  const { time, verdict, status, id, identity, inference, reasons } = record as {
    readonly [name: string]: unknown;
  };
  const words = [
    time,
    verdict,
    status ?? "-",
    memberOf(identity, "tenant") ?? "-",
    memberOf(inference, "model") ?? "-",
    Array.isArray(reasons) ? reasons.map((reason) => memberOf(reason, "code")).join(",") || "-" : "-",
    id,
  ];
  return `${seq}${mark} ${printable(words.map(String).join(" "))}\n`;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as { readonly [name: string]: unknown })[name]
    : undefined;
}
