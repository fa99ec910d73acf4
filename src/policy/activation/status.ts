import type { JsonObject } from "../../exchange/json.ts";
import type { BundleError } from "../bundle/error.ts";

/** What is active of a bundle and what went wrong with it last: for the admin API and metrics. */
export type BundleStatus = {
  readonly name: string;
  /** Where it comes from: a path, or a URL without credentials. */
  readonly path: string;
  /** Empty while none is active. */
  readonly revision: string;
  /** SHA-256 of the active bundle, hex; empty while none is active. */
  readonly digest: string;
  /** RFC 3339, UTC; absent while none is active. */
  readonly activatedAt?: string;
  /** The fault of the newest version, or of the newest look, when it was not well; absent once it is. */
  readonly lastError?: { readonly at: string; readonly message: string };
  /** Versions that were refused and looks that failed, since the start. */
  readonly failures: number;
};

/** Times are milliseconds since the epoch. */
export type BundleRecord = {
  readonly lastRequestMs?: number;
  readonly lastSuccessfulRequestMs?: number;
  readonly lastSuccessfulDownloadMs?: number;
  readonly active?: {
    readonly revision: string;
    readonly digest: string;
    readonly bytes: number;
    readonly atMs: number;
    /** How long it took to check, load and prove, nanoseconds. */
    readonly nanos: number;
  };
  readonly error?: { readonly error: BundleError; readonly atMs: number };
  readonly failures: number;
};

export function statusOf(name: string, path: string, record: BundleRecord): BundleStatus {
  const { active, error, failures } = record;
  return {
    name,
    path,
    revision: active?.revision ?? "",
    digest: active?.digest ?? "",
    ...(active === undefined ? {} : { activatedAt: instant(active.atMs) }),
    ...(error === undefined ? {} : { lastError: { at: instant(error.atMs), message: error.error.message } }),
    failures,
  };
}

/**
 * The status of a bundle as OPA's status API writes it.
 * @see https://www.openpolicyagent.org/docs/management-status#status-service-api
 */
export function opaStatusOf(name: string, record: BundleRecord): JsonObject {
  const { active, error } = record;
  const httpStatus = error?.error.httpStatus;
  return {
    name,
    ...(active === undefined ? {} : { active_revision: active.revision }),
    last_successful_activation: instantOrNever(active?.atMs),
    type: "snapshot",
    ...(active === undefined ? {} : { size: active.bytes }),
    last_successful_download: instantOrNever(record.lastSuccessfulDownloadMs),
    last_successful_request: instantOrNever(record.lastSuccessfulRequestMs),
    last_request: instantOrNever(record.lastRequestMs),
    ...(error === undefined ? {} : { code: "bundle_error", message: error.error.message }),
    ...(error === undefined || error.error.details.length === 0
      ? {}
      : { errors: error.error.details.map(compileErrorOf) }),
    ...(httpStatus === undefined ? {} : { http_code: String(httpStatus) }),
    ...(active === undefined ? {} : { metrics: { timer_bundle_activation_ns: active.nanos } }),
  };
}

/** Go's zero time, which OPA sends where something has not happened yet. */
const NEVER = "0001-01-01T00:00:00Z";

function instantOrNever(ms: number | undefined): string {
  return ms === undefined ? NEVER : instant(ms);
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

const COMPILE_ERROR = /^(.+):(\d+): (rego_\w+): (.*)$/s;

/** A line of OPA's compiler in the form of its API; another line as a message. */
function compileErrorOf(detail: string): JsonObject {
  const [, file, row, code, message] = COMPILE_ERROR.exec(detail) ?? [];
  if (file === undefined || code === undefined || message === undefined) return { message: detail };
  return { code, message, location: { file, row: Number(row) } };
}
