import { ERRORS, RegentError } from "../exchange/errors.ts";
import type { Exchange, ExchangeEnd } from "../exchange/exchange.ts";
import type { OwnAnswer } from "../exchange/plan.ts";
import { detect, dialectOf } from "../formats/index.ts";
import { type Account, chargeOf, openAccount, recordOf } from "./account.ts";
import { demandsOf, isDemanding } from "./answer/demands.ts";
import { Attempt } from "./attempt/attempt.ts";
import type { Context } from "./context.ts";
import type { CheckBody, CheckDenial, Governance, Governor, Identified, RequestAnswer } from "./governor.ts";
import { checkHead } from "./head.ts";
import { decideRequest } from "./request.ts";
import { openRequestStream, refuseRequest } from "./request-stream.ts";
import { logFault, rescue, rescueStream } from "./rescue.ts";
import { createResponse } from "./response.ts";
import type { PipelineOptions, Rooms } from "./rooms.ts";

/** Joins the rooms to what `src/envoy` asks for. */
export function createGovernor(rooms: Rooms, options: PipelineOptions): Governor {
  let openCount = 0;
  /** By decision id, for the attempts to reach a target. */
  const opened = new Map<string, Context>();
  const contextOf = (exchange: Exchange): Context => {
    const detection = detect(exchange.request);
    const account = openAccount(exchange, rooms.clock.monotonicMs());
    return { rooms, options, account, detection, dialect: dialectOf(detection, exchange.request.headers) };
  };
  return {
    begin(exchange) {
      const context = contextOf(exchange);
      // An id that ext_authz handed over twice belongs to whom it was given first: of two, none would be known.
      const isFirst = !opened.has(exchange.id);
      if (isFirst) opened.set(exchange.id, context);
      openCount += 1;
      return beginGovernance(context, () => {
        openCount -= 1;
        if (isFirst) opened.delete(exchange.id);
      });
    },
    attempt: (head) =>
      new Attempt({ head, governed: opened.get(head.exchange.id), stranger: contextOf(head.exchange) }),
    open: () => openCount,
    identify: (exchange) => identify(rooms, exchange),
    check: (exchange, body) => check(contextOf(exchange), body),
    recordDenial: (exchange, denial) => recordDenial(contextOf(exchange), denial),
  };
}

function beginGovernance(context: Context, onEnd: () => void): Governance {
  const response = createResponse(context);
  const requests = openRequestStream(context);
  let ended = false;
  let refusal: Refusal | undefined;
  return {
    requestHead: (endOfStream) =>
      rescued(context, async () => {
        checkHead(context);
        if (endOfStream) return decideRequest(context, undefined);
        return { kind: "need_body", ...(requests && { streams: true }) };
      }),
    requestBody: (body) => rescued(context, () => decideRequest(context, body)),
    ...(requests && {
      requestChunk: (chunk, endOfStream) => requests.push(chunk, endOfStream),
      refuseRequest: (error) => refuseRequest(context, error),
      stop: () => requests.stop(),
    }),
    responseHead: (head, endOfStream) => rescued(context, () => response.head(head, endOfStream)),
    responseBody: (body) => rescued(context, () => response.body(body)),
    responseChunk(chunk, endOfStream, trailers) {
      // The head has left, so the refusal is the last event of the stream.
      const broken = (error: unknown) => ({ bytes: rescueStream(context, error), end: true });
      try {
        const answer = response.chunk(chunk, endOfStream, trailers);
        return answer instanceof Promise ? answer.catch(broken) : answer;
      } catch (error) {
        return broken(error);
      }
    },
    refuse(error) {
      const { account } = context;
      // Changes that Envoy would not accept: what was about to go upstream stays here and used nothing.
      if (error.code === "obligation_unsupported" && account.upstreamStatus === undefined)
        account.forwarded = false;
      const answer = rescue(context, error);
      refusal = { verdict: "deny", status: answer.status, forwarded: account.forwarded };
      account.attempts.allowed = undefined;
      return answer;
    },
    end(how, status) {
      if (ended) return;
      ended = true;
      requests?.stop();
      context.account.attempts.allowed = undefined;
      onEnd();
      // A step that ran meanwhile may have let pass what was refused, but its answer went nowhere.
      Object.assign(context.account, refusal);
      if (status !== undefined) context.account.status = status;
      try {
        response.abandon();
      } catch (error) {
        // What cannot be read is settled by what was reserved, and recorded all the same.
        logFault(context, error);
      }
      // ext_authz has recorded its denial: Envoy's answer to the client is not another exchange.
      if (how === "local_reply" && context.account.exchange.handOver?.allowed === false) return;
      close(context, how);
    },
  };
}

