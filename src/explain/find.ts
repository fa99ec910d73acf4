import { type AuditLine, queryAudit } from "../audit/query.ts";
import { type LoggedDecision, readDecisionLog } from "../decision-log/read.ts";

/** Decisions that are explained of one exchange: of ext_authz, of the request and of the answer, and some to spare. */
export const DECISIONS_MAX = 8;

/** What is known of one decision id, and what was looked for in vain. */
export type Found = {
  /** Oldest first. */
  readonly records: readonly AuditLine[];
  readonly decisions: readonly LoggedDecision[];
  /** Why there may be more than that: sentences that say what to do. */
  readonly missing: readonly string[];
};

/** Looks an id up in both logs; `undefined` where there is none to look in. Never throws for a log that is not there. */
export async function findDecision(
  id: string,
  auditDir: string,
  decisionsDir: string | undefined,
): Promise<Found> {
  const missing: string[] = [];
  const records = await queryAudit(auditDir, id).catch((error: Error) => {
    missing.push(`The audit log cannot be read (${error.message}): name its folder with --audit or -c.`);
    return [];
  });
  if (records.length === 0 && missing.length === 0)
    missing.push(`The audit log in ${auditDir} has no record of it.`);
  return { records, decisions: await decisionsOf(id, decisionsDir, missing), missing };
}

async function decisionsOf(
  id: string,
  dir: string | undefined,
  missing: string[],
): Promise<LoggedDecision[]> {
  if (dir === undefined) {
    missing.push(
      "No decision log is configured, so that the inputs of rules are not known: set decisionLogs.dir, or name a log with --decisions.",
    );
    return [];
  }
  const found: LoggedDecision[] = [];
  try {
    const looked = { onUnreadable: () => {}, holding: JSON.stringify(id) };
    for await (const decision of readDecisionLog(dir, looked)) {
      if (decision.decisionId !== id && decision.batchDecisionId !== id) continue;
      if (found.length < DECISIONS_MAX && !found.some((known) => isSame(known, decision)))
        found.push(decision);
    }
  } catch (error) {
    missing.push(
      `The decision log cannot be read (${(error as Error).message}): name it with --decisions or -c.`,
    );
    return found;
  }
  if (found.length === 0)
    missing.push(
      `The decision log in ${dir} does not hold it: it was dropped, is older than the log, or no policy was asked.`,
    );
  return found;
}

function isSame(one: LoggedDecision, other: LoggedDecision): boolean {
  return (
    one.decisionId === other.decisionId &&
    one.entrypoint === other.entrypoint &&
    one.timestamp === other.timestamp
  );
}
