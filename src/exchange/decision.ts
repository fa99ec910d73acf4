import type { Limit } from "./budget.ts";
import type { JsonValue } from "./json.ts";

/**
 * The kinds of a reason, in the order in which the first decides the status of a denial.
 * The number is the HTTP status that the kind has by default.
 */
export const KIND_STATUS = {
  identity: 401,
  content: 400,
  unknown: 404,
  retired: 410,
  permission: 403,
  budget: 429,
  no_target: 503,
  internal: 500,
} as const;
export type Kind = keyof typeof KIND_STATUS;

export type Reason = {
  /** Stable, documented in docs/errors.md. */
  readonly code: string;
  readonly kind: Kind;
  /** For humans. */
  readonly message: string;
  /** The rule that gave it, `category/rule`, or `regent` for Regent's own. */
  readonly policy: string;
  readonly severity: "error" | "warning";
};

export type Redaction = {
  readonly type: string;
  readonly action: "mask" | "hash" | "tokenize" | "block";
  readonly where: "request" | "response" | "both";
};

/** One operation of RFC 6902. */
export type PatchOperation = {
  readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
  readonly path: string;
  readonly from?: string;
  readonly value?: JsonValue;
};

export type AuditLevel = "full" | "redacted" | "digest";

/** What policy answered, checked against the contract: allow or deny, reasons, and obligations. */
export type Decision = {
  readonly allow: boolean;
  readonly reasons: readonly Reason[];
  readonly status: number | undefined;
  readonly redact: readonly Redaction[];
  readonly route: {
    readonly model?: string;
    /** Names in order of preference; undefined: policy did not say. */
    readonly targets?: readonly string[];
    readonly headers: ReadonlyMap<string, string>;
    /** True: a target of another dialect is refused the request rather than told less than it says. */
    readonly strict?: boolean;
  };
  readonly limits: readonly Limit[];
  readonly transform: {
    readonly setHeaders: ReadonlyMap<string, string>;
    readonly removeHeaders: readonly string[];
    readonly setQuery: ReadonlyMap<string, string>;
    readonly bodyPatch: readonly PatchOperation[];
  };
  readonly audit: { readonly level: AuditLevel; readonly labels: ReadonlyMap<string, string> };
  readonly hold: { readonly approval: string } | undefined;
  readonly response: {
    readonly inspect: boolean;
    readonly maxOutputTokens?: number;
    readonly streamWindowBytes?: number;
  };
  /** Revision of the bundle that decided. */
  readonly revision: string;
};
