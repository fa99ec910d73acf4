import { RegentError } from "../../exchange/errors.ts";
import type { ResponseHead } from "../../exchange/exchange.ts";
import { headerValues } from "../../exchange/headers.ts";
import type { FormatName } from "../../exchange/inference.ts";
import type { Candidate } from "../../exchange/model.ts";
import {
  type AnswerHints,
  isLoss,
  type TranslatedRequest,
  type TranslatedResponse,
  type Translator,
} from "../../translation/index.ts";
import { decodeContent } from "../../wire/content-encoding.ts";
import type { Context } from "../context.ts";
import type { Baseline } from "./attempts.ts";
import { collectWarnings, type Warnings } from "./warnings.ts";

/** How much larger than the largest body of its route a request may become. */
export const TRANSLATION_GROWTH_MAX = 4;

/**
 * The largest body that replaces another at a cluster, in either direction. Envoy's buffers hold as much in the generated
 * configuration, and a larger one ends Envoy 1.40 with a segmentation fault (test/envoy/upstream/large.test.ts).
 */
export const REPLACED_BYTES_MAX = 50 * 1024 * 1024;

/** A request and its answer between two dialects. */
export type Translation = {
  readonly to: FormatName;
  readonly warnings: Warnings;
  /** @throws RegentError body_invalid, body_too_large or translation_unsupported */
  request(body: Buffer, baseline: Baseline): Promise<TranslatedRequest>;
  /** @throws RegentError upstream_invalid */
  response(body: Buffer, head: ResponseHead): TranslatedResponse;
  stream(head: ResponseHead): ReturnType<NonNullable<Translator["stream"]>>;
};

/** @throws RegentError internal_error where one of the two directions has no translator: untranslated, nothing may go there */
export function openTranslation(
  context: Context,
  { version, model }: Candidate,
  to: FormatName,
): Translation {
  const { detection, rooms, account, options } = context;
  if (detection.kind !== "inference") throw new RegentError("internal_error");
  const from = detection.format.name;
  const there = rooms.translation.translatorOf(from, to, version);
  const back = rooms.translation.translatorOf(to, from, version);
  if (there?.request === undefined || back?.response === undefined) throw new RegentError("internal_error");
  const { request } = there;
  const { response, stream } = back;
  const warnings = collectWarnings();
  const bodyBytesMax = options.maxBodyBytes(account.exchange.request);
  let hints: AnswerHints | undefined;
  const factsOf = (head: ResponseHead) => ({ ...answerFacts(context, head), hints });
  return {
    to,
    warnings,
    async request(body, baseline) {
      const bytes = await plainBody(body, baseline, bodyBytesMax);
      const { names, stream: urlStream } = detection.endpoint;
      // The path that was let through names the chosen version, where it names one.
      const urlModel = names.model === undefined ? undefined : version.name;
      const query = account.exchange.request.query ?? "";
      const facts = {
        headers: baseline.headers,
        urlModel,
        urlVersion: names.version,
        urlStream,
        query,
        modelOutputTokens: model.maxOutputTokens,
      };
      const isStrict = options.strictTranslation || account.decision?.route.strict === true;
      const translated = request(bytes, facts, (warning) => {
        if (isStrict && isLoss(warning)) {
          const detail = `${from} cannot become ${to} without a loss at ${warning.member}: ${warning.message}`;
          throw new RegentError("translation_unsupported", detail);
        }
        warnings.add(warning);
      });
      if (translated.bytes.length > Math.min(bodyBytesMax * TRANSLATION_GROWTH_MAX, REPLACED_BYTES_MAX))
        throw new RegentError("body_too_large", `The request is larger than this route takes as ${to}.`);
      hints = translated.hints;
      return translated;
    },
    response: (body, head) => response(body, factsOf(head), (warning) => warnings.add(warning)),
    stream(head) {
      if (stream === undefined) throw new RegentError("upstream_invalid", "The answer is a stream, unasked.");
      return stream(factsOf(head), (warning) => warnings.add(warning));
    },
  };
}

/** A coded body was decoded to be judged, and came on as it was. */
async function plainBody(body: Buffer, { headers }: Baseline, bytesMax: number): Promise<Buffer> {
  const codings = headerValues(headers, "content-encoding");
  if (codings.length === 0) return body;
  const decoded = await decodeContent(body, codings, bytesMax);
  if (!decoded.ok) throw new RegentError("encoding_unsupported", `The request has ${decoded.reason}.`);
  return decoded.bytes;
}

function answerFacts({ account, rooms }: Context, head: ResponseHead) {
  return {
    status: head.status,
    headers: head.headers,
    model: account.inference?.model,
    // Where Regent asked for it, it takes it out again on the way to the client.
    includeUsage: account.usageIsHidden || account.inference?.usageInStream === true,
    nowS: Math.floor(rooms.clock.nowMs() / 1000),
    id: account.exchange.id,
  };
}
