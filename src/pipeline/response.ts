import type { Decision } from "../exchange/decision.ts";
import { RegentError } from "../exchange/errors.ts";
import type { ResponseHead } from "../exchange/exchange.ts";
import { type Headers, headerValues, mediaTypeOf } from "../exchange/headers.ts";
import type { JsonObject } from "../exchange/json.ts";
import { DECISION_ID_HEADER, REASON_HEADER } from "../exchange/names.ts";
import { permit } from "../exchange/permit.ts";
import type { OwnAnswer, Plan } from "../exchange/plan.ts";
import { type Format, framingOf, type ReadAnswer } from "../formats/index.ts";
import { planResponse, type ResponsePlanFacts } from "../mutation/response-plan.ts";
import { codingOf } from "../wire/content-encoding.ts";
import { type Account, costOf } from "./account.ts";
import { bodyPlanOf, READ_ANSWER_BYTES_MAX } from "./answer/body-plan.ts";
import { isDemanding } from "./answer/demands.ts";
import { createJudge, type Judge } from "./answer/judge.ts";
import { openPassedAnswer } from "./answer/passed-answer.ts";
import { type ClientPiece, openStreamedAnswer, type StreamedAnswer } from "./answer/streamed-answer.ts";
import { judgeWhole, readWhole } from "./answer/whole-answer.ts";
import { needsFilter } from "./attempt/serving.ts";
import type { Context } from "./context.ts";
import { deny } from "./decide.ts";
import type { ChunkAnswer, ResponseAnswer, ResponseHeadAnswer } from "./governor.ts";
import { timedAsync } from "./timed.ts";

/** Characters of an upstream's error code that go into the record: codes are words, and an upstream may send anything. */
export const UPSTREAM_ERROR_CHARS_MAX = 128;

const NO_BODY = Buffer.alloc(0);

/** The answer of one exchange on its way to the client. */
export type Response = {
  /** @throws RegentError */
  head(head: ResponseHead, endOfStream: boolean): Promise<ResponseHeadAnswer>;
  /** @throws RegentError */
  body(body: Buffer): Promise<ResponseAnswer>;
  chunk(chunk: Buffer, endOfStream: boolean, trailers?: Headers): ChunkAnswer | Promise<ChunkAnswer>;
  /** The exchange ended before the stream did: what was delivered until then counts. */
  abandon(): void;
};

export function createResponse(context: Context): Response {
  const { account, rooms, detection } = context;
  const format = detection.kind === "inference" ? detection.format : undefined;
  let held: { readonly head: ResponseHead; readonly judge: Judge; readonly format: Format } | undefined;
  let stream: StreamedAnswer | undefined;
  /** Bytes of the stream so far. */
  let received = 0;

  const plan = (
    head: ResponseHead,
    decision: Decision | undefined,
    other: Pick<ResponsePlanFacts, "isOtherBody" | "body" | "bodyHeaders"> = {},
  ): Plan =>
    planResponse({
      exchangeId: account.exchange.id,
      head,
      decision,
      reasons: account.reasons,
      translationWarnings: account.attempts.translation?.warnings ?? [],
      metadata: usageMetadata(account),
      ...other,
    });

  /** Policy decides when the head is there, because text leaves before the rest has come. */
  const decideHead = async (
    judge: Judge,
    head: ResponseHead,
    endOfStream: boolean,
  ): Promise<ResponseHeadAnswer> => {
    const decision = await judge.ask(head, undefined);
    if (permit(decision) === undefined) return { kind: "answer", answer: deny(context, decision) };
    if (endOfStream) assertBegun(context, head);
    const { mode, reading, framing } = bodyPlanOf(context, head, endOfStream, judge.demands);
    if (reading === "whole") throw new RegentError("internal_error");
    if (format !== undefined && reading === "passing") stream = openPassedAnswer(format, head);
    if (format === undefined || framing === undefined)
      return { kind: "pass", plan: plan(head, decision), body: mode };
    const coding = codingOf(headerValues(head.headers, "content-encoding"));
    context.framing = framing;
    stream = openStreamedAnswer({ context, framing, head, judge, coding, keepText: isFull(account) });
    const isOtherBody = coding !== undefined || isDemanding(judge.demands);
    return { kind: "pass", plan: plan(head, decision, { isOtherBody }), body: mode };
  };

  return {
    async head(head, endOfStream) {
      const { attempts } = account;
      attempts.allowed = undefined;
      if (attempts.refusal !== undefined) return passRefusal(account, attempts.refusal, head);
      assertAttempted(account, head);
      account.upstreamStatus = head.status;
      account.status = head.status;
      account.firstByteMs = rooms.clock.monotonicMs() - account.startedMs;
      // Of gRPC a call that fails before it has a message is nothing but a head.
      if (endOfStream && format !== undefined)
        noteAnswer(
          account,
          format.readResponse({ status: head.status, headers: head.headers, bytes: NO_BODY }),
        );
      const judge = createJudge(context);
      const { mode, reading } = bodyPlanOf(context, head, endOfStream, judge.demands);
      if (reading !== "whole" || format === undefined) return decideHead(judge, head, endOfStream);
      held = { head, judge, format };
      // Policy decides on the whole answer; until then Envoy holds the head back.
      return { kind: "pass", body: mode, plan: plan(head, undefined) };
    },

    async body(body) {
      if (held === undefined) throw new RegentError("internal_error");
      const { head, judge, format } = held;
      const read = await timedAsync(context, "formats", () =>
        readWhole(format, head, body, READ_ANSWER_BYTES_MAX),
      );
      if (read !== undefined) {
        noteAnswer(account, read.answer);
        if (isFull(account)) account.content.response = read.bytes.toString("utf8");
      }
      const judged = await judgeWhole(context, format, judge, head, read);
      if (permit(judged.decision) === undefined)
        return { kind: "answer", answer: deny(context, judged.decision) };
      const { body: changed, headers: bodyHeaders } = judged;
      const isOtherBody = changed !== undefined;
      return {
        kind: "pass",
        plan: plan(head, judged.decision, { isOtherBody, body: changed, bodyHeaders }),
      };
    },

    chunk(chunk, endOfStream, trailers) {
      if (stream === undefined) throw new RegentError("internal_error");
      const open = stream;
      received += chunk.length;
      const { brokenOffAt = Number.POSITIVE_INFINITY } = account.attempts;
      const piece = open.push(chunk, endOfStream || received >= brokenOffAt, trailers);
      return piece instanceof Promise ? piece.then((late) => given(open, late)) : given(open, piece);
    },

    abandon() {
      if (stream === undefined) return;
      stream.close();
      if (account.answer === undefined) noteStream(account, stream);
    },
  };

  function given(open: StreamedAnswer, { bytes, ended }: ClientPiece): ChunkAnswer {
    if (!ended) return { bytes, end: false };
    open.close();
    noteStream(account, open);
    return { bytes, end: true, metadata: usageMetadata(account) };
  }
}

