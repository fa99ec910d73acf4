import type { Decision } from "../exchange/decision.ts";
import { type ErrorCode, RegentError } from "../exchange/errors.ts";
import type { ResponseHead } from "../exchange/exchange.ts";
import { headerValues, singleHeader } from "../exchange/headers.ts";
import type { JsonObject } from "../exchange/json.ts";
import { DECISION_ID_HEADER, REASON_HEADER } from "../exchange/names.ts";
import { permit } from "../exchange/permit.ts";
import type { OwnAnswer, Plan } from "../exchange/plan.ts";
import type { Reads } from "../exchange/reads.ts";
import { framingOf, type ReadAnswer } from "../formats/index.ts";
import { planResponse } from "../mutation/response-plan.ts";
import { decodeContent } from "../wire/content-encoding.ts";
import { type Account, costOf } from "./account.ts";
import { type AnswerStream, openAnswerStream } from "./answer-stream.ts";
import { needsFilter } from "./attempt/serving.ts";
import type { Context } from "./context.ts";
import { assertSupported, deny, evaluate } from "./decide.ts";
import type { ChunkAnswer, ResponseAnswer, ResponseHeadAnswer } from "./governor.ts";
import { policyInput } from "./policy-input.ts";
import { timed, timedAsync } from "./timed.ts";

/**
 * The largest answer that is held back to be read: as much as Envoy's connection buffers hold. A larger one passes
 * unread, and is charged what was reserved.
 */
export const READ_ANSWER_BYTES_MAX = 50 * 1024 * 1024;

/** Characters of an upstream's error code that go into the record: codes are words, and an upstream may send anything. */
export const UPSTREAM_ERROR_CHARS_MAX = 128;

/** The answer of one exchange on its way to the client. */
export type Response = {
  /** @throws RegentError */
  head(head: ResponseHead, endOfStream: boolean): Promise<ResponseHeadAnswer>;
  /** @throws RegentError */
  body(body: Buffer): Promise<ResponseAnswer>;
  chunk(chunk: Buffer, endOfStream: boolean): ChunkAnswer;
  /** The exchange ended before the stream did: what was delivered until then counts. */
  abandon(): void;
};

export function createResponse(context: Context): Response {
  const { account, rooms, detection } = context;
  let held: ResponseHead | undefined;
  let stream: AnswerStream | undefined;

  const decide = async (head: ResponseHead): Promise<ResponseAnswer> => {
    const input = (reads: Reads) => responseInput(context, head, reads);
    const decision = await evaluate(context, context.options.responseEntrypoint, input);
    account.answerDecision = decision;
    account.reasons = [...account.reasons, ...decision.reasons];
    if (permit(decision) === undefined) return { kind: "answer", answer: deny(context, decision) };
    assertSupported(decision);
    if (asksForMore(decision)) {
      throw new RegentError(
        "obligation_unsupported",
        "Policy asked to change an answer in a way that is not supported.",
      );
    }
    return { kind: "pass", plan: plan(head, decision) };
  };

  const plan = (head: ResponseHead, decision: Decision | undefined): Plan =>
    planResponse({
      exchangeId: account.exchange.id,
      head,
      decision,
      reasons: account.reasons,
      translationWarnings: account.attempts.translation?.warnings ?? [],
      metadata: usageMetadata(account),
    });

  return {
    async head(head, endOfStream) {
      const { attempts } = account;
      attempts.allowed = undefined;
      if (attempts.refusal !== undefined) return passRefusal(account, attempts.refusal, head);
      assertAttempted(account, head);
      account.upstreamStatus = head.status;
      account.status = head.status;
      account.firstByteMs = rooms.clock.monotonicMs() - account.startedMs;
      const mode = endOfStream || account.inference === undefined ? "none" : bodyMode(context, head);
      if (mode === "buffered") {
        held = head;
        // Policy decides on the whole answer; until then Envoy holds the head back.
        return { kind: "pass", body: mode, plan: plan(head, undefined) };
      }
      if (mode === "stream" && detection.kind === "inference") {
        context.framing = framingOf(detection.format, mediaTypeOf(head)) ?? detection.format;
        stream = openAnswerStream(context.framing, {
          hideUsage: account.usageIsHidden,
          keepText: isFull(account),
        });
      }
      const answer = await decide(head);
      return answer.kind === "pass" ? { ...answer, body: mode } : answer;
    },

    async body(body) {
      if (held === undefined || detection.kind !== "inference") throw new RegentError("internal_error");
      const head = held;
      const { format } = detection;
      await timedAsync(context, "formats", async () => {
        const decoded = await decodeAnswer(head, body);
        if (decoded === undefined) return;
        noteAnswer(
          account,
          format.readResponse({ status: head.status, headers: head.headers, bytes: decoded }),
        );
        if (isFull(account)) account.content.response = decoded.toString("utf8");
      });
      return decide(head);
    },

    chunk(chunk, endOfStream) {
      if (stream === undefined) throw new RegentError("internal_error");
      const open = stream;
      const step = timed(context, "formats", () => open.push(chunk, endOfStream));
      if (!step.ended) return { bytes: step.bytes, end: false };
      noteStream(account, open);
      if (step.broken) account.upstreamError ??= "upstream_incomplete" satisfies ErrorCode;
      return { bytes: step.bytes, end: true, metadata: usageMetadata(account) };
    },

    abandon() {
      if (stream !== undefined && account.answer === undefined) noteStream(account, stream);
    },
  };
}

