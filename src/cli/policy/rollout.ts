import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { type CandidateStatus, describeStep, type RolloutStatus } from "../../policy/life/status.ts";
import { CommandFailure } from "../failure.ts";
import { unreachable } from "../unreachable.ts";
import { type Format, formatOption } from "./report.ts";

type Where = { readonly url: string; readonly tokenFile?: string };
type Change = Where & { readonly by: string; readonly reason?: string; readonly force?: boolean };

/** Looking takes no time; a reload compiles policies. Milliseconds. */
const TIMEOUT_MS = 120_000;
/** The newest differences that are shown. */
const SHOWN_DIFFERENCES = 10;

/** `regent policy status` */
export function statusCommand(): Command {
  return where(new Command("status"))
    .description("show which policies are live, which are a candidate, and how they compare")
    .addOption(formatOption())
    .addHelpText("after", "\nExample:\n  regent policy status --token-file admin-token")
    .action(async (flags: Where & { readonly format: Format }) => {
      const text = await ask(flags, "/v1/rollout", "GET");
      const status = JSON.parse(text) as RolloutStatus;
      process.stdout.write(flags.format === "json" ? `${text}\n` : `${linesOf(status).join("\n")}\n`);
    });
}

/** `regent policy promote`, `approve`, `rollback` and `reload` */
export function changeCommands(): readonly Command[] {
  return [
    change("promote", "let the candidate decide everything now; refused when it is beyond the gate")
      .option("--force", "also when it is beyond the gate")
      .addHelpText("after", "\nExample:\n  regent policy promote --token-file admin-token")
      .action((flags: Change) => make(flags, "/v1/rollout/promote")),
    change("approve", "say yes to the step that waits for an approval")
      .addHelpText("after", "\nExample:\n  regent policy approve --by ann --token-file admin-token")
      .action((flags: Change) => make(flags, "/v1/rollout/approve")),
    change("rollback", "turn the candidate down; where there is none, go back to the version before")
      .option("--reason <text>", "why, for the history")
      .addHelpText(
        "after",
        '\nExample:\n  regent policy rollback --reason "users complain" --token-file admin-token',
      )
      .action((flags: Change) => make(flags, "/v1/rollout/rollback")),
    change("reload", "look for new bundles now")
      .addHelpText("after", "\nExample:\n  regent policy reload --token-file admin-token")
      .action((flags: Change) => make(flags, "/v1/bundles/reload")),
  ];
}

function change(name: string, description: string): Command {
  return where(new Command(name))
    .description(description)
    .option("--by <name>", "who asks, for the history", userInfo().username);
}

function where(command: Command): Command {
  return command
    .option("--url <url>", "the admin port of a running sidecar", httpUrl, "http://127.0.0.1:8181")
    .option("--token-file <file>", "file with its token (admin.token)");
}

function httpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError("Expected http://HOST:PORT.");
}

async function make(flags: Change, path: string): Promise<void> {
  const query = new URLSearchParams({ by: flags.by });
  if (flags.reason !== undefined) query.set("reason", flags.reason);
  if (flags.force === true) query.set("force", "true");
  process.stdout.write(`${await ask(flags, `${path}?${query}`, "POST")}\n`);
}

/** The text of an answer. @throws CommandFailure with the words of one that is not 2xx */
async function ask({ url, tokenFile }: Where, path: string, method: string): Promise<string> {
  const headers = tokenFile === undefined ? {} : { authorization: `Bearer ${await readToken(tokenFile)}` };
  let response: Response;
  let text: string;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    response = await fetch(new URL(path, url), { method, headers, signal, redirect: "error" });
    text = (await response.text()).trim();
  } catch (error) {
    throw unreachable(url, error);
  }
  if (response.status === 401) throw new CommandFailure(tokenFault(url, tokenFile));
  if (!response.ok) throw new CommandFailure(`${url} answered ${response.status}: ${text}`);
  return text;
}

function tokenFault(url: string, tokenFile: string | undefined): string {
  return tokenFile === undefined
    ? `${url} asks for its token (admin.token): name the file that holds it with --token-file`
    : `${url} does not take the token of ${tokenFile}: it is another one than admin.token`;
}

async function readToken(file: string): Promise<string> {
  return (
    await readFile(file, "utf8").catch((error: Error) => {
      throw new CommandFailure(`the token cannot be read: ${error.message}`, undefined, { cause: error });
    })
  ).trim();
}

function linesOf({ live, candidate, previous, rejected, history }: RolloutStatus): readonly string[] {
  return [
    `live       ${live?.revision ?? "none: everything is refused"}`,
    ...(candidate === undefined ? ["candidate  none"] : candidateLines(candidate)),
    ...(previous === undefined
      ? []
      : [`before     ${previous.revision}, kept for another ${duration(previous.keptForMs)}`]),
    ...rejected.slice(-3).map(({ revision, at, reason }) => `refused    ${revision} at ${at}: ${reason}`),
    "history",
    ...history
      .slice(-10)
      .map(
        ({ at, event, revision, by, reason }) =>
          `  ${at} ${event} ${revision} by ${by}${reason === undefined ? "" : `: ${reason}`}`,
      ),
  ];
}

function candidateLines(candidate: CandidateStatus): readonly string[] {
  const { revision, step, steps, stepForMs, decisions, neededDecisions, counts, skipped, latencyMs } =
    candidate;
  const current = steps[step];
  const lasts = current !== undefined && "forMs" in current ? ` of ${duration(current.forMs)}` : "";
  const differences = candidate.differences.slice(-SHOWN_DIFFERENCES);
  return [
    `candidate  ${revision}: step ${step + 1} of ${steps.length}, ${current === undefined ? "" : describeStep(current)}`,
    `           ${duration(stepForMs)}${lasts}, ${decisions} of ${neededDecisions} decisions compared`,
    `           same ${counts.same}, changed ${counts.changed}, newly denied ${counts.newly_denied}, newly allowed ${counts.newly_allowed}, failed ${counts.candidate_error}, skipped ${skipped}`,
    `           95 % within ${ms(latencyMs.candidate.p95)}, live ${ms(latencyMs.live.p95)}`,
    ...differences.map(
      ({ at, verdict, tenant, decisionId, live, candidate: other }) =>
        `  ${at} ${verdict} ${[tenant, decisionId].filter((part) => part !== undefined).join(" ")} live ${side(live)}, candidate ${side(other)}`,
    ),
  ];
}

function side({ outcome, codes }: { readonly outcome: string; readonly codes: readonly string[] }): string {
  return codes.length === 0 ? outcome : `${outcome} (${codes.join(", ")})`;
}

function ms(value: number | undefined): string {
  return value === undefined ? "not measured" : `${value.toFixed(2)} ms`;
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
