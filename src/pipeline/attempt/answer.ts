import { RegentError } from "../../exchange/errors.ts";
import type { ResponseHead } from "../../exchange/exchange.ts";
import { type HeaderField, headerValues, mediaTypeOf, singleHeader } from "../../exchange/headers.ts";
import { BODY_HEADERS, DIALECT_HEADERS } from "../../exchange/names.ts";
import type { Plan } from "../../exchange/plan.ts";
import { FORMATS, type Format } from "../../formats/index.ts";
import { decodeAnswer } from "../../wire/content-encoding.ts";
import type { Context } from "../context.ts";
import type { ChunkAnswer } from "../governor.ts";
import { timed } from "../timed.ts";
import { REPLACED_BYTES_MAX, type Translation } from "./translate.ts";
import { openTranslatedStream } from "./translated-stream.ts";
import { untranslatable, wholeAnswer } from "./whole-answer.ts";

/** The answer of a target on its way into the client's dialect. */
export type AnswerOfAttempt = {
  readonly headPlan: Plan;
  readonly body: "buffered" | "stream";
  /** @throws RegentError upstream_invalid */
  whole(body: Buffer): Promise<Plan>;
  /** Never throws: what cannot go on ends in a refusal, as the last event of the stream. At once where nothing is coded. */
  chunk(chunk: Buffer, endOfStream: boolean): ChunkAnswer | Promise<ChunkAnswer>;
  /** No more of the answer comes. */
  close(): void;
};

/** @throws RegentError upstream_invalid for an answer that is neither a stream of the target's dialect nor whole */
export function openAnswer(context: Context, translation: Translation, head: ResponseHead): AnswerOfAttempt {
  const client = clientFormat(context);
  const isStream = mediaTypeOf(head.headers) === streamTypeOf(FORMATS[translation.to]);
  return isStream ? streamed(context, client, translation, head) : whole(context, client, translation, head);
}

function streamed(
  context: Context,
  client: Format,
  translation: Translation,
  head: ResponseHead,
): AnswerOfAttempt {
  const stream = openTranslatedStream(context, client, translation, head);
  return {
    headPlan: planWith([["content-type", streamTypeOf(client)]]),
    body: "stream",
    whole: async () => {
      throw new RegentError("internal_error");
    },
    chunk: (chunk, endOfStream) => stream.push(chunk, endOfStream),
    close: () => stream.close(),
  };
}

function whole(
  context: Context,
  client: Format,
  translation: Translation,
  head: ResponseHead,
): AnswerOfAttempt {
  const length = Number(singleHeader(head.headers, "content-length").value ?? "0");
  if (length > REPLACED_BYTES_MAX) throw untranslatable("is too large to be translated");
  return {
    headPlan: planWith([]),
    body: "buffered",
    async whole(body) {
      const codings = headerValues(head.headers, "content-encoding");
      const plain = await decodeAnswer(body, codings, REPLACED_BYTES_MAX);
      if (!plain.ok) throw untranslatable(`has ${plain.reason}`);
      const { bytes, contentType, headers } = timed(context, "translation", () =>
        wholeAnswer(client, { status: head.status, requestId: context.account.exchange.id }, () =>
          translation.response(plain.bytes, head),
        ),
      );
      if (bytes.length > REPLACED_BYTES_MAX) throw untranslatable("is too large when translated");
      return { ...planWith([["content-type", contentType], ...headers]), body: bytes };
    },
    chunk: () => {
      throw new RegentError("internal_error");
    },
    close: () => {},
  };
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
