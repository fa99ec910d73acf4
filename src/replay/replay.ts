import { type LoggedDecision, readDecisionLog } from "../decision-log/read.ts";
import { RegentError } from "../exchange/errors.ts";
import { isJsonObject, type JsonValue } from "../exchange/json.ts";
import { faultOf } from "../policy/fault.ts";
import { codesOf } from "../policy/life/outcome.ts";
import type { NamedPolicies, NamedPolicy } from "../policy/load.ts";
import { resultValue } from "../policy/result.ts";
import { flipOf, rulesOf } from "./flip.ts";
import { askedBeyond, type NotReplayed, notReplayable } from "./replayable.ts";
import { type Flip, type ReplayReport, ReplayTally } from "./report.ts";

/** Events that are remembered, so that one that was sent twice counts once. 100,000 of them are some 15 MB. */
export const REMEMBERED_MAX = 100_000;

export type ReplayOptions = {
  /** File or folder of the log. */
  readonly log: string;
  readonly policies: NamedPolicies;
  /** Only decisions of this path. */
  readonly entrypoint?: string;
  /** Only decisions about this `input.identity.tenant`. */
  readonly tenant?: string;
  /** Milliseconds since the epoch: only decisions from this moment on, and before that one. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /** Only so many decisions, the first of the log. */
  readonly limit?: number;
  /** Told of each decision that was looked at. */
  readonly onProgress?: (decisions: number) => void;
};

/**
 * Makes the decisions of a log again with other policies, each with the input and the non-deterministic values that it
 * was made with, and compares. Holds one decision at a time.
 * @throws BundleError, OpaError when the policies cannot be used; the error of the file system when there is no log
 */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  const { log, policies, limit = Number.POSITIVE_INFINITY, onProgress } = options;
  const tally = new ReplayTally();
  const seen = new Set<string>();
  for await (const decision of readDecisionLog(log, { onUnreadable: (event) => tally.unreadable(event) })) {
    const tenant = tenantOf(decision);
    if (!isWanted(decision, tenant, options)) continue;
    if (tally.decisions >= limit) break;
    tally.decisions += 1;
    onProgress?.(tally.decisions);
    const why = isNew(seen, decision) ? await replayOne(decision, tenant, policies, tally) : "duplicate";
    if (why !== undefined) tally.notReplayed(why, decision.decisionId);
  }
  return tally.report;
}

function isWanted(
  { entrypoint, timestamp }: LoggedDecision,
  tenant: string | undefined,
  wanted: ReplayOptions,
): boolean {
  if (wanted.entrypoint !== undefined && wanted.entrypoint !== entrypoint) return false;
  if (wanted.tenant !== undefined && wanted.tenant !== tenant) return false;
  if (wanted.sinceMs === undefined && wanted.untilMs === undefined) return true;
  const ms = Date.parse(timestamp);
  return (
    ms >= (wanted.sinceMs ?? Number.NEGATIVE_INFINITY) && ms < (wanted.untilMs ?? Number.POSITIVE_INFINITY)
  );
}

/** One decision may be logged by two phases under one id, but not at one time with one path. */
function isNew(seen: Set<string>, { decisionId, entrypoint, timestamp }: LoggedDecision): boolean {
  const key = JSON.stringify([decisionId, entrypoint, timestamp]);
  if (seen.has(key)) return false;
  const oldest = seen.size >= REMEMBERED_MAX ? seen.values().next().value : undefined;
  if (oldest !== undefined) seen.delete(oldest);
  seen.add(key);
  return true;
}

/** @returns why it was not made again; undefined when it was */
async function replayOne(
  decision: LoggedDecision,
  tenant: string | undefined,
  policies: NamedPolicies,
  tally: ReplayTally,
): Promise<NotReplayed | undefined> {
  const { entrypoint } = decision;
  if (entrypoint === undefined) return "no_entrypoint";
  const named = await policies.of(entrypoint);
  if (named === undefined) return "entrypoint_absent";
  const why = notReplayable(decision, named.reads);
  if (why !== undefined) return why;
  const again = decideAgain(named, entrypoint, decision);
  if (again.asksBeyond) return "nondeterministic_missing";
  const kind = flipOf(decision, again);
  const rules = kind === undefined ? [] : rulesOf(entrypoint, decision.result, again.result);
  const { decisionId, place, timestamp } = decision;
  const flip: Flip | undefined = kind && {
    ...{ kind, decisionId, place, timestamp, entrypoint, tenant, rules },
    before: codesOf(decision.result),
    now: codesOf(again.result),
    ...(again.fault !== undefined && { fault: again.fault }),
  };
  tally.evaluated(again.ms, flip);
  return undefined;
}

/** A decision that was made again. */
export type DecidedAgain = {
  readonly result: JsonValue | undefined;
  readonly failed: boolean;
  /** Why it failed. */
  readonly fault?: string;
  readonly ms: number;
  /** It asked for a time or random value that the log does not have. */
  readonly asksBeyond: boolean;
};

/** Evaluates an entrypoint with the input and the non-deterministic values of a logged decision. Never throws what a policy does. */
export function decideAgain(
  { policy }: Pick<NamedPolicy, "policy">,
  entrypoint: string,
  { input, nondeterministic }: Pick<LoggedDecision, "input" | "nondeterministic">,
): DecidedAgain {
  const startedAt = performance.now();
  try {
    const evaluation = policy.evaluate(entrypoint, input, nondeterministic);
    const result = evaluation.result === undefined ? undefined : resultValue(evaluation.result);
    const asksBeyond = askedBeyond(evaluation.nondeterministic, nondeterministic);
    return { result, failed: false, ms: performance.now() - startedAt, asksBeyond };
  } catch (error) {
    const { code } = RegentError.from(error);
    const fault = `${code}: ${faultOf(error)}`;
    return { result: undefined, failed: true, fault, ms: performance.now() - startedAt, asksBeyond: false };
  }
}

/** `input.identity.tenant`, where there is one. */
export function tenantOf({ input }: LoggedDecision): string | undefined {
  if (input === undefined) return undefined;
  const document = JSON.parse(input.toString("utf8")) as JsonValue;
  const identity =
    isJsonObject(document) && Object.hasOwn(document, "identity") ? document.identity : undefined;
  const tenant = isJsonObject(identity) && Object.hasOwn(identity, "tenant") ? identity.tenant : undefined;
  return typeof tenant === "string" ? tenant : undefined;
}
