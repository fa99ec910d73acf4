import type { BudgetExceeded, Limit, Reservation } from "../exchange/budget.ts";
import type { Decision } from "../exchange/decision.ts";
import { RegentError } from "../exchange/errors.ts";
import type { Inference } from "../exchange/inference.ts";
import type { Candidate, Model } from "../exchange/model.ts";
import { type Permit, permit } from "../exchange/permit.ts";
import type { Reads } from "../exchange/reads.ts";
import { renderModel, renderModels } from "../formats/index.ts";
import { aggregate, inspect } from "../inspection/index.ts";
import { renderDocument } from "../mutation/own-answer.ts";
import { planRequest } from "../mutation/request-plan.ts";
import { digestOf, subjectKey } from "./account.ts";
import { servesIn } from "./attempt/serving.ts";
import { type ReadBody, readBody } from "./body.ts";
import type { Context } from "./context.ts";
import { assertAnswerable, assertSupported, deny, evaluate } from "./decide.ts";
import type { RequestAnswer } from "./governor.ts";
import { assertBodySize } from "./head.ts";
import { permittedModels } from "./models.ts";
import { policyInput } from "./policy-input.ts";
import { redactRequest } from "./redact.ts";
import { rewriteRequest } from "./rewrite.ts";
import { timed } from "./timed.ts";

/**
 * The whole governance decision on a request, step by step. `body` is undefined for a request without one.
 *
 * @throws RegentError
 */
export async function decideRequest(context: Context, body: Buffer | undefined): Promise<RequestAnswer> {
  const { account, detection, options } = context;
  if (body !== undefined) {
    assertBodySize(body.length, options.maxBodyBytes(account.exchange.request));
    account.requestBody = digestOf(body);
  }
  const read = await readBody(context, body);
  const facts = gatherFacts(context, read);
  const decision = await evaluate(context, options.requestEntrypoint, (reads) =>
    requestInput(context, read, facts, reads),
  );
  account.decision = decision;
  account.revision = decision.revision;
  account.reasons = [...account.reasons, ...decision.reasons];
  if (decision.audit.level === "full" && read.document !== undefined) {
    account.content.request = read.document.bytes.toString("utf8");
  }
  const permitted = permit(decision);
  if (permitted === undefined) return { kind: "answer", answer: deny(context, decision) };
  assertSupported(decision);
  assertAnswerable(context, decision);
  if (detection.kind === "models") return answerModels(context, permitted, detection.model);
  return pass(context, permitted, read, facts);
}

type Facts = { readonly model: Model | undefined; readonly candidates: readonly Candidate[] };

/** Everything policy is told beyond the request itself. */
function gatherFacts(context: Context, { request }: ReadBody): Facts {
  const { account, rooms } = context;
  const inference = request?.inference;
  account.inference = inference;
  if (inference === undefined) return { model: undefined, candidates: [] };
  account.findings = timed(context, "inspection", () => inspect(inference.textParts));
  const model = rooms.registry.resolve(inference.model);
  account.estimate = rooms.metering.estimate(inference, model);
  return { model, candidates: model === undefined ? [] : rooms.routing.candidates(model, servesIn(context)) };
}

function requestInput(context: Context, read: ReadBody, facts: Facts, reads: Reads): Buffer {
  const { account, rooms } = context;
  return policyInput(
    {
      phase: "request",
      exchange: account.exchange,
      identity: account.identity,
      bodyBytes: account.requestBody?.bytes,
      inference: read.request?.inference,
      ...facts,
      findings: () => aggregate(account.findings),
      budgets: () => rooms.metering.budgets(account.identity.tenant),
      estimate: account.estimate,
    },
    read.document,
    reads,
  );
}

