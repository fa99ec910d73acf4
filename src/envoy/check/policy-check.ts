import { status } from "@grpc/grpc-js";
import type { DecisionEvent } from "../../decision-log/event.ts";
import type { Exchange } from "../../exchange/exchange.ts";
import type { JsonValue } from "../../exchange/json.ts";
import { READS_EVERYTHING } from "../../exchange/reads.ts";
import { traceContextOf } from "../../exchange/trace-context.ts";
import type { Identified } from "../../pipeline/governor.ts";
import type { Evaluation, Policies } from "../../policy/policies.ts";
import type { CheckCall } from "../server/server.ts";
import { parseDecision } from "./decision.ts";
import { type DecisionPath, locateDecision, resultBelow } from "./decision-path.ts";
import { CheckFailure, type FailureReason } from "./failure.ts";
import type { InputDocument, InputOptions } from "./input.ts";
import { RequestParseError } from "./request-parse-error.ts";
import type { Verdict } from "./response.ts";
import { unsendable } from "./sendable.ts";

/** One request to be decided, in whatever version of the protocol it came. */
export type Asked = {
  readonly exchange: Exchange;
  /** @throws RequestParseError */
  input(options: InputOptions): InputDocument;
};

export type PolicyCheckRooms = {
  /** The policies that decide for a caller, taken once for each request. */
  policies(subject: string): Policies;
  /** Takes each decision before it is answered. When it throws, the request is refused: nothing passes unlogged. */
  onDecision?(event: DecisionEvent): void;
  /** opa-envoy-plugin's own metrics (`enable-performance-metrics`). */
  readonly performance?: CheckPerformance;
};

export type CheckPerformance = {
  /** `grpc_request_duration_seconds{handler="check"}`: of checks that came to a decision. */
  observe(seconds: number): void;
  /** `error_counter{reason}` */
  countError(reason: FailureReason): void;
};

export type PolicyCheckOptions = InputOptions & { readonly path: DecisionPath; readonly dryRun: boolean };

export type PolicyDecision = {
  /** What the policy says, before a dry run makes an allow of it. */
  readonly verdict: Verdict;
  readonly revision: string;
};

/**
 * A policy of the opa-envoy style decides: read, decided, logged, then answered.
 * @throws CheckFailure when it comes to no decision, which is logged too
 */
export async function checkByPolicy(
  asked: Asked,
  call: CheckCall,
  identified: Identified | undefined,
  options: PolicyCheckOptions,
  rooms: PolicyCheckRooms,
): Promise<PolicyDecision> {
  const startedAtMs = performance.now();
  const policies = rooms.policies(subjectOf(asked.exchange, identified));
  const trail: Trail = {};
  const log = () => rooms.onDecision?.(eventOf(asked.exchange, call, policies, trail, options, startedAtMs));
  let verdict: Verdict;
  try {
    verdict = await decide(asked, call, policies, options, trail);
  } catch (error) {
    const failure = CheckFailure.ofEvaluation(error);
    trail.failure = failure;
    rooms.performance?.countError(failure.reason);
    // It fails either way.
    logged(log, rooms);
    throw failure;
  }
  if (trail.failure === undefined) rooms.performance?.observe((performance.now() - startedAtMs) / 1000);
  else rooms.performance?.countError(trail.failure.reason);
  const { revision } = trail.evaluation ?? policies;
  const unlogged = logged(log, rooms);
  return { verdict: unlogged === undefined ? verdict : refused(verdict, unlogged.message), revision };
}

/** What the log had against a decision; undefined when it took it. */
function logged(log: () => void, { performance: counters }: PolicyCheckRooms): CheckFailure | undefined {
  try {
    log();
    return undefined;
  } catch (error) {
    counters?.countError("unknown_log_error");
    const message = error instanceof Error ? error.message : "the decision could not be logged";
    return new CheckFailure("unknown_log_error", message, status.UNKNOWN, error);
  }
}

