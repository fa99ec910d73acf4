import { createHash } from "node:crypto";
import type { Estimate } from "../exchange/budget.ts";
import type { Decision, Reason } from "../exchange/decision.ts";
import type { Exchange, ExchangeEnd } from "../exchange/exchange.ts";
import type { Finding } from "../exchange/finding.ts";
import { singleHeader } from "../exchange/headers.ts";
import { ANONYMOUS, type Identity } from "../exchange/identity.ts";
import { type Answer, type Inference, TOKENS_PER_EXCHANGE_MAX } from "../exchange/inference.ts";
import type { Candidate } from "../exchange/model.ts";
import type { Record } from "../exchange/record.ts";
import type { Policies } from "../policy/policies.ts";
import { type Attempts, noAttempts, recordedAttempts } from "./attempt/attempts.ts";

/** What is left of a body once it is dealt with: streams last long, and their requests must not stay in memory. */
export type BodyDigest = { readonly bytes: number; readonly sha256: string };

export function digestOf(body: Buffer): BodyDigest {
  return { bytes: body.length, sha256: createHash("sha256").update(body).digest("hex") };
}

/** What is known of an exchange so far. The steps write facts into it; the record is made of it at the end. */
export type Account = {
  readonly exchange: Exchange;
  readonly startedMs: number;
  readonly roomsMs: { [room: string]: number };
  identity: Identity;
  inference: Inference | undefined;
  candidate: Candidate | undefined;
  estimate: Estimate | undefined;
  findings: readonly Finding[];
  /** What was found in the requests behind the first of a stream, by type. */
  readonly laterFindings: Map<string, number>;
  /** What was found in the answer; undefined while nobody looked. */
  answerFindings: readonly { readonly type: string; readonly count: number }[] | undefined;
  redactions: ReadonlyMap<string, number>;
  /** What decides this exchange, from the first question on. */
  policies: Policies | undefined;
  decision: Decision | undefined;
  /** What policy said of the answer. */
  answerDecision: Decision | undefined;
  /** Of the bundle that decided. */
  revision: string | undefined;
  reasons: readonly Reason[];
  verdict: Record["verdict"];
  /** Set once the client's status is known. */
  status: number | undefined;
  requestBody: BodyDigest | undefined;
  upstreamBody: BodyDigest | undefined;
  /** Kept only where the audit level is `full`. */
  content: { request?: string; response?: string };
  /** The stream reports its usage because Regent asked for it: the client does not get to see that event. */
  usageIsHidden: boolean;
  /** Whether the request went on to the upstream. */
  forwarded: boolean;
  upstreamStatus: number | undefined;
  firstByteMs: number | undefined;
  answer: Answer | undefined;
  upstreamError: string | undefined;
  /** To reach a target, once the request was let through. */
  readonly attempts: Attempts;
};

export function openAccount(exchange: Exchange, monotonicMs: number): Account {
  return {
    exchange,
    startedMs: monotonicMs,
    roomsMs: {},
    identity: ANONYMOUS,
    inference: undefined,
    candidate: undefined,
    estimate: undefined,
    findings: [],
    laterFindings: new Map(),
    answerFindings: undefined,
    redactions: new Map(),
    policies: undefined,
    decision: undefined,
    answerDecision: undefined,
    revision: undefined,
    reasons: [],
    verdict: "none",
    status: undefined,
    requestBody: undefined,
    upstreamBody: undefined,
    content: {},
    usageIsHidden: false,
    forwarded: false,
    upstreamStatus: undefined,
    firstByteMs: undefined,
    answer: undefined,
    upstreamError: undefined,
    attempts: noAttempts(),
  };
}

/** What an exchange is charged, and how that number came about. */
export type Charge = NonNullable<Record["charge"]>;

/**
 * The charge of an exchange that took a reservation. An answer that reports usage is charged by it. A partial or silent
 * one is charged by what was produced, never by zero. One that could not be read at all, or whose count cannot be true,
 * is charged what was reserved.
 * `tokensOf` estimates the tokens of a text.
 */