/** What a refusal from outside leaves true of the account, whatever a step that it interrupts still does. */
type Refusal = Pick<Account, "verdict" | "status" | "forwarded">;

type Answered = { readonly kind: "answer"; readonly answer: OwnAnswer };

/** Runs a step; whatever it throws becomes a refusal. */
async function rescued<T>(context: Context, step: () => Promise<T>): Promise<T | Answered> {
  try {
    return await step();
  } catch (error) {
    return { kind: "answer", answer: rescue(context, error) };
  }
}

/** Settles what was reserved, and writes the record: the last thing that happens to an exchange. */
function close(context: Context, how: ExchangeEnd): void {
  const { account, rooms } = context;
  // What was refused before it went anywhere counts as no request either.
  if (account.verdict !== "allow" && !account.forwarded) rooms.metering.release(account.exchange.id);
  const charge = chargeOf(account, rooms.metering.tokensOf);
  rooms.metering.settle(account.exchange.id, charge?.tokens ?? 0);
  const record = recordOf(account, endOf(account, how), rooms.clock.monotonicMs(), charge);
  rooms.audit.append(record);
  rooms.telemetry.observe(record);
}

/** An answer of Regent's own ends an exchange early, and is a refusal only when it denies. */
function endOf({ verdict }: Account, how: ExchangeEnd): ExchangeEnd {
  if (how !== "complete" && how !== "refused") return how;
  return verdict === "deny" ? "refused" : "complete";
}

/** A caller who cannot be identified is left to ext_proc to refuse: there the refusal is worded and recorded. */
function identify(rooms: Rooms, exchange: Exchange): Identified {
  try {
    return { identity: rooms.identity.identify(exchange.request, exchange.source.principal) };
  } catch (error) {
    return { failed: RegentError.from(error).code };
  }
}

function recordDenial(context: Context, { entrypoint, status, revision }: CheckDenial): void {
  const { account, rooms } = context;
  const identified = identify(rooms, account.exchange);
  if ("identity" in identified) account.identity = identified.identity;
  account.verdict = "deny";
  account.status = status;
  account.revision = revision;
  const { kind, message } = ERRORS.ext_authz_denied;
  account.reasons = [{ code: "ext_authz_denied", kind, message, policy: entrypoint, severity: "error" }];
  close(context, "refused");
}

/** ext_authz alone sees the request once: what has to happen later, or to the body, cannot happen. */
async function check(context: Context, body: CheckBody): Promise<RequestAnswer> {
  const answer = await rescued(context, async () => {
    checkHead(context);
    if (body.truncated)
      throw new RegentError("config_mismatch", "Envoy sends only a part of the body to ext_authz.");
    const decided = await decideRequest(context, body.bytes);
    if (decided.kind === "pass") assertCheckable(decided);
    return decided;
  });
  // The reservation goes back: without the answer nothing can be metered, and the record carries no charge.
  context.account.forwarded = false;
  close(context, "complete");
  return answer;
}

/** @throws RegentError obligation_unsupported */
function assertCheckable({ permit, plan }: Extract<RequestAnswer, { kind: "pass" }>): void {
  if (plan.body !== undefined)
    throw new RegentError("obligation_unsupported", "ext_authz alone cannot change the body.");
  if (plan.path !== undefined)
    throw new RegentError("obligation_unsupported", "ext_authz alone cannot name another model in the path.");
  if (isDemanding(demandsOf([permit.decision])))
    throw new RegentError("obligation_unsupported", "ext_authz alone does not see answers.");
  if (permit.decision.limits.some((limit) => limit.unit === "tokens")) {
    throw new RegentError("obligation_unsupported", "ext_authz alone cannot meter tokens.");
  }
}