/** Carries out the obligations of a decision that allows. A throw on the way is a denial all the same. */
function pass(context: Context, permitted: Permit, read: ReadBody, { model }: Facts): RequestAnswer {
  const { account, rooms } = context;
  const candidates = timed(context, "routing", () => chooseCandidates(context, permitted.decision, model));
  const [candidate] = candidates;
  account.candidate = candidate;
  // Policy may have chosen another model than the one named, with longer answers.
  const inference = read.request?.inference;
  if (inference !== undefined) account.estimate = rooms.metering.estimate(inference, candidate?.model);
  timed(context, "metering", () => reserve(context, permitted.decision.limits));
  return timed(context, "mutation", () => {
    const bodyBytes = account.requestBody?.bytes ?? 0;
    const redacted = redactRequest(permitted.decision, inference, account.findings, bodyBytes);
    account.redactions = redacted.counts;
    const rewritten = rewriteRequest(context, permitted.decision, read, candidate, redacted);
    account.upstreamBody = rewritten.body === undefined ? undefined : digestOf(rewritten.body);
    const plan = planRequest({
      permit: permitted,
      exchange: account.exchange,
      identity: account.identity,
      candidate,
      rewritten,
      contentType: read.request?.contentType,
    });
    account.verdict = "allow";
    account.forwarded = true;
    const bodySha256 = (account.upstreamBody ?? account.requestBody)?.sha256;
    account.attempts.allowed = { permit: permitted, candidates, bodySha256 };
    account.inference = withoutTexts(inference);
    return { kind: "pass", permit: permitted, plan };
  });
}

/** Streams last long, and the texts of their requests must not stay in memory. */
function withoutTexts(inference: Inference | undefined): Inference | undefined {
  return inference && { ...inference, textParts: [], opaqueParts: [] };
}

/**
 * An inference goes to a target or nowhere: the best first, then those that an attempt may turn to. What is no inference
 * has none, and Envoy's own routes decide.
 */
function chooseCandidates(
  context: Context,
  decision: Decision,
  named: Model | undefined,
): readonly Candidate[] {
  const { account, rooms } = context;
  if (account.inference === undefined) return [];
  const model = decision.route.model === undefined ? named : rooms.registry.resolve(decision.route.model);
  if (model === undefined) throw new RegentError("no_permitted_target");
  const { targets } = decision.route;
  const chosen = rooms.routing.choose(model, targets, subjectKey(account), servesIn(context));
  if (chosen.length > 0) return chosen;
  const { format } = account.inference;
  // Policy is told only of targets that can serve, so that it may have named none of the others.
  const isForeign =
    rooms.routing.candidates(model, servesIn(context)).length === 0 &&
    rooms.routing.candidates(model, () => true).length > 0;
  throw new RegentError(
    "no_permitted_target",
    isForeign
      ? `No target of this model takes ${format}, or a dialect that it can be translated to.`
      : undefined,
  );
}

function reserve({ account, rooms }: Context, limits: readonly Limit[]): void {
  const estimate = account.estimate ?? NO_TOKENS;
  const outcome = rooms.metering.reserve(account.exchange.id, limits, estimate);
  if (!isReservation(outcome)) {
    const { limit, remaining, retryAfterS } = outcome;
    const wanted = limit.unit === "tokens" ? estimate.inputTokens + estimate.outputTokensMax : 1;
    const detail = `The request may use ${wanted} ${limit.unit}, and ${remaining} of ${limit.amount} are left for ${limit.key}.`;
    throw new RegentError("budget_exceeded", detail, { retryAfterS });
  }
}

/** What is no inference uses no tokens, but it may be a request that counts. */
const NO_TOKENS = { inputTokens: 0, outputTokensMax: 0, costUsd: undefined };

function isReservation(outcome: Reservation | BudgetExceeded): outcome is Reservation {
  return "exchangeId" in outcome;
}

/** The list of models is Regent's to give, to a caller whom policy lets ask for it. */
async function answerModels(
  context: Context,
  { decision }: Permit,
  wanted: string | undefined,
): Promise<RequestAnswer> {
  const { account } = context;
  // A list uses no tokens, and is there also for those who have none left.
  const limits = decision.limits.filter(({ unit }) => unit === "requests");
  timed(context, "metering", () => reserve(context, limits));
  const listed = (await permittedModels(context, wanted)).map(({ name, model }) => ({
    name,
    owner: model.owner ?? UNKNOWN_OWNER,
  }));
  const [only] = listed;
  // A model that the caller may not use is not told apart from one that does not exist.
  if (wanted !== undefined && only === undefined) throw new RegentError("unknown_model");
  const words = context.dialect.models ?? { list: renderModels, one: renderModel };
  const body = wanted !== undefined && only !== undefined ? words.one(only) : words.list(listed);
  account.verdict = "allow";
  account.status = 200;
  return { kind: "answer", answer: renderDocument(account.exchange.id, "application/json", body) };
}

/** Clients expect a name here. */
const UNKNOWN_OWNER = "unknown";