/**
 * What an attempt refused is on its way in the client's dialect already: nothing of it is a model's. An answer of a target
 * that comes all the same passed by that refusal, and stops here.
 *
 * @throws RegentError not_governed
 */
function passRefusal(account: Account, refusal: OwnAnswer, head: ResponseHead): ResponseHeadAnswer {
  const isOurs = head.origin === "envoy" || (head.origin === undefined && head.status === refusal.status);
  if (!isOurs || head.status < 400) throw new RegentError("not_governed");
  account.status = head.status;
  // What a target answered before its answer was refused is charged as one that could not be read.
  account.upstreamStatus = account.attempts.made.findLast(({ status }) => status !== undefined)?.status;
  const set = refusal.headers.filter(([name]) => name === DECISION_ID_HEADER || name === REASON_HEADER);
  const plan: Plan = { headers: { remove: [], set }, clearRouteCache: false, metadata: {} };
  return { kind: "pass", body: "none", plan };
}

/**
 * An Envoy without a filter at the target's cluster has sent the request as it was: in a dialect that the target does not
 * read, or without its key. What came of that is not the answer to the request that was let through.
 *
 * @throws RegentError config_mismatch
 */
function assertAttempted({ attempts, candidate, inference }: Account, head: ResponseHead): void {
  if (candidate === undefined || inference === undefined || head.origin === "envoy") return;
  // Where Envoy does not say whose an answer is, one without an answering attempt may be its own.
  const wasMade =
    head.origin === "upstream"
      ? attempts.made.some(({ status }) => status === head.status)
      : attempts.made.length > 0;
  if (!wasMade && needsFilter(candidate.target, inference.format))
    throw new RegentError("config_mismatch", "Envoy has no filter of Regent's at the cluster of the target.");
}

/**
 * A stream that ends with its head lacks its dialect's end, and clients would take it for an answer that says nothing.
 * Nothing has left yet, so they get a status instead of an error event. gRPC ends any call by its status.
 *
 * @throws RegentError upstream_incomplete
 */
function assertBegun({ account, detection }: Context, { status, headers }: ResponseHead): void {
  if (detection.kind !== "inference" || status >= 300 || headers.has("grpc-status")) return;
  if (framingOf(detection.format, mediaTypeOf(headers), detection.endpoint) === undefined) return;
  account.upstreamError ??= "upstream_incomplete";
  throw new RegentError("upstream_incomplete");
}

/** What the upstream reported, for Envoy's access log and its rate limits. Nothing is made up. */
function usageMetadata(account: Account): JsonObject {
  const usage = account.answer?.usage;
  if (usage === undefined) return {};
  const cost = costOf(account);
  return {
    ...(usage.input === undefined ? {} : { input_tokens: usage.input }),
    ...(usage.output === undefined ? {} : { output_tokens: usage.output }),
    ...(usage.total === undefined ? {} : { total_tokens: usage.total }),
    ...(usage.cachedInput === undefined ? {} : { cached_input_tokens: usage.cachedInput }),
    ...(usage.reasoning === undefined ? {} : { reasoning_tokens: usage.reasoning }),
    ...(cost === undefined ? {} : { cost_usd: cost }),
  };
}

function isFull(account: Account): boolean {
  return account.decision?.audit.level === "full";
}

function noteStream(account: Account, stream: StreamedAnswer): void {
  const answer = stream.finish();
  if (answer === undefined) return;
  noteAnswer(account, answer);
  if (isFull(account) && answer.text !== undefined) account.content.response = answer.text;
}

function noteAnswer(account: Account, answer: ReadAnswer): void {
  // A body that is none of the dialect says nothing: no usage, no reason to finish.
  if (answer.invalid !== undefined && answer.error === undefined) return;
  account.answer = answer;
  if (answer.error !== undefined) {
    const name = answer.error.code ?? answer.error.type ?? "error";
    account.upstreamError = name.slice(0, UPSTREAM_ERROR_CHARS_MAX);
  }
}
