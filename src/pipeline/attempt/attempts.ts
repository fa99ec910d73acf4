import type { Headers } from "../../exchange/headers.ts";
import type { Candidate } from "../../exchange/model.ts";
import type { Permit } from "../../exchange/permit.ts";
import type { OwnAnswer } from "../../exchange/plan.ts";
import type { Record } from "../../exchange/record.ts";

/** What the attempts to reach a target have in common, and what they leave for the record. */
export type Attempts = {
  /** Undefined until the request was let through, and once its answer has begun: no attempt is one then. */
  allowed: AllowedAttempts | undefined;
  /** What the first attempt was shown. Envoy shows a later one what the one before made of it. */
  baseline: Baseline | undefined;
  /** Names of headers that attempts have changed so far, lower case. */
  readonly changed: Set<string>;
  /** In the order in which they began. */
  readonly made: AttemptFacts[];
  /** Of the attempt that began last; undefined where it was sent as it came. */
  translation: NonNullable<Record["translation"]> | undefined;
  /** What an attempt answered by itself in place of a target. It is on its way to the client. */
  refusal: OwnAnswer | undefined;
  /**
   * Bytes of the translated stream up to the end of the error event that breaks it off; undefined while it goes on. The
   * filter at the listener ends the stream there, because only then Envoy closes the target's connection.
   */
  brokenOffAt: number | undefined;
};

/** What an attempt may do. */
export type AllowedAttempts = {
  readonly permit: Permit;
  /** All of one version, the chosen one first. Later requests of a stream may leave fewer. */
  candidates: readonly Candidate[];
  /** SHA-256 of the body that was let through, hex; undefined where the request has none, or is a stream of them. */
  readonly bodySha256: string | undefined;
  /** Requests go on one by one, each as it is let through at the listener. Absent: the body was there before. */
  readonly isStreamed?: boolean;
};

export type Baseline = { readonly path: string; readonly headers: Headers };

export type AttemptFacts = {
  readonly target: string;
  readonly startedMs: number;
  readonly translatedTo: string | undefined;
  /** Whether it left for the target. */
  sent: boolean;
  /** Undefined: no answer came. */
  status: number | undefined;
  /** Milliseconds to the head of the answer, or to the end of an attempt without one; undefined before. */
  ms: number | undefined;
};

export function noAttempts(): Attempts {
  return {
    allowed: undefined,
    baseline: undefined,
    changed: new Set(),
    made: [],
    translation: undefined,
    refusal: undefined,
    brokenOffAt: undefined,
  };
}

/** Those that left, as the record has them. An exchange may end before its attempts do. */
export function recordedAttempts({ made }: Attempts, nowMs: number): Record["attempts"] {
  const sent = made.filter((attempt) => attempt.sent);
  if (sent.length === 0) return undefined;
  return sent.map(({ target, status, translatedTo, startedMs, ms = nowMs - startedMs }) => ({
    target,
    ...(status === undefined ? {} : { status }),
    ...(translatedTo === undefined ? {} : { translatedTo }),
    ms: Math.round(ms * 1000) / 1000,
  }));
}
