import type { Kind } from "./decision.ts";

/**
 * Every code that Regent itself gives, without asking policy. The codes of the shipped rules stand in their METADATA.
 * docs/errors.md lists both; a test holds this table and that page together, in both directions.
 */
export const ERRORS = {
  credentials_ambiguous: {
    kind: "identity",
    status: 401,
    message: "The request carries repeated or contradicting credentials. Send exactly one.",
  },
  credentials_invalid: { kind: "identity", status: 401, message: "The API key is not known here." },
  policy_denied: { kind: "permission", status: 403, message: "Policy does not allow this request." },
  unknown_model: {
    kind: "unknown",
    status: 404,
    message: "No model of this name can be used by this caller.",
  },
  ext_authz_denied: {
    kind: "permission",
    status: 403,
    message: "The authorization policy in front does not allow this request.",
  },
  body_invalid: { kind: "content", status: 400, message: "The request body cannot be read." },
  path_ambiguous: {
    kind: "content",
    status: 400,
    message:
      "The path is spelt in a way that servers read differently. Spell it plainly: of all names only the ARN of a model of " +
      "Bedrock's may have escaped slashes (%2F).",
  },
  upgrade_refused: {
    kind: "content",
    status: 400,
    message: "Protocol upgrades are not governed here and are refused.",
  },
  body_too_large: {
    kind: "content",
    status: 413,
    message: "The request body is larger than this route accepts.",
  },
  request_timeout: { kind: "content", status: 408, message: "The request did not arrive in time." },
  encoding_unsupported: {
    kind: "content",
    status: 415,
    message: "The content-encoding of the request is not supported. Send it plain or as gzip.",
  },
  translation_unsupported: {
    kind: "content",
    status: 400,
    message: "The model that serves this request speaks another dialect, which cannot carry all of it.",
  },
  not_governed: {
    kind: "permission",
    status: 403,
    message: "The request came to the model's cluster without having been let through here.",
  },
  content_blocked: {
    kind: "content",
    status: 400,
    message: "The request contains data that policy does not let through.",
  },
  budget_exceeded: {
    kind: "budget",
    status: 429,
    message: "The request does not fit into the budget that is left.",
  },
  no_permitted_target: {
    kind: "no_target",
    status: 503,
    message: "No target that may serve this request is available.",
  },
  obligation_unsupported: {
    kind: "internal",
    status: 500,
    message: "Policy asked for something that cannot be carried out here.",
  },
  policy_output_invalid: {
    kind: "internal",
    status: 500,
    message: "Policy answered something that is not a decision.",
  },
  policy_trap: { kind: "internal", status: 500, message: "Policy failed while it was evaluated." },
  policy_timeout: { kind: "internal", status: 500, message: "Policy took too long." },
  policy_unavailable: { kind: "internal", status: 503, message: "No policy is loaded." },
  audit_unavailable: {
    kind: "internal",
    status: 503,
    message: "The audit log cannot be written, so nothing is let through.",
  },
  config_mismatch: { kind: "internal", status: 500, message: "Envoy is not configured as this route needs." },
  upstream_incomplete: {
    kind: "internal",
    status: 502,
    message: "The model ended its answer before it was complete.",
  },
  answer_uninspectable: {
    kind: "internal",
    status: 502,
    message: "The answer cannot be inspected as policy asks, so it is not passed on.",
  },
  output_limit: {
    kind: "permission",
    status: 403,
    message: "The answer is longer than policy allows.",
  },
  upstream_invalid: {
    kind: "internal",
    status: 502,
    message: "The model answered something that is not of its dialect.",
  },
  internal_error: { kind: "internal", status: 500, message: "Regent failed while it governed this request." },
} as const satisfies Record<string, { kind: Kind; status: number; message: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** The one error that steps throw. The rescue table of the pipeline turns it into a reply. */
export class RegentError extends Error {
  override readonly name = "RegentError";
  readonly code: ErrorCode;
  /** What exactly and where, for the client; the catalogue's sentence when it is left out. */
  readonly detail: string | undefined;
  /** Seconds, for `retry-after`. */
  readonly retryAfterS: number | undefined;

  /** `cause` goes to the process log, never to a client. */
  constructor(code: ErrorCode, detail?: string, options: { cause?: unknown; retryAfterS?: number } = {}) {
    super(
      `${code}: ${detail ?? ERRORS[code].message}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.detail = detail;
    this.retryAfterS = options.retryAfterS;
  }

  get kind(): Kind {
    return ERRORS[this.code].kind;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  /** Normalises whatever was thrown. */
  static from(error: unknown): RegentError {
    return error instanceof RegentError
      ? error
      : new RegentError("internal_error", undefined, { cause: error });
  }
}
