import { KIND_STATUS, type Kind, type Reason } from "../exchange/decision.ts";
import { ERRORS, type RegentError } from "../exchange/errors.ts";
import type { HeaderField } from "../exchange/headers.ts";
import { DECISION_ID_HEADER, REASON_HEADER } from "../exchange/names.ts";
import type { OwnAnswer } from "../exchange/plan.ts";

/** How a dialect words a refusal. */
export type RenderRefusal = (refusal: {
  status: number;
  code: string;
  message: string;
  requestId: string;
}) => {
  readonly contentType: string;
  readonly body: Buffer;
  readonly headers?: readonly HeaderField[];
  readonly grpcStatus?: number;
};

/** What a denial consists of before it is worded in a dialect. */
export type Denial = {
  /** Not empty; the first of the most pressing kind decides. */
  readonly reasons: readonly Reason[];
  /** Overrides the status of the kind. */
  readonly status: number | undefined;
  /** Seconds. */
  readonly retryAfterS: number | undefined;
};

const KINDS = Object.keys(KIND_STATUS) as Kind[];

/** The reason that decides a denial: the first of the most pressing kind among those of severity error. */
export function decidingReason(reasons: readonly Reason[]): Reason {
  const errors = reasons.filter((reason) => reason.severity === "error");
  for (const kind of KINDS) {
    const found = errors.find((reason) => reason.kind === kind);
    if (found !== undefined) return found;
  }
  return UNREASONED;
}

/** A denial for which policy gave no reason. It stays a denial. */
const UNREASONED: Reason = {
  code: "policy_denied",
  kind: "permission",
  message: "Policy does not allow this request.",
  policy: "regent",
  severity: "error",
};

/** A denial of Regent's own: it has its status. */
export type ErrorDenial = Denial & { readonly status: number };

/** The denial that an error of Regent's own amounts to. */
export function denialFromError(error: RegentError): ErrorDenial {
  const reason: Reason = {
    code: error.code,
    kind: error.kind,
    message: error.detail ?? ERRORS[error.code].message,
    policy: "regent",
    severity: "error",
  };
  return { reasons: [reason], status: error.status, retryAfterS: error.retryAfterS };
}

/** Words a denial. The status is always one of 400 to 599: below 200 Envoy would answer an empty 200. */
export function renderDenial(exchangeId: string, denial: Denial, render: RenderRefusal): OwnAnswer {
  const reason = decidingReason(denial.reasons);
  const status = denial.status ?? KIND_STATUS[reason.kind];
  const { code, message } = reason;
  const {
    contentType,
    body,
    headers = [],
    grpcStatus,
  } = render({ status, code, message, requestId: exchangeId });
  return {
    status,
    headers: [
      ["content-type", contentType],
      [DECISION_ID_HEADER, exchangeId],
      [REASON_HEADER, code],
      ...headers,
      ...(denial.retryAfterS === undefined
        ? []
        : [["retry-after", String(denial.retryAfterS)] as HeaderField]),
      // The official SDKs retry 429 and 5xx at once unless told not to; the same request would be refused again.
      ...(RETRY_IS_VAIN.has(reason.kind) ? [["x-should-retry", "false"] as HeaderField] : []),
    ],
    body,
    ...(grpcStatus === undefined ? {} : { grpcStatus }),
    details: `regent_${code}`,
  };
}

const RETRY_IS_VAIN: ReadonlySet<Kind> = new Set(["budget", "no_target", "internal"]);

/** A document that Regent answers by itself, such as the list of models. */
export function renderDocument(exchangeId: string, contentType: string, body: Buffer): OwnAnswer {
  return {
    status: 200,
    headers: [
      ["content-type", contentType],
      [DECISION_ID_HEADER, exchangeId],
      ["cache-control", "no-store"],
    ],
    body,
    details: "regent_document",
  };
}
