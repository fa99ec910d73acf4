import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { RegentError } from "../exchange/errors.ts";
import { headerValues } from "../exchange/headers.ts";
import { BODY_HEADERS } from "../exchange/names.ts";
import type { Plan } from "../exchange/plan.ts";
import type { RequestSplitter } from "../formats/index.ts";
import type { Denial } from "../mutation/own-answer.ts";
import { type Account, openAccount } from "./account.ts";
import type { Context } from "./context.ts";
import type { JudgedRequest, RequestChunkAnswer, RequestRefusal } from "./governor.ts";
import { decideRequest } from "./request.ts";
import { addRequest, assertSameExchange, noteRequest } from "./request-stream-account.ts";
import { rescueRequest, wordRefusal } from "./rescue.ts";

/**
 * Requests of one stream. Each is judged for itself, so this bounds what one exchange may become: its account, its
 * reservation, its lines in the log of decisions. At one request a second it is four and a half hours.
 */
export const STREAM_REQUESTS_MAX = 16_384;

/** The requests of one stream on their way to the model, each judged before it leaves. */
export type RequestStream = {
  /** Takes what the client sent. Never throws: whatever fails is the refusal of this request and of all behind it. */
  push(chunk: Buffer, endOfStream: boolean): Promise<RequestChunkAnswer>;
  /** Judges nothing more: a piece may hold thousands of requests, and nobody waits for them. */
  stop(): void;
};

/** Undefined where a body is judged whole. */
export function openRequestStream(context: Context): RequestStream | undefined {
  const { detection, options, account } = context;
  if (detection.kind !== "inference") return undefined;
  const splitter = detection.endpoint.openRequests?.(options.maxBodyBytes(account.exchange.request));
  return splitter && new Requests(context, splitter);
}

/** A refusal at any time of a stream, for what `src/envoy` finds wrong itself. */
export function refuseRequest(context: Context, error: unknown): RequestRefusal {
  return withStatus(context, rescueRequest(context, error));
}

/** What policy denied. */
class Denied extends Error {
  readonly denial: Denial;

  constructor(denial: Denial) {
    super("denied");
    this.denial = denial;
  }
}

class Requests implements RequestStream {
  readonly #context: Context;
  readonly #splitter: RequestSplitter;
  readonly #received = createHash("sha256");
  readonly #sent = createHash("sha256");
  #receivedBytes = 0;
  #sentBytes = 0;
  #count = 0;
  #isOver = false;

  constructor(context: Context, splitter: RequestSplitter) {
    this.#context = context;
    this.#splitter = splitter;
  }

  stop(): void {
    this.#isOver = true;
  }