/** What an attempt refused is on its way in the client's dialect already: nothing of it is a model's. */
function passRefusal(account: Account, { headers }: OwnAnswer, head: ResponseHead): ResponseHeadAnswer {
  account.status = head.status;
  const set = headers.filter(([name]) => name === DECISION_ID_HEADER || name === REASON_HEADER);
  const plan: Plan = { headers: { remove: [], set }, clearRouteCache: false, metadata: {} };
  return { kind: "pass", body: "none", plan };
}

/**
 * An Envoy without a filter at the target's cluster has sent the request as it was: in a dialect that the target does not
 * read, or without its key. What came of that is not the answer to the request that was let through.
 *
 * @throws RegentError config_mismatch
 */
function assertAttempted({ attempts, candidate, inference }: Account, { status }: ResponseHead): void {
  if (candidate === undefined || inference === undefined || attempts.made.length > 0 || status >= 400) return;
  if (needsFilter(candidate.target, inference.format))
    throw new RegentError("config_mismatch", "Envoy has no filter of Regent's at the cluster of the target.");
}

/** Whether a decision on an answer has obligations that only a request can meet, or none yet. */
function asksForMore({ redact, limits, transform, route }: Decision): boolean {
  return (
    redact.length + limits.length + transform.bodyPatch.length + route.headers.size > 0 ||
    route.model !== undefined ||
    route.targets !== undefined
  );
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

function noteStream(account: Account, stream: AnswerStream): void {
  const answer = stream.finish();
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

/** A coded body is decoded to be read, and passed on as it came. */
async function decodeAnswer(head: ResponseHead, body: Buffer): Promise<Buffer | undefined> {
  const decoded = await decodeContent(
    body,
    headerValues(head.headers, "content-encoding"),
    READ_ANSWER_BYTES_MAX,
  );
  return decoded.ok ? decoded.bytes : undefined;
}

/** How the body of an answer is read. Only what the dialect has says something; the rest passes without being held up. */
function bodyMode({ detection }: Context, head: ResponseHead): "none" | "buffered" | "stream" {
  if (detection.kind !== "inference") return "none";
  const { answerTypes = [] } = detection.format;
  const type = mediaTypeOf(head);
  const coded = headerValues(head.headers, "content-encoding").length > 0;
  // No coding was asked for (accept-encoding is removed), so a coded stream comes from an upstream that does not listen.
  if (framingOf(detection.format, type) !== undefined) return coded ? "none" : "stream";
  const length = Number(singleHeader(head.headers, "content-length").value ?? "0");
  const isRead = type === "application/json" || type.endsWith("+json") || answerTypes.includes(type);
  return isRead && length <= READ_ANSWER_BYTES_MAX ? "buffered" : "none";
}

function mediaTypeOf({ headers }: ResponseHead): string {
  return (singleHeader(headers, "content-type").value ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function responseInput({ account, rooms }: Context, head: ResponseHead, reads: Reads): Buffer {
  return policyInput(
    {
      phase: "response",
      exchange: account.exchange,
      identity: account.identity,
      bodyBytes: account.requestBody?.bytes,
      inference: account.inference,
      model: account.candidate?.model,
      candidates: account.candidate === undefined ? [] : [account.candidate],
      findings: () => [],
      budgets: () => [],
      estimate: account.estimate,
      response: { head, answer: account.answer, latencyMs: rooms.clock.monotonicMs() - account.startedMs },
    },
    undefined,
    reads,
  );
}
