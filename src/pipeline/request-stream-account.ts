import type { Decision, Reason } from "../exchange/decision.ts";
import { RegentError } from "../exchange/errors.ts";
import type { Candidate } from "../exchange/model.ts";
import type { Account } from "./account.ts";
import { demandsOf } from "./answer/demands.ts";

/**
 * Refuses a request of a stream that was let through for itself, and yet is none of the exchange that the first one opened:
 * asks for another model, may not go where that one went, or wants something of a head that has left or of an answer
 * that is on its way.
 *
 * @throws RegentError body_invalid, no_permitted_target or obligation_unsupported
 */
export function assertSameExchange(account: Account, own: Account): void {
  if (own.inference === undefined || own.inference.model !== account.inference?.model)
    throw new RegentError("body_invalid", "The requests of a stream must ask for one model.");
  const candidates = own.attempts.allowed?.candidates ?? [];
  const { candidate } = account;
  if (candidate === undefined || !candidates.some((other) => isSame(other, candidate)))
    throw new RegentError(
      "no_permitted_target",
      "Policy does not permit the target of the stream for this request.",
    );
  const [first, later] = [account.decision, own.decision];
  if (first === undefined || later === undefined) throw new RegentError("internal_error");
  assertSameRequestHead(first, later);
  assertSameDemands(first, later);
  assertSameAudit(first, later);
}

/** Adds what was seen of a further request, whether it passes or not. */
export function noteRequest(account: Account, own: Account): void {
  account.reasons = withReasons(account.reasons, own.reasons);
  for (const { type } of own.findings)
    account.laterFindings.set(type, (account.laterFindings.get(type) ?? 0) + 1);
  addLabels(account, own);
}

/** Adds what a further request came to. It was let through. */
export function addRequest(account: Account, own: Account): void {
  const redactions = new Map(account.redactions);
  for (const [type, count] of own.redactions) redactions.set(type, (redactions.get(type) ?? 0) + count);
  account.redactions = redactions;
  const [sum, more] = [account.estimate, own.estimate];
  if (sum !== undefined && more !== undefined)
    account.estimate = {
      inputTokens: sum.inputTokens + more.inputTokens,
      outputTokensMax: Math.min(sum.outputTokensMax + more.outputTokensMax, Number.MAX_SAFE_INTEGER),
      costUsd:
        sum.costUsd === undefined || more.costUsd === undefined ? undefined : sum.costUsd + more.costUsd,
    };
  narrowAttempts(account, own);
}

/** An attempt that begins later, because the one before it failed, carries this request as well. */
function narrowAttempts({ attempts }: Account, own: Account): void {
  const { allowed } = attempts;
  if (allowed === undefined) return;
  const permitted = own.attempts.allowed?.candidates ?? [];
  allowed.candidates = allowed.candidates.filter((one) => permitted.some((other) => isSame(one, other)));
}

function isSame(a: Candidate, b: Candidate): boolean {
  return (
    a.model.name === b.model.name && a.version.name === b.version.name && a.target.name === b.target.name
  );
}

/** A rule may warn of each of thousands of requests: one reason of a code is kept. */
function withReasons(reasons: readonly Reason[], more: readonly Reason[]): readonly Reason[] {
  const isNew = ({ code, policy, severity }: Reason) =>
    !reasons.some(
      (reason) => reason.code === code && reason.policy === policy && reason.severity === severity,
    );
  const added = more.filter(isNew);
  return added.length === 0 ? reasons : [...reasons, ...added];
}

function assertSameRequestHead(first: Decision, later: Decision): void {
  const isOther =
    !sameMap(first.transform.setHeaders, later.transform.setHeaders) ||
    !sameMap(first.route.headers, later.route.headers) ||
    !sameSet(new Set(first.transform.removeHeaders), new Set(later.transform.removeHeaders));
  if (isOther)
    throw new RegentError("obligation_unsupported", "Policy changes a header of a stream after it has left.");
}

/** What the first decision asks of the answer is done; what a later one asks besides would come too late for some of it. */
function assertSameDemands(first: Decision, later: Decision): void {
  const known = demandsOf([first]);
  const both = demandsOf([first, later]);
  const isSame =
    known.isInspected === both.isInspected &&
    known.outputTokensMax === both.outputTokensMax &&
    known.windowBytes === both.windowBytes &&
    sameMap(known.actions, both.actions);
  if (!isSame)
    throw new RegentError(
      "obligation_unsupported",
      "Policy asks for more to be done with the answers of a stream after it has begun.",
    );
}

function assertSameAudit(first: Decision, later: Decision): void {
  if (first.audit.level !== later.audit.level)
    throw new RegentError(
      "obligation_unsupported",
      "Policy asks for another audit of a stream than it began with.",
    );
  for (const [label, value] of later.audit.labels)
    if ((first.audit.labels.get(label) ?? value) !== value)
      throw new RegentError(
        "obligation_unsupported",
        `Policy gives the label ${label} of a stream two values.`,
      );
}

/** Those of a request that gives one another value do not count: it is refused for that. */
function addLabels(account: Account, { decision: later }: Account): void {
  const { decision } = account;
  if (decision === undefined || later === undefined || later.audit.labels.size === 0) return;
  const labels = new Map([...later.audit.labels, ...decision.audit.labels]);
  account.decision = { ...decision, audit: { ...decision.audit, labels } };
}

function sameMap<V>(a: ReadonlyMap<string, V>, b: ReadonlyMap<string, V>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

function sameSet<V>(a: ReadonlySet<V>, b: ReadonlySet<V>): boolean {
  return a.size === b.size && [...a].every((value) => b.has(value));
}