  async push(chunk: Buffer, endOfStream: boolean): Promise<RequestChunkAnswer> {
    if (this.#isOver) return { requests: [], isPartial: false };
    const before = this.#count;
    const requests: JudgedRequest[] = [];
    let head: Plan | undefined;
    let refusal: RequestRefusal | undefined;
    try {
      assertPlain(this.#context);
      for (const bytes of this.#splitter.split(chunk)) {
        // One chunk may hold thousands of requests, and other exchanges have a right to their turn between them.
        if (requests.length > 0) await setImmediate();
        if (this.#isOver) break;
        const { judged, plan } = await this.#judge(bytes);
        head ??= plan;
        requests.push(judged);
      }
      if (endOfStream && !this.#isOver) this.#assertWhole();
    } catch (error) {
      refusal = this.#refuse(error);
    }
    if (this.#count > before) this.#noteBodies();
    const isPartial = this.#splitter.pendingBytes > 0;
    return { ...(head && { head }), requests, ...(refusal && { refusal }), isPartial };
  }

  /** @throws RegentError or Denied */
  async #judge(bytes: Buffer): Promise<{ readonly judged: JudgedRequest; readonly plan: Plan | undefined }> {
    const before = this.#count;
    if (before === STREAM_REQUESTS_MAX)
      throw new RegentError("body_too_large", `The stream has more than ${STREAM_REQUESTS_MAX} requests.`);
    this.#count += 1;
    this.#receivedBytes += bytes.length;
    this.#received.update(bytes);
    const decided = before === 0 ? await this.#first(bytes) : await this.#next(bytes, before);
    this.#sentBytes += decided.judged.bytes.length;
    this.#sent.update(decided.judged.bytes);
    return decided;
  }

  /** The first request opens the exchange: its decision is that of all. */
  async #first(bytes: Buffer) {
    const { account } = this.#context;
    const answer = await decideRequest({ ...this.#context, before: 0 }, bytes);
    if (answer.kind === "answer") throw deniedBy(account);
    const { permit, plan } = answer;
    const { allowed } = account.attempts;
    if (allowed === undefined) throw new RegentError("internal_error");
    account.attempts.allowed = { ...allowed, bodySha256: undefined, isStreamed: true };
    return { judged: { permit, bytes: plan.body ?? bytes }, plan: planOfStream(plan) };
  }

  /** Every further request is judged as if it came alone, and passes only as a part of the same exchange. */
  async #next(bytes: Buffer, before: number) {
    const { account, rooms } = this.#context;
    const fault = rooms.audit.fault();
    if (fault !== undefined) throw new RegentError("audit_unavailable", undefined, { cause: fault });
    const own: Account = {
      ...openAccount(account.exchange, rooms.clock.monotonicMs()),
      roomsMs: account.roomsMs,
      identity: account.identity,
      policies: account.policies,
    };
    const { extend } = rooms.metering;
    const context = {
      ...this.#context,
      rooms: { ...rooms, metering: { ...rooms.metering, reserve: extend } },
      account: own,
      before,
    };
    const answer = await decideRequest(context, bytes).finally(() => noteRequest(account, own));
    if (answer.kind === "answer") throw deniedBy(own);
    assertSameExchange(account, own);
    addRequest(account, own);
    const { permit, plan } = answer;
    return { judged: { permit, bytes: plan.body ?? bytes }, plan: undefined };
  }

  /** @throws RegentError body_invalid */
  #assertWhole(): void {
    if (this.#splitter.pendingBytes > 0)
      throw new RegentError("body_invalid", "The stream ends in the middle of a request.");
    if (this.#count === 0) throw new RegentError("body_invalid", "The body has no message.");
  }

  #refuse(error: unknown): RequestRefusal {
    return error instanceof Denied
      ? denyRequest(this.#context, error.denial)
      : refuseRequest(this.#context, error);
  }

  /** What the record says of the body: all that came so far, and what of it went on where that is not the same. */
  #noteBodies(): void {
    const { account } = this.#context;
    account.requestBody = { bytes: this.#receivedBytes, sha256: this.#received.copy().digest("hex") };
    const sha256 = this.#sent.copy().digest("hex");
    account.upstreamBody =
      sha256 === account.requestBody.sha256 ? undefined : { bytes: this.#sentBytes, sha256 };
  }
}

/**
 * Nothing can be cut out of a body that is compressed as a whole. gRPC compresses message by message.
 *
 * @throws RegentError encoding_unsupported
 */
function assertPlain({ account }: Context): void {
  if (headerValues(account.exchange.request.headers, "content-encoding").length > 0)
    throw new RegentError("encoding_unsupported", "A stream of requests has a content-encoding.");
}

function deniedBy({ decision }: Account): Error {
  // `decideRequest` answers by itself only what it denied.
  if (decision === undefined) return new RegentError("internal_error");
  return new Denied({ reasons: decision.reasons, status: decision.status, retryAfterS: undefined });
}

/** The head leaves with the first request, and what follows may change: nothing may say how long or what all of it is. */
function planOfStream({ headers, ...plan }: Plan): Plan {
  const isOfBody = (name: string) => OF_THE_WHOLE_BODY.has(name.toLowerCase());
  const { body: _, ...rest } = plan;
  return {
    ...rest,
    headers: {
      remove: [...new Set([...headers.remove, ...OF_THE_WHOLE_BODY])],
      set: headers.set.filter(([name]) => !isOfBody(name)),
    },
  };
}

const OF_THE_WHOLE_BODY: ReadonlySet<string> = new Set(["content-length", ...BODY_HEADERS]);

function denyRequest(context: Context, denial: Denial): RequestRefusal {
  context.account.verdict = "deny";
  return withStatus(context, wordRefusal(context, denial));
}

/** Where a request passed before, its answer says what status the client sees. */
function withStatus({ account }: Context, refusal: RequestRefusal): RequestRefusal {
  if (!account.forwarded) account.status = refusal.answer.status;
  return refusal;
}
