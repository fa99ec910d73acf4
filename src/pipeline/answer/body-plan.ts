import { RegentError } from "../../exchange/errors.ts";
import type { ResponseHead } from "../../exchange/exchange.ts";
import { headerValues, mediaTypeOf, singleHeader } from "../../exchange/headers.ts";
import { framingOf, type StreamFraming, uninspectable } from "../../formats/index.ts";
import { codingOf, isAnswerCoding } from "../../wire/content-encoding.ts";
import type { Context } from "../context.ts";
import type { ResponseBodyMode } from "../governor.ts";
import { type AnswerDemands, isDemanding } from "./demands.ts";

/**
 * The largest answer that is held back to be read: as much as Envoy's connection buffers hold. A larger one passes
 * unread, and is charged what was reserved, unless policy asks for something to be done with it.
 */
export const READ_ANSWER_BYTES_MAX = 50 * 1024 * 1024;

/** How the body of an answer comes, and how it is read. */
export type BodyPlan = {
  readonly mode: ResponseBodyMode;
  /** `events`: as a stream of the dialect. `passing`: a whole answer of which only the account is taken. */
  readonly reading: "unread" | "whole" | "events" | "passing";
  /** Of a stream of events. */
  readonly framing?: StreamFraming;
};

const UNREAD: BodyPlan = { mode: "none", reading: "unread" };

/**
 * How the body of an answer is read. Only what the dialect has says something; the rest passes without being held up,
 * unless policy asks for something to be done with it.
 *
 * @throws RegentError answer_uninspectable, or obligation_unsupported where the route lets answers pass as they come
 */
export function bodyPlanOf(
  { detection, account, options }: Context,
  head: ResponseHead,
  endOfStream: boolean,
  demands: AnswerDemands,
): BodyPlan {
  if (endOfStream) return UNREAD;
  const isAsked = isDemanding(demands);
  if (detection.kind !== "inference" || account.inference === undefined) {
    if (isAsked) throw uninspectable("it is the answer to no inference");
    return UNREAD;
  }
  const { format } = detection;
  const passesAsItComes = options.passesAnswers(account.exchange.request);
  const type = mediaTypeOf(head.headers);
  const framing = framingOf(format, type, detection.endpoint);
  if (framing !== undefined) {
    const coding = codingOf(headerValues(head.headers, "content-encoding"));
    if (coding === undefined || isAnswerCoding(coding))
      return { mode: passesAsItComes ? "chunks" : "stream", reading: "events", framing };
    if (isAsked) throw uninspectable("its content coding is not known");
    return UNREAD;
  }
  const length = Number(singleHeader(head.headers, "content-length").value ?? "0");
  const isRead =
    type === "application/json" || type.endsWith("+json") || format.answerTypes?.includes(type) === true;
  if (!isRead || !(length <= READ_ANSWER_BYTES_MAX)) {
    if (isAsked) throw uninspectable(isRead ? "it is too large" : "its content-type is not one that is read");
    return UNREAD;
  }
  if (!passesAsItComes) return { mode: "buffered", reading: "whole" };
  if (isAsked) {
    throw new RegentError(
      "obligation_unsupported",
      "Policy asks for a whole answer to be judged, and answers of this route pass as they come.",
    );
  }
  return { mode: "chunks", reading: "passing" };
}
