import { hash } from "node:crypto";
import { RegentError } from "../../exchange/errors.ts";
import type { ResponseHead } from "../../exchange/exchange.ts";
import type { Candidate } from "../../exchange/model.ts";
import type { OwnAnswer, Plan } from "../../exchange/plan.ts";
import type { Context } from "../context.ts";
import type {
  AttemptHead,
  ChunkAnswer,
  Governance,
  RequestAnswer,
  RequestHeadAnswer,
  ResponseAnswer,
  ResponseHeadAnswer,
} from "../governor.ts";
import { logFault, rescue } from "../rescue.ts";
import { timedAsync } from "../timed.ts";
import { type AnswerOfAttempt, openAnswer } from "./answer.ts";
import { planAttempt } from "./attempt-plan.ts";
import type { AllowedAttempts, AttemptFacts, Baseline } from "./attempts.ts";
import { credentialsFor } from "./credentials.ts";
import { placedPath } from "./place.ts";
import { type Serving, servingOf } from "./serving.ts";
import { openTranslation, type Translation } from "./translate.ts";

/** Attempts of one exchange: beyond any retry policy, and few enough for a record. */
export const ATTEMPTS_MAX = 16;

export type AttemptOptions = {
  readonly head: AttemptHead;
  /** The exchange that is open under the id that the request carries; undefined where none is. */
  readonly governed: Context | undefined;
  /** Words a refusal of what belongs to no exchange. Nothing of it is recorded. */
  readonly stranger: Context;
};

/** An attempt that belongs to an exchange and may go to its target. */
type Admitted = {
  readonly context: Context;
  readonly allowed: AllowedAttempts;
  readonly candidate: Candidate;
  readonly translation: Translation | undefined;
  readonly baseline: Baseline;
  readonly facts: AttemptFacts;
};

/**
 * One attempt to reach a target, as the filter at the target's cluster shows it. Nothing leaves unless it belongs to an
 * exchange that was let through here, and goes to a target that policy permits; then it gets the target's dialect and
 * its credentials, and the answer the client's dialect.
 */
export class Attempt implements Governance {
  readonly #options: AttemptOptions;
  #admitted: Admitted | undefined;
  #answer: AnswerOfAttempt | undefined;

  constructor(options: AttemptOptions) {
    this.#options = options;
  }

