import { RegentError } from "../exchange/errors.ts";
import { REASON_HEADER } from "../exchange/names.ts";
import type { OwnAnswer } from "../exchange/plan.ts";
import {
  type Denial,
  decidingReason,
  denialFromError,
  type ErrorDenial,
  renderDenial,
} from "../mutation/own-answer.ts";
import type { Context } from "./context.ts";
import type { RequestRefusal } from "./governor.ts";

/**
 * The one place where a failure becomes a reply. There is no other way out of a throw: whatever failed, and wherever,
 * the request is refused. What is not a RegentError is a fault of Regent's own and goes to the process log.
 */
export function rescue(context: Context, error: unknown): OwnAnswer {
  const { account, dialect } = context;
  const answer = renderDenial(account.exchange.id, noteFailure(context, error), dialect.refuse);
  account.status = answer.status;
  return answer;
}

/** The same once the head of an answer has left: the refusal is the last event of the stream. */
export function rescueStream(context: Context, error: unknown): Buffer {
  const { reasons, status } = noteFailure(context, error);
  const { code, message } = decidingReason(reasons);
  const { refuseInStream } = context.framing ?? context.dialect;
  return refuseInStream({ status, code, message, requestId: context.account.exchange.id });
}

/** The same of a request in a stream of them, wherever the client is: some may have passed, and be answered, before it. */
export function rescueRequest(context: Context, error: unknown): RequestRefusal {
  return wordRefusal(context, noteFailure(context, error));
}

/** Words a refusal for each place that it may have to take. */
export function wordRefusal({ account, dialect, framing }: Context, denial: Denial): RequestRefusal {
  const { id } = account.exchange;
  const answer = renderDenial(id, denial, dialect.refuse);
  const { code, message } = decidingReason(denial.reasons);
  const refusal = { status: answer.status, code, message, requestId: id };
  return {
    answer,
    last: (framing ?? dialect).refuseInStream(refusal),
    trailers: [...(dialect.refuseInTrailers?.(refusal) ?? []), [REASON_HEADER, code]],
  };
}

function noteFailure(context: Context, error: unknown): ErrorDenial {
  const { account } = context;
  const known = RegentError.from(error);
  if (known.kind === "internal") logFault(context, known);
  const denial = denialFromError(known);
  account.verdict = "deny";
  account.reasons = [...account.reasons, ...denial.reasons];
  return denial;
}

/** Writes a fault of Regent's own to the process log. */
export function logFault({ account, rooms }: Context, error: unknown): void {
  const known = RegentError.from(error);
  const facts = { decisionId: account.exchange.id, code: known.code, err: known.cause ?? known };
  rooms.log.error(facts, known.message);
}
