import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { verifyAudit } from "../../../src/audit/verify.ts";
import type { Record } from "../../../src/exchange/record.ts";
import type { Witnessed } from "../../../tools/sample-model/witness.ts";
import { eventually } from "./records.ts";
import type { Governed } from "./stack.ts";

/** What of a witness's account and of a record the oracle compares. */
export type Reached = Pick<Witnessed, "server" | "path" | "decisionId" | "bodySha256">;
export type Recorded = Pick<Record, "id" | "verdict" | "request">;

const NO_BODY_SHA256 = createHash("sha256").digest("hex");

/**
 * What reached a model without its one allow: no decision id, no record or several, a record that does not allow, an
 * allow for other bytes than those that came, or an allow that was used twice. Empty when all is as it must be.
 */
export function ungoverned(reached: readonly Reached[], records: readonly Recorded[]): string[] {
  const byId = Map.groupBy(records, ({ id }) => id);
  const used = new Set<string>();
  return reached.flatMap((one) => {
    const fault = faultOf(one, byId.get(one.decisionId ?? "") ?? [], used);
    if (one.decisionId !== undefined) used.add(one.decisionId);
    return fault === undefined ? [] : [`${one.server} ${one.path} ${one.decisionId}: ${fault}`];
  });
}

function faultOf(one: Reached, records: readonly Recorded[], used: ReadonlySet<string>): string | undefined {
  if (one.decisionId === undefined) return "no decision id";
  if (used.has(one.decisionId)) return "this decision was used before";
  const [record] = records;
  if (record === undefined || records.length > 1) return `${records.length} records`;
  if (record.verdict !== "allow") return `its record says ${record.verdict}`;
  const { upstreamBodySha256, bodySha256 } = record.request;
  const allowed = upstreamBodySha256 ?? bodySha256 ?? NO_BODY_SHA256;
  return allowed === one.bodySha256 ? undefined : "other bytes than those that were allowed";
}

/** Asserts that everything that reached a model was allowed, and that the log is whole. Waits for the last records. */
export async function assertGoverned(
  stack: Governed,
  except: ReadonlySet<string> = new Set(),
): Promise<void> {
  const reached = stack.witnessed().filter(({ decisionId }) => !except.has(decisionId ?? ""));
  const records = await eventually("a record of everything that reached a model", async () => {
    const all = await stack.records();
    const ids = new Set(all.map(({ id }) => id));
    return reached.every(({ decisionId }) => decisionId === undefined || ids.has(decisionId))
      ? all
      : undefined;
  });
  assert.deepEqual(ungoverned(reached, records), []);
  const { findings } = await verifyAudit(stack.auditDir);
  assert.deepEqual(findings, []);
}
