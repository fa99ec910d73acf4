import { type Decision, KIND_STATUS } from "../exchange/decision.ts";
import { RegentError } from "../exchange/errors.ts";
import type { Inference } from "../exchange/inference.ts";
import type { OwnAnswer } from "../exchange/plan.ts";
import type { Reads } from "../exchange/reads.ts";
import type { EndpointMatch, Format, StreamFraming } from "../formats/index.ts";
import { decidingReason, renderDenial } from "../mutation/own-answer.ts";
import type { Evaluation } from "../policy/policies.ts";
import { callerKey } from "./account.ts";
import { demandsOf, isDemanding } from "./answer/demands.ts";
import { saysLength } from "./answer/output-limit.ts";
import type { Context } from "./context.ts";
import { loggerOf, type Question } from "./logged-decision.ts";
import { timedAsync } from "./timed.ts";

/**
 * One evaluation of an entrypoint, checked against the contract, and logged. The policies that were asked first decide
 * the whole exchange: its request and its answer are never judged by two revisions.
 *
 * @param input the input document, with at least the parts that the policies read
 * @throws RegentError when policy fails or answers something that is not a decision
 */
export function evaluate(
  context: Context,
  entrypoint: string,
  input: (reads: Reads) => Buffer,
): Promise<Decision> {
  return timedAsync(context, "policy", async () => {
    const question = ask(context, entrypoint, input);
    const log = loggerOf(context, question);
    let evaluation: Evaluation | undefined;
    try {
      evaluation = await question.policies.evaluate(entrypoint, question.document);
      const decision = context.rooms.policy.parseDecision(evaluation.result, evaluation.revision);
      log({ evaluation, decision });
      return decision;
    } catch (error) {
      log({ ...(evaluation && { evaluation }), error });
      throw error;
    }
  });
}

/** The same about something that nobody asked for: what would be decided. It is no decision, not logged and not counted. */
export function evaluateUnlogged(
  context: Context,
  entrypoint: string,
  input: (reads: Reads) => Buffer,
): Promise<Decision> {
  return timedAsync(context, "policy", async () => {
    const { policies, document } = ask(context, entrypoint, input);
    const { result, revision } = await (policies.unobserved ?? policies).evaluate(entrypoint, document);
    return context.rooms.policy.parseDecision(result, revision);
  });
}

function ask({ account, rooms }: Context, entrypoint: string, input: (reads: Reads) => Buffer): Question {
  account.policies ??= rooms.policy.for(callerKey(account));
  const { policies } = account;
  const reads = policies.reads(entrypoint);
  return { entrypoint, policies, reads, input, document: input(reads) };
}

/** The answer to a request or an answer that policy does not let pass. */
export function deny(context: Context, decision: Decision): OwnAnswer {
  const { account, dialect } = context;
  account.verdict = "deny";
  const deciding = decidingReason(decision.reasons);
  // Policy may give none: then what the client is told stands in the record as well.
  if (!account.reasons.includes(deciding)) account.reasons = [...account.reasons, deciding];
  const denial = { reasons: decision.reasons, status: decision.status, retryAfterS: undefined };
  const answer = renderDenial(account.exchange.id, denial, dialect.refuse);
  account.status = answer.status;
  return answer;
}

/** The same once the head of an answer has left: the refusal is the last event of the stream, and the status stays. */
export function denyStream({ account, dialect, framing }: Context, decision: Decision): Buffer {
  account.verdict = "deny";
  const deciding = decidingReason(decision.reasons);
  if (!account.reasons.includes(deciding)) account.reasons = [...account.reasons, deciding];
  const { code, message, kind } = deciding;
  const status = decision.status ?? KIND_STATUS[kind];
  return (framing ?? dialect).refuseInStream({ status, code, message, requestId: account.exchange.id });
}

/**
 * Refuses what a later decision on a stream asks of its head, which has left, or of how it is read.
 *
 * @throws RegentError obligation_unsupported
 */
export function assertSameAnswerHead(first: Decision | undefined, { transform, response }: Decision): void {
  const has = (name: string, value: string) => first?.transform.setHeaders.get(name) === value;
  const headers = [...transform.setHeaders].find(([name, value]) => !has(name, value))?.[0];
  const removed = transform.removeHeaders.find(
    (name) => first?.transform.removeHeaders.includes(name) !== true,
  );
  const late = headers ?? removed;
  if (late !== undefined)
    throw new RegentError("obligation_unsupported", `Policy changes the header ${late} after it has left.`);
  if (
    response.maxOutputTokens !== first?.response.maxOutputTokens ||
    response.streamWindowBytes !== first?.response.streamWindowBytes
  )
    throw new RegentError(
      "obligation_unsupported",
      "Policy bounds a stream in another way after it has begun.",
    );
}

/**
 * Refuses what policy asks for and Regent cannot do: an obligation that is skipped is a rule that is not kept.
 *
 * @throws RegentError obligation_unsupported
 */
export function assertSupported(decision: Decision): void {
  const { hold, transform } = decision;
  if (hold !== undefined) throw unsupported(`hold for the approval ${hold.approval}`);
  if (transform.setQuery.size > 0) throw unsupported("transform.set_query");
}

function unsupported(what: string): RegentError {
  return new RegentError("obligation_unsupported", `Policy asked for ${what}, which is not supported.`);
}

/**
 * Refuses, before a model was asked, what policy asks to be done with an answer that nobody could do it to.
 *
 * @throws RegentError obligation_unsupported
 */
export function assertAnswerable({ account, detection }: Context, decision: Decision): void {
  const demands = demandsOf([decision]);
  // Regent's own list of models says nothing that was not chosen to be said.
  if (!isDemanding(demands) || detection.kind === "models") return;
  if (detection.kind !== "inference" || account.inference === undefined)
    throw unsupported("the answer to a request that is no inference to be judged");
  const { format, endpoint } = detection;
  const streams = streamFraming(format, endpoint, account.inference);
  if (demands.isInspected && !canInspect(format, streams))
    throw unsupported(`answers of ${format.name} to be inspected`);
  if (demands.outputTokensMax !== undefined && streams !== undefined && !saysLength(streams))
    throw unsupported(`response.max_output_tokens for streams of ${format.name}`);
}

/** How the answer will be framed if it succeeds as a stream; undefined where it will come whole. */
function streamFraming(
  format: Format,
  { framing }: EndpointMatch,
  { stream }: Inference,
): StreamFraming | undefined {
  return framing ?? (stream ? format : undefined);
}

function canInspect(format: Format, streams: StreamFraming | undefined): boolean {
  if (streams !== undefined) return streams.openSplitter !== undefined;
  return format.answerTexts !== undefined || format.takeApart !== undefined;
}
