import { ERRORS, RegentError } from "../../exchange/errors.ts";
import type { ResponseHead } from "../../exchange/exchange.ts";
import { type HeaderField, headerValues, mediaTypeOf, singleHeader } from "../../exchange/headers.ts";
import { BODY_HEADERS, DIALECT_HEADERS } from "../../exchange/names.ts";
import type { Plan } from "../../exchange/plan.ts";
import { FORMATS, type Format } from "../../formats/index.ts";
import type { TranslatedResponse } from "../../translation/index.ts";
import { decodeContent } from "../../wire/content-encoding.ts";
import type { Context } from "../context.ts";
import type { ChunkAnswer } from "../governor.ts";
import { rescueStream } from "../rescue.ts";
import { timed } from "../timed.ts";
import { REPLACED_BYTES_MAX, type Translation } from "./translate.ts";

/** The answer of a target on its way into the client's dialect. */
export type AnswerOfAttempt = {
  readonly headPlan: Plan;
  readonly body: "buffered" | "stream";
  /** @throws RegentError upstream_invalid */
  whole(body: Buffer): Promise<Plan>;
  /** Never throws: what cannot go on ends in a refusal, as the last event of the stream. */
  chunk(chunk: Buffer, endOfStream: boolean): ChunkAnswer;
};

/**
 * Bytes of a stream that is translated. 128,000 tokens, each in an event of its own in the wordiest dialect, have some
 * 50 MB. A target may be faster than its answer is translated, and what it sends meanwhile waits in Envoy's memory.
 */
export const STREAM_BYTES_MAX = 64 * 1024 * 1024;

const NO_BYTES = Buffer.alloc(0);

/** @throws RegentError upstream_invalid for an answer that is neither a stream of the target's dialect nor whole */
export function openAnswer(context: Context, translation: Translation, head: ResponseHead): AnswerOfAttempt {
  const client = clientFormat(context);
  const isStream = mediaTypeOf(head.headers) === streamTypeOf(FORMATS[translation.to]);
  return isStream ? streamed(context, client, translation, head) : whole(context, client, translation, head);
}

function whole(
  context: Context,
  client: Format,
  translation: Translation,
  head: ResponseHead,
): AnswerOfAttempt {
  const length = Number(singleHeader(head.headers, "content-length").value ?? "0");
  if (length > REPLACED_BYTES_MAX) throw invalid("is too large to be translated");
  return {
    headPlan: planWith([]),
    body: "buffered",
    async whole(body) {
      const codings = headerValues(head.headers, "content-encoding");
      const plain = await decodeContent(body, codings, REPLACED_BYTES_MAX);
      if (!plain.ok) throw invalid(`has ${plain.reason}`);
      const { bytes, contentType, headers } = timed(context, "translation", () =>
        translatedWhole(context, client, translation, head, plain.bytes),
      );
      if (bytes.length > REPLACED_BYTES_MAX) throw invalid("is too large when translated");
      return { ...planWith([["content-type", contentType], ...headers]), body: bytes };
    },
    chunk: () => {
      throw new RegentError("internal_error");
    },
  };
}

/** An error in words that are no dialect's (a proxy's page, say) keeps its status, in words of the client's dialect. */
function translatedWhole(
  context: Context,
  client: Format,
  translation: Translation,
  head: ResponseHead,
  bytes: Buffer,
): TranslatedResponse {
  try {
    const translated = translation.response(bytes, head);
    // Clients of most dialects look for an error only where the status is one.
    if (translated.isFailure && head.status < 400) throw invalid("is an error under a status of success");
    return translated;
  } catch (error) {
    const known = RegentError.from(error);
    if (known.code !== "upstream_invalid" || head.status < 400) throw error;
    const { message } = ERRORS.upstream_invalid;
    const requestId = context.account.exchange.id;
    const { body, contentType } = client.refuse({
      status: head.status,
      code: "upstream_invalid",
      message,
      requestId,
    });
    return { bytes: body, contentType, headers: [] };
  }
}

function streamed(
  context: Context,
  client: Format,
  translation: Translation,
  head: ResponseHead,
): AnswerOfAttempt {
  // No coding was asked for.
  if (headerValues(head.headers, "content-encoding").length > 0) throw invalid("is a coded stream");
  const translator = translation.stream(head);
  let room = STREAM_BYTES_MAX;
  const { attempts } = context.account;
  let given = 0;
  const pass = (bytes: Buffer, end: boolean): ChunkAnswer => {
    given += bytes.length;
    return { bytes, end };
  };
  /** What still comes of a stream that has not ended by itself is dropped, until Envoy has closed it. */
  const breakOff = (bytes: Buffer, end: boolean): ChunkAnswer => {
    const answer = pass(bytes, end);
    attempts.brokenOffAt = given;
    return answer;
  };
  const fault = (error: RegentError) => wordFault(context, client, error);
  return {
    headPlan: planWith([["content-type", streamTypeOf(client)]]),
    body: "stream",
    whole: async () => {
      throw new RegentError("internal_error");
    },
    chunk(chunk, endOfStream) {
      if (attempts.brokenOffAt !== undefined) return pass(NO_BYTES, endOfStream);
      try {
        room -= chunk.length;
        if (room < 0) return breakOff(fault(invalid("is a stream that does not end")), endOfStream);
        return timed(context, "translation", () => {
          const piece = translator.push(chunk);
          if (piece.fault !== undefined)
            return breakOff(Buffer.concat([piece.bytes, fault(invalid(piece.fault))]), endOfStream);
          if (!endOfStream) return pass(piece.bytes, false);
          const last = translator.end();
          const bytes = [piece.bytes, last.bytes];
          if (!last.complete) bytes.push(fault(new RegentError("upstream_incomplete")));
          return pass(Buffer.concat(bytes), true);
        });
      } catch (error) {
        return breakOff(rescueStream(context, error), endOfStream);
      }
    },
  };
}

/** What is wrong with the upstream's stream as its last event: an error of the upstream's, and no denial. */
function wordFault({ account }: Context, client: Format, { code, status, detail }: RegentError): Buffer {
  account.upstreamError ??= code;
  const message = detail ?? ERRORS[code].message;
  return client.refuseInStream({ status, code, message, requestId: account.exchange.id });
}

/** What the target said of its own bytes is wrong for those that the client gets. */
function planWith(set: readonly HeaderField[]): Plan {
  const remove = [...BODY_HEADERS, ...DIALECT_HEADERS].filter((name) =>
    set.every(([given]) => given !== name),
  );
  return { headers: { remove, set }, clearRouteCache: false, metadata: {} };
}

function clientFormat({ detection }: Context): Format {
  if (detection.kind !== "inference") throw new RegentError("internal_error");
  return detection.format;
}

function streamTypeOf({ streamType = "text/event-stream" }: Format): string {
  return streamType;
}

function invalid(what: string): RegentError {
  return new RegentError("upstream_invalid", `The model's answer cannot be translated: it ${what}.`);
}