export function chargeOf(account: Account, tokensOf: (textBytes: number) => number): Charge | undefined {
  if (!account.forwarded || account.inference === undefined || account.estimate === undefined)
    return undefined;
  const reserved = account.estimate.inputTokens + account.estimate.outputTokensMax;
  const reported = reportedTokens(account.answer);
  if (reported !== undefined) {
    return reported <= TOKENS_PER_EXCHANGE_MAX
      ? { tokens: reported, source: "reported" }
      : { tokens: reserved, source: "reserved", clamped: true };
  }
  if (account.upstreamStatus !== undefined && account.upstreamStatus >= 400) return undefined;
  if (account.answer !== undefined) {
    return {
      tokens: promptTokens(account.answer, account.estimate) + answerTokens(account.answer, tokensOf),
      source: "estimated",
    };
  }
  if (account.upstreamStatus === undefined)
    return { tokens: account.estimate.inputTokens, source: "estimated" };
  return { tokens: reserved, source: "reserved" };
}

/**
 * What the upstream said of the prompt before it broke off, unless that cannot be true; else the estimate. No prompt has 0
 * tokens: gateways that translate begin a message so, before they know.
 */
function promptTokens({ whole }: Answer, { inputTokens }: Estimate): number {
  const isCount = whole !== undefined && whole.input > 0 && whole.input <= TOKENS_PER_EXCHANGE_MAX;
  return isCount ? whole.input : inputTokens;
}

/**
 * What was written, or what was counted of a part, where that is more: of reasoning that is not shown there is nothing but the
 * count.
 */
function answerTokens(
  { whole, usage, outputBytes }: Answer,
  tokensOf: (textBytes: number) => number,
): number {
  const counted = whole === undefined ? 0 : (usage?.output ?? 0);
  return Math.max(counted <= TOKENS_PER_EXCHANGE_MAX ? counted : 0, tokensOf(outputBytes));
}

function reportedTokens(answer: Answer | undefined): number | undefined {
  if (answer?.whole !== undefined) {
    const { input, output } = answer.whole;
    return output === undefined ? undefined : input + output;
  }
  const usage = answer?.usage;
  if (usage === undefined) return undefined;
  if (usage.input !== undefined && usage.output !== undefined) return usage.input + usage.output;
  return usage.total;
}

/** Makes the record of an exchange that has ended. */
export function recordOf(
  account: Account,
  end: ExchangeEnd,
  nowMs: number,
  charge: Charge | undefined,
): Record {
  const { exchange, decision } = account;
  const { claims: _claims, ...identity } = account.identity;
  const level = decision?.audit.level ?? "digest";
  return {
    id: exchange.id,
    time: new Date(exchange.startedAtMs).toISOString(),
    protocol: exchange.protocol,
    end,
    verdict: account.verdict,
    ...defined("dryRun", exchange.handOver?.dryRun),
    ...defined("status", account.status),
    request: requestOf(account),
    identity,
    ...defined("inference", inferenceOf(account.inference)),
    ...defined("route", routeOf(account.candidate)),
    ...defined("attempts", recordedAttempts(account.attempts, nowMs)),
    ...defined("translation", account.attempts.translation),
    reasons: account.reasons,
    redactions: [...account.redactions].map(([type, count]) => ({ type, count })),
    findings: countByType(account.findings, account.laterFindings),
    ...defined(
      "answerFindings",
      account.answerFindings?.map(({ type, count }) => ({ type, count })),
    ),
    ...defined("estimate", estimateOf(account.estimate)),
    ...defined("usage", account.answer?.usage),
    ...defined("charge", chargeWithCost(account, charge)),
    ...defined("finishReasons", account.answer?.finishReasons),
    ...defined("upstreamError", account.upstreamError),
    audit: { level, labels: labelsOf(account) },
    ...defined("revision", account.revision),
    timing: {
      totalMs: round(nowMs - account.startedMs),
      ...defined("firstByteMs", account.firstByteMs === undefined ? undefined : round(account.firstByteMs)),
      roomsMs: Object.fromEntries(Object.entries(account.roomsMs).map(([room, ms]) => [room, round(ms)])),
    },
    ...defined("content", level === "full" ? account.content : undefined),
  };
}

