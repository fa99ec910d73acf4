import type { Decision } from "../../exchange/decision.ts";
import { RegentError } from "../../exchange/errors.ts";
import { type RedactAction, redactActions, stricter } from "../redact.ts";

/**
 * Bytes of an answer's text that are held back behind each event where policy does not say how many. An address of
 * e-mail has at most 318 characters, and every other thing that detectors look for is known by fewer; at four bytes a
 * token it delays the first words by some hundred tokens.
 */
export const STREAM_WINDOW_BYTES = 512;

/**
 * The largest window that policy may ask for. A chunk of chat has some 200 bytes around 4 of text, so that this much
 * text is up to a megabyte held for each open stream; and nobody waits for four thousand tokens before the first.
 */
export const STREAM_WINDOW_BYTES_MAX = 16 * 1024;

/** What is to be done with the body of an answer. */
export type AnswerDemands = {
  /** Its text is looked through, so nothing leaves that was not. */
  readonly isInspected: boolean;
  /** By the type of a finding. */
  readonly actions: ReadonlyMap<string, RedactAction>;
  /** All choices together. */
  readonly outputTokensMax: number | undefined;
  /** Bytes of text behind an event before it leaves, in a stream that is inspected. */
  readonly windowBytes: number;
};

/**
 * What the decisions on an exchange ask of its answer, together: the more careful of two always holds.
 *
 * @throws RegentError obligation_unsupported for what cannot be done to any answer
 */
export function demandsOf(decisions: readonly Decision[]): AnswerDemands {
  const actions = new Map<string, RedactAction>();
  let outputTokensMax: number | undefined;
  let windowBytes: number | undefined;
  let isInspected = false;
  for (const decision of decisions) {
    const { inspect, maxOutputTokens, streamWindowBytes } = decision.response;
    for (const [type, action] of redactActions(decision, "response"))
      actions.set(type, stricter(actions.get(type), action));
    outputTokensMax = least(outputTokensMax, maxOutputTokens);
    windowBytes =
      streamWindowBytes === undefined ? windowBytes : Math.max(windowBytes ?? 0, streamWindowBytes);
    isInspected ||= inspect || streamWindowBytes !== undefined;
  }
  if (windowBytes !== undefined && windowBytes > STREAM_WINDOW_BYTES_MAX) {
    throw new RegentError(
      "obligation_unsupported",
      `Policy asked for a window of ${windowBytes} bytes, and at most ${STREAM_WINDOW_BYTES_MAX} are held back.`,
    );
  }
  return {
    isInspected: isInspected || actions.size > 0,
    actions,
    outputTokensMax,
    windowBytes: windowBytes ?? STREAM_WINDOW_BYTES,
  };
}

/** Whether anything is asked of the body, so that it must be read. */
export function isDemanding({ isInspected, outputTokensMax }: AnswerDemands): boolean {
  return isInspected || outputTokensMax !== undefined;
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
