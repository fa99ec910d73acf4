import { randomUUID } from "node:crypto";
import type { DecisionEvent } from "../decision-log/event.ts";
import type { Decision } from "../exchange/decision.ts";
import { RegentError } from "../exchange/errors.ts";
import type { RequestHead } from "../exchange/exchange.ts";
import { singleHeader } from "../exchange/headers.ts";
import { READS_EVERYTHING, type Reads } from "../exchange/reads.ts";
import { type TraceContext, traceContextOf } from "../exchange/trace-context.ts";
import type { PolicyInput, RequestInput } from "../policy/input.ts";
import type { Evaluation, Policies } from "../policy/policies.ts";
import type { Context } from "./context.ts";

/** Everything but the body, which holds prompts: what is logged unless policy asks for a full audit. */
const WITHOUT_BODY = {
  version: true,
  phase: true,
  request: {
    id: true,
    time: true,
    method: true,
    scheme: true,
    host: true,
    path: true,
    parsed_path: true,
    parsed_query: true,
    headers: true,
    size: true,
  } satisfies { readonly [member in keyof Required<Omit<RequestInput, "body">>]: true },
  identity: true,
  inference: true,
  model: true,
  findings: true,
  risk: true,
  budgets: true,
  estimate: true,
  targets: true,
  source: true,
  destination: true,
  response: true,
} satisfies { readonly [member in keyof Required<PolicyInput>]: Reads };

/** How the event names what is left out, and how `regent replay` knows of it. */
const BODY = "/input/request/body";

/** What was asked of policy. */
export type Question = {
  readonly entrypoint: string;
  readonly policies: Policies;
  /** What the policies were handed, and what of it they read. */
  readonly document: Buffer;
  readonly reads: Reads;
  readonly input: (reads: Reads) => Buffer;
};

/** What came of it. */
export type Outcome = {
  readonly evaluation?: Evaluation;
  readonly decision?: Decision;
  readonly error?: unknown;
};

/**
 * Prepares the event of a question before it is asked, while what it is about is what policy sees, and returns what
 * logs its outcome. A decision that cannot be logged stands: the log of records is the evidence of governance.
 */
export function loggerOf(context: Context, question: Question): (outcome: Outcome) => void {
  const { decisionLog } = context.rooms;
  if (decisionLog === undefined) return () => {};
  const shown = attempt(context, () => shownInput(context, question));
  return (outcome) =>
    attempt(context, () => {
      const full = outcome.decision?.audit.level === "full";
      const input = full ? { input: whole(question) } : (shown ?? { input: undefined, erased: ["/input"] });
      decisionLog.log(eventOf(context, question, outcome, input));
    });
}

/** Logging is never the reason why something is decided otherwise. */
function attempt<T>({ rooms, account }: Context, step: () => T): T | undefined {
  try {
    return step();
  } catch (err) {
    rooms.log.error({ err, id: account.exchange.id }, "a decision could not be logged");
    return undefined;
  }
}

type Shown = Pick<DecisionEvent, "input" | "erased">;

/** The whole input, not only what these policies read, so that others can be asked about it; without the body. */
function shownInput({ account, options }: Context, question: Question): Shown {
  const hasBody = account.requestBody !== undefined && question.entrypoint === options.requestEntrypoint;
  return hasBody ? { input: question.input(WITHOUT_BODY), erased: [BODY] } : { input: whole(question) };
}

function whole({ reads, document, input }: Question): Buffer {
  return reads === READS_EVERYTHING ? document : input(READS_EVERYTHING);
}

function eventOf(
  { account, options, rooms, before = 0 }: Context,
  { entrypoint, policies }: Question,
  { evaluation, error }: Outcome,
  shown: Shown,
): DecisionEvent {
  const { id } = account.exchange;
  const isRequest = entrypoint === options.requestEntrypoint;
  return {
    // Receivers tell events apart by their id, and an answer is decided about under the id of its request. So is what
    // follows the first request of a stream.
    ...(isRequest && before === 0 ? { decisionId: id } : { decisionId: randomUUID(), batchDecisionId: id }),
    entrypoint,
    ...shown,
    result: evaluation?.result,
    ...(evaluation?.nondeterministic && { nondeterministic: evaluation.nondeterministic }),
    ...(error === undefined ? {} : { error: errorOf(error) }),
    policies: policies.unobserved ?? policies,
    timestamp: rooms.clock.nowMs(),
    ...traceOf(account.exchange.request),
    metrics: {
      ...(evaluation && { timer_rego_query_eval_ns: nanoseconds(evaluation.durationMs) }),
      timer_server_handler_ns: nanoseconds(rooms.clock.monotonicMs() - account.startedMs),
    },
    headers: account.exchange.request.headers,
  };
}

function errorOf(error: unknown): { readonly code: string; readonly message: string } {
  const { code, message } = RegentError.from(error);
  return { code, message };
}

/** The span of the client; undefined when it names none, or more than one. */
function traceOf({ headers }: RequestHead): TraceContext | undefined {
  return traceContextOf((name) => {
    const { value, repeated } = singleHeader(headers, name);
    return repeated ? undefined : value;
  });
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}