function labelsOf({ decision, answerDecision }: Account): Record["audit"]["labels"] {
  return Object.fromEntries([...(decision?.audit.labels ?? []), ...(answerDecision?.audit.labels ?? [])]);
}

function requestOf({ exchange, requestBody, upstreamBody, forwarded }: Account): Record["request"] {
  const { method, host, pathname, clientRequestId } = exchange.request;
  return {
    method,
    host,
    path: pathname,
    ...defined("clientRequestId", clientRequestId),
    ...defined("traceparent", traceparentOf(exchange)),
    ...defined("bodyBytes", requestBody?.bytes),
    ...defined("bodySha256", requestBody?.sha256),
    ...defined("upstreamBodySha256", forwarded ? upstreamBody?.sha256 : undefined),
  };
}

/** As the W3C writes it (https://www.w3.org/TR/trace-context/#traceparent-header); anything else a client sent is none. */
function traceparentOf({ request }: Exchange): string | undefined {
  const { value, repeated } = singleHeader(request.headers, "traceparent");
  return value !== undefined && !repeated && TRACEPARENT.test(value) ? value : undefined;
}

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

function inferenceOf(inference: Inference | undefined): Record["inference"] {
  if (inference === undefined) return undefined;
  const { format, operation, model, stream } = inference;
  return { format, operation, model, stream };
}

function routeOf(candidate: Candidate | undefined): Record["route"] {
  if (candidate === undefined) return undefined;
  const { model, version, target } = candidate;
  return {
    model: model.name,
    version: version.name,
    target: target.name,
    region: target.region,
    provider: target.provider,
  };
}

function estimateOf(estimate: Estimate | undefined): Record["estimate"] {
  if (estimate === undefined) return undefined;
  return { inputTokens: estimate.inputTokens, outputTokensMax: estimate.outputTokensMax };
}

function chargeWithCost(account: Account, charge: Charge | undefined): Charge | undefined {
  return charge === undefined ? undefined : { ...charge, ...defined("costUsd", costOf(account)) };
}

/** US dollars, by what the upstream reported and the registry's price; undefined when one is not known or not to be believed. */
export function costOf({ candidate, answer }: Account): number | undefined {
  const price = candidate?.model.price;
  const { input, output } = answer?.whole ?? answer?.usage ?? {};
  if (price === undefined || input === undefined || output === undefined) return undefined;
  if (input + output > TOKENS_PER_EXCHANGE_MAX) return undefined;
  return (input * price.input + output * price.output) / TOKENS_PER_PRICE;
}

/** Prices in a registry are for a million tokens. */
const TOKENS_PER_PRICE = 1_000_000;

function countByType(
  findings: readonly Finding[],
  later: ReadonlyMap<string, number>,
): { type: string; count: number }[] {
  const counts = new Map(later);
  for (const { type } of findings) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => ({ type, count }));
}

/** Microseconds are as fine as these timings are true. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** The member, or nothing: a record has no `undefined` in it. */
function defined<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]: V });
}

/** Who a choice between versions of policy is stable for: the caller as it was proved, for nobody may choose by what he writes. */
export function callerKey({ identity }: Account): string {
  return JSON.stringify([identity.tenant ?? "", identity.subject ?? identity.principal ?? ""]);
}

/** Who a choice between versions of a model is stable for: the end user named in the body, else the caller. */
export function subjectKey({ identity, inference }: Account): string {
  const caller = inference?.user ?? identity.subject ?? identity.principal ?? "";
  return JSON.stringify([identity.tenant ?? "", inference?.user === undefined ? "caller" : "user", caller]);
}