  requestHead(endOfStream: boolean): Promise<RequestHeadAnswer> {
    return this.#rescued(async () => {
      const admitted = this.#admit(endOfStream);
      return endOfStream || !needsBody(admitted) ? this.#send(admitted, undefined) : { kind: "need_body" };
    });
  }

  requestBody(body: Buffer): Promise<RequestAnswer> {
    return this.#rescued(async () => {
      const admitted = this.#open();
      assertJudged(admitted.allowed, body);
      return this.#send(admitted, body);
    });
  }

  responseHead(head: ResponseHead, endOfStream: boolean): Promise<ResponseHeadAnswer> {
    return this.#rescued(async () => {
      const { context, facts, translation } = this.#open();
      facts.status = head.status;
      facts.ms = context.rooms.clock.monotonicMs() - facts.startedMs;
      if (translation === undefined) return { kind: "pass", plan: UNCHANGED, body: "none" };
      if (endOfStream) {
        if (head.status < 300)
          throw new RegentError("upstream_invalid", "The model's answer cannot be translated: it is empty.");
        return { kind: "pass", plan: UNCHANGED, body: "none" };
      }
      this.#answer = openAnswer(context, translation, head);
      return { kind: "pass", plan: this.#answer.headPlan, body: this.#answer.body };
    });
  }

  responseBody(body: Buffer): Promise<ResponseAnswer> {
    return this.#rescued(async () => ({ kind: "pass", plan: await this.#answering().whole(body) }));
  }

  responseChunk(chunk: Buffer, endOfStream: boolean): ChunkAnswer | Promise<ChunkAnswer> {
    return this.#answering().chunk(chunk, endOfStream);
  }

  refuse(error: RegentError): OwnAnswer {
    const facts = this.#admitted?.facts;
    // Changes that Envoy would not accept: what was about to leave stays here.
    if (facts !== undefined && facts.status === undefined && error.code === "obligation_unsupported")
      facts.sent = false;
    return this.#refuse(error);
  }

  end(): void {
    this.#answer?.close();
    if (this.#admitted === undefined) return;
    const { context, facts } = this.#admitted;
    facts.ms ??= context.rooms.clock.monotonicMs() - facts.startedMs;
  }

  async #rescued<T>(
    step: () => Promise<T>,
  ): Promise<T | { readonly kind: "answer"; readonly answer: OwnAnswer }> {
    try {
      return await step();
    } catch (error) {
      return { kind: "answer", answer: this.#refuse(error) };
    }
  }

  /** A refusal stands in the place of the target's answer; the filter at the listener lets it pass to the client. */
  #refuse(error: unknown): OwnAnswer {
    const { governed, stranger } = this.#options;
    // Nobody waits for what comes of it any more.
    if (this.#isLate()) return rescue(stranger, error);
    if (governed === undefined || isStranger(error)) {
      // A request found a way around the filter at the listener: the operator must hear of it.
      logFault(stranger, error);
      return rescue(stranger, error);
    }
    const { account } = governed;
    const answer = rescue(governed, error);
    account.attempts.allowed = undefined;
    account.attempts.refusal = answer;
    account.forwarded = account.attempts.made.some(({ sent }) => sent);
    return answer;
  }

  /** Whether its exchange ended, was refused or answered before it could leave. */
  #isLate(): boolean {
    if (this.#admitted === undefined || this.#admitted.facts.sent) return false;
    const { context, allowed } = this.#admitted;
    return context.account.attempts.allowed !== allowed;
  }

  /** @throws RegentError not_governed or no_permitted_target */
  #admit(endOfStream: boolean): Admitted {
    const { governed, head } = this.#options;
    const allowed = governed?.account.attempts.allowed;
    if (governed === undefined || allowed === undefined) throw new RegentError("not_governed");
    const { account, rooms } = governed;
    const { attempts } = account;
    if (head.exchange.request.method !== account.exchange.request.method)
      throw new RegentError("not_governed");
    if (endOfStream) assertJudged(allowed, NO_BODY);
    const candidate = allowed.candidates.find(({ target }) => target.name === head.target);
    const serving = candidate && servingOf(governed, candidate.target);
    if (candidate === undefined || serving === undefined || attempts.made.length >= ATTEMPTS_MAX)
      throw new RegentError("no_permitted_target", "The target that Envoy chose may not serve this request.");
    if (allowed.isStreamed) assertStreamable(candidate, serving, endOfStream);
    const translation =
      serving.how === "native" ? undefined : openTranslation(governed, candidate, serving.to);
    attempts.baseline ??= { path: head.exchange.request.path, headers: head.exchange.request.headers };
    const facts: AttemptFacts = {
      target: candidate.target.name,
      startedMs: rooms.clock.monotonicMs(),
      translatedTo: translation?.to,
      sent: false,
      status: undefined,
      ms: undefined,
    };
    attempts.made.push(facts);
    attempts.translation = undefined;
    account.candidate = candidate;
    const { baseline } = attempts;
    this.#admitted = { context: governed, allowed, candidate, translation, baseline, facts };
    return this.#admitted;
  }

  /** Gives the request what its target wants of it. */
  async #send(admitted: Admitted, body: Buffer | undefined): Promise<RequestAnswer> {
    const { context, allowed, candidate, translation, baseline, facts } = admitted;
    const { rooms, account, detection } = context;
    const { target } = candidate;
    const translated =
      translation &&
      (await timedAsync(context, "translation", () => translation.request(body ?? NO_BODY, baseline)));
    if (translation !== undefined && detection.kind === "inference") {
      const { list } = translation.warnings;
      account.attempts.translation = { from: detection.format.name, to: translation.to, warnings: list };
    }
    const { exchange, host } = this.#options.head;
    const leaving = translated?.bytes ?? body;
    const path = placedPath(target, candidate.version.name, translated?.path ?? baseline.path);
    if (path === undefined)
      throw new RegentError(
        "no_permitted_target",
        "The target that Envoy chose has no path for the request.",
      );
    const credentials = await credentialsFor(
      target,
      {
        method: exchange.request.method,
        host: host ?? exchange.request.host,
        path,
        body: leaving,
      },
      rooms.sign,
    );
    const { attempts } = account;
    // The exchange may have ended, or been refused, while this was made ready.
    if (this.#isLate()) throw new RegentError("not_governed");
    const plan = planAttempt({ attempts, baseline, target, translated, path, body: leaving, credentials });
    facts.sent = true;
    const { permit, isStreamed } = allowed;
    return { kind: "pass", permit, plan, ...(isStreamed && { passesOn: true }) };
  }

  #open(): Admitted {
    if (this.#admitted === undefined) throw new RegentError("internal_error");
    return this.#admitted;
  }

  #answering(): AnswerOfAttempt {
    if (this.#answer === undefined) throw new RegentError("internal_error");
    return this.#answer;
  }
}

const NO_BODY = Buffer.alloc(0);
const UNCHANGED: Plan = { headers: { remove: [], set: [] }, clearRouteCache: false, metadata: {} };

/**
 * A stream of requests goes on one by one, each as it was judged: there is no body that could be translated or signed. None
 * has ended before one of them was let through.
 *
 * @throws RegentError no_permitted_target or not_governed
 */
function assertStreamable({ target }: Candidate, serving: Serving, endOfStream: boolean): void {
  if (endOfStream) throw new RegentError("not_governed");
  if (serving.how !== "native" || target.aws !== undefined)
    throw new RegentError(
      "no_permitted_target",
      "The target that Envoy chose cannot take a stream of requests.",
    );
}

/**
 * A first attempt that only gets a key can go on without its body being looked at once more. A later one has the length
 * of what the one before it sent, and needs its own.
 */
function needsBody({ context, allowed, candidate, translation }: Admitted): boolean {
  // No length was ever said of it, and Envoy shows a later attempt what was let through.
  if (allowed.isStreamed) return false;
  const { made } = context.account.attempts;
  return translation !== undefined || candidate.target.aws !== undefined || made.length > 1;
}

/**
 * What is translated, signed and sent is what was judged. Envoy shows an empty body as none.
 *
 * @throws RegentError not_governed
 */
function assertJudged({ bodySha256 }: AllowedAttempts, body: Buffer): void {
  if (body.length === 0 && bodySha256 === undefined) return;
  if (bodySha256 !== hash("sha256", body, "hex")) throw new RegentError("not_governed");
}

function isStranger(error: unknown): boolean {
  return error instanceof RegentError && error.code === "not_governed";
}
