import type { Decision, Reason } from "../../exchange/decision.ts";
import { RegentError } from "../../exchange/errors.ts";
import type { ResponseHead } from "../../exchange/exchange.ts";
import type { Finding } from "../../exchange/finding.ts";
import { permit } from "../../exchange/permit.ts";
import type { Reads } from "../../exchange/reads.ts";
import { aggregate, type FindingSummary, mergeSummaries } from "../../inspection/index.ts";
import type { Context } from "../context.ts";
import { assertSupported, evaluate } from "../decide.ts";
import { policyInput } from "../policy-input.ts";
import { type RedactAction, redactActions } from "../redact.ts";
import { type AnswerDemands, demandsOf } from "./demands.ts";

/** What policy says of one answer. It is asked again where more was found in the text. */
export type Judge = {
  /** Of the request's decision and the last one on the answer, together. */
  readonly demands: AnswerDemands;
  /** Undefined before it was asked. */
  readonly decision: Decision | undefined;
  /** What was found so far; undefined while nothing was looked for. */
  readonly findings: readonly FindingSummary[] | undefined;
  /**
   * Asks the response policy, and notes what it says. The decision may deny: look at `permit`.
   *
   * @param found what was found since it was asked last; undefined: nothing was looked for
   * @throws RegentError when policy fails, or asks for what cannot be done
   */
  ask(head: ResponseHead, found: readonly Finding[] | undefined): Promise<Decision>;
};

export function createJudge(context: Context): Judge {
  const { account, options } = context;
  const requestDecisions = account.decision === undefined ? [] : [account.decision];
  let own: readonly Reason[] = [];
  let decision: Decision | undefined;
  let demands = demandsOf(requestDecisions);
  let findings: readonly FindingSummary[] | undefined;
  return {
    get demands() {
      return demands;
    },
    get decision() {
      return decision;
    },
    get findings() {
      return findings;
    },
    async ask(head, found) {
      if (found !== undefined) {
        findings = mergeSummaries(findings ?? [], aggregate(found));
        account.answerFindings = findings;
      }
      const input = (reads: Reads) => responseInput(context, head, findings, reads);
      decision = await evaluate(context, options.responseEntrypoint, input);
      account.answerDecision = decision;
      // Of the request there may be more by now, where it is a stream of them.
      account.reasons = [...account.reasons.filter((reason) => !own.includes(reason)), ...decision.reasons];
      own = decision.reasons;
      if (permit(decision) === undefined) return decision;
      assertSupported(decision);
      assertForAnswers(decision);
      demands = demandsOf([...requestDecisions, decision]);
      return decision;
    },
  };
}

/** Counts what leaves without the findings that policy wants out of it. */
export function countRedactions(
  { account }: Context,
  findings: readonly Finding[],
  actions: ReadonlyMap<string, RedactAction>,
): void {
  const counts = new Map(account.redactions);
  for (const { type } of findings) if (actions.has(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
  account.redactions = counts;
}

/** @throws RegentError obligation_unsupported for obligations that only a request can meet, or none yet */
function assertForAnswers(decision: Decision): void {
  const { redact, limits, transform, route } = decision;
  if (
    redact.some(({ where }) => where === "request") ||
    limits.length + transform.bodyPatch.length + route.headers.size > 0 ||
    route.model !== undefined ||
    route.targets !== undefined ||
    route.strict === true
  ) {
    throw new RegentError(
      "obligation_unsupported",
      "Policy asked to change an answer in a way that is not supported.",
    );
  }
  redactActions(decision, "response");
}

function responseInput(
  { account, rooms }: Context,
  head: ResponseHead,
  findings: readonly FindingSummary[] | undefined,
  reads: Reads,
): Buffer {
  return policyInput(
    {
      phase: "response",
      exchange: account.exchange,
      identity: account.identity,
      bodyBytes: account.requestBody?.bytes,
      inference: account.inference,
      model: account.candidate?.model,
      candidates: account.candidate === undefined ? [] : [account.candidate],
      findings: () => findings,
      budgets: () => [],
      estimate: account.estimate,
      response: { head, answer: account.answer, latencyMs: rooms.clock.monotonicMs() - account.startedMs },
    },
    undefined,
    reads,
  );
}