/** What is known so far of a check, for its event in the log. */
type Trail = {
  input?: InputDocument;
  evaluation?: Evaluation;
  result?: JsonValue | undefined;
  failure?: CheckFailure;
};

async function decide(
  asked: Asked,
  call: CheckCall,
  policies: Policies,
  options: PolicyCheckOptions,
  trail: Trail,
): Promise<Verdict> {
  try {
    trail.input = asked.input(options);
  } catch (error) {
    if (!(error instanceof RequestParseError)) throw error;
    trail.failure = new CheckFailure("request_parse_error", error.message);
    return unreadable(error);
  }
  assertWaitedFor(call);
  const place = locateDecision(options.path, (entrypoint) => policies.has(entrypoint));
  if (place === undefined) throw new CheckFailure("envoyauth_eval_error", "undefined decision");
  const input = trail.input.text(policies.reads(place.entrypoint));
  trail.evaluation = await policies.evaluate(place.entrypoint, input);
  trail.result = resultBelow(trail.evaluation.result, place.below);
  const verdict = parseDecision(trail.result);
  const fault = unsendable(verdict);
  if (fault === undefined) return verdict;
  trail.failure = new CheckFailure("envoyauth_result_error", fault);
  return withheld(fault);
}

/** The denial in place of a decision that cannot be sent. Not a failed call: what is denied must not pass by its form. */
function withheld(message: string): Verdict {
  return { allowed: false, code: status.UNKNOWN, denied: { status: { code: 500 } }, message };
}

/** The denial of a request of which no input can be made: without metadata, also in a dry run. */
function unreadable(error: RequestParseError): Verdict {
  const message = `request_parse_error: ${error.message}`;
  return { allowed: false, unreadable: true, denied: { status: { code: 400 }, body: message }, message };
}

/** A decision that the log did not take is none. Not a failed call, which Envoy may be told to let pass. */
function refused({ ok: _ok, ...verdict }: Verdict, message: string): Verdict {
  return { ...verdict, allowed: false, code: status.UNKNOWN, message };
}

/** Nobody waits for the answer any more: no evaluation for it. */
export function assertWaitedFor(call: Pick<CheckCall, "cancelled" | "deadlineMs">): void {
  if (call.cancelled) {
    const message = "check request explicitly cancelled before query execution";
    throw new CheckFailure("check_request_cancelled", message, status.CANCELLED);
  }
  if (Date.now() >= call.deadlineMs) {
    const message = "check request timed out before query execution";
    throw new CheckFailure("check_request_timeout", message, status.DEADLINE_EXCEEDED);
  }
}

/** Who the choice between two revisions is stable for. */
function subjectOf({ source }: Exchange, identified: Identified | undefined): string {
  const identity = identified !== undefined && "identity" in identified ? identified.identity : undefined;
  return identity?.subject ?? identity?.principal ?? source.principal ?? "";
}

function eventOf(
  exchange: Exchange,
  call: CheckCall,
  policies: Policies,
  trail: Trail,
  options: PolicyCheckOptions,
  startedAtMs: number,
): DecisionEvent {
  const { input, evaluation, result, failure } = trail;
  return {
    decisionId: exchange.id,
    entrypoint: options.path.join("/"),
    // Whole, whatever this policy reads of it: masks and other policies read other parts.
    input: input?.text(READS_EVERYTHING),
    result: failure === undefined ? result : undefined,
    ...(evaluation?.nondeterministic && { nondeterministic: evaluation.nondeterministic }),
    ...(failure && { error: { code: failure.reason, message: failure.message } }),
    policies: policies.unobserved ?? policies,
    timestamp: Date.now(),
    ...traceContextOf((name) => call.header(name)),
    metrics: {
      timer_server_handler_ns: nanoseconds(performance.now() - startedAtMs),
      ...(evaluation && { timer_rego_query_eval_ns: nanoseconds(evaluation.durationMs) }),
    },
    headers: exchange.request.headers,
    ...(options.dryRun && { custom: { dry_run: true } }),
  };
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}
