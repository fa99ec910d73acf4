import type { Decision } from "../../exchange/decision.ts";
import { RegentError } from "../../exchange/errors.ts";
import type { ResponseHead } from "../../exchange/exchange.ts";
import { type HeaderField, headerValues } from "../../exchange/headers.ts";
import { permit } from "../../exchange/permit.ts";
import {
  type Format,
  RESPONSE_BYTES_MAX,
  type ReadAnswer,
  takeApart,
  uninspectable,
} from "../../formats/index.ts";
import { decodeAnswer } from "../../wire/content-encoding.ts";
import type { Context } from "../context.ts";
import { timed } from "../timed.ts";
import { isDemanding } from "./demands.ts";
import { countRedactions, type Judge } from "./judge.ts";
import { outputTokensOf } from "./output-limit.ts";
import { Window } from "./window.ts";

/** A whole body without its content codings, and what it says; undefined where it cannot be decoded. */
export type DecodedAnswer = { readonly bytes: Buffer; readonly answer: ReadAnswer };

/** @param bytesMax the most decoded bytes */
export async function readWhole(
  format: Format,
  head: ResponseHead,
  body: Buffer,
  bytesMax: number,
): Promise<DecodedAnswer | undefined> {
  const decoded = await decodeAnswer(body, headerValues(head.headers, "content-encoding"), bytesMax);
  if (!decoded.ok) return undefined;
  const { status, headers } = head;
  return {
    bytes: decoded.bytes,
    answer: format.readResponse({ status, headers, bytes: decoded.bytes }),
  };
}

/** What policy says of a whole answer, and the body that the client gets in place of the upstream's, where it is another. */
export type JudgedAnswer = {
  readonly decision: Decision;
  readonly body: Buffer | undefined;
  /** Headers that describe the body. */
  readonly headers?: readonly HeaderField[] | undefined;
};

/**
 * Looks a whole answer through, asks policy about it and carries out what is asked of its body.
 *
 * @param read undefined for a body that could not be decoded
 * @throws RegentError
 */
export async function judgeWhole(
  context: Context,
  format: Format,
  judge: Judge,
  head: ResponseHead,
  read: DecodedAnswer | undefined,
): Promise<JudgedAnswer> {
  if (!isDemanding(judge.demands)) {
    const decision = await judge.ask(head, undefined);
    // Only policy on the answer itself asks for it: what it was not told before, it is told now.
    if (permit(decision) === undefined || !isDemanding(judge.demands)) return { decision, body: undefined };
  }
  if (read === undefined) throw uninspectable("its body is not coded as it says");
  assertShort(context, judge, read.answer);
  if (!judge.demands.isInspected) return { decision: await decided(judge, head), body: undefined };
  return inspectWhole(context, format, judge, head, read);
}

async function inspectWhole(
  context: Context,
  format: Format,
  judge: Judge,
  head: ResponseHead,
  { bytes }: DecodedAnswer,
): Promise<JudgedAnswer> {
  if (bytes.length > RESPONSE_BYTES_MAX) throw uninspectable(`it has more than ${RESPONSE_BYTES_MAX} bytes`);
  // No body says nothing: an error without one, or an answer to HEAD.
  if (bytes.length === 0) return { decision: await judge.ask(head, []), body: undefined };
  const window = new Window(0, RESPONSE_BYTES_MAX);
  const part = timed(context, "inspection", () => {
    const taken = takeApart(format, { status: head.status, headers: head.headers, bytes });
    window.push(taken);
    return taken;
  });
  const batch = timed(context, "inspection", () => window.take(true));
  const found = batch?.findings ?? [];
  const decision = await judge.ask(head, found);
  if (permit(decision) === undefined) return { decision, body: undefined };
  const { actions } = judge.demands;
  const body = timed(context, "mutation", () => batch?.release(actions));
  countRedactions(context, found, actions);
  return body === bytes || body === undefined
    ? { decision, body: undefined }
    : { decision, body, headers: part.headers?.() };
}

/** Policy is asked once about an answer that is not inspected, whoever asks for its bound. */
async function decided(judge: Judge, head: ResponseHead): Promise<Decision> {
  return judge.decision ?? judge.ask(head, undefined);
}

function assertShort(context: Context, { demands }: Judge, answer: ReadAnswer): void {
  const { outputTokensMax } = demands;
  if (outputTokensMax === undefined) return;
  if (answer.invalid !== undefined) throw uninspectable("how long it is cannot be read");
  const tokens = outputTokensOf(answer, context.rooms.metering.tokensOf);
  if (tokens > outputTokensMax) {
    const message = `The answer has ${tokens} tokens, and policy allows ${outputTokensMax}.`;
    throw new RegentError("output_limit", message);
  }
}
