import type { JsonObject, JsonValue } from "../../exchange/json.ts";

/** The codes of OPA's errors. @see https://www.openpolicyagent.org/docs/rest-api#errors */
export type ErrorCode =
  | "internal_error"
  | "invalid_parameter"
  | "undefined_document"
  | "resource_not_found"
  /** Not one of OPA's: what OPA would answer and compiled policies cannot. */
  | "not_implemented";

/** An answer that is an error, thrown from wherever it is found out. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: ErrorCode;
  readonly details: readonly JsonObject[];

  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    options: { readonly details?: readonly JsonObject[]; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.code = code;
    this.details = options.details ?? [];
  }
}

const JSON_HEADERS = { "content-type": "application/json", "cache-control": "no-store" } as const;

/** A value as OPA writes it: one line, or indented by two when `pretty`, with a newline behind it. */
export function jsonReply(value: JsonValue, pretty = false, status = 200): Response {
  const text = pretty ? JSON.stringify(value, null, 2) : JSON.stringify(value);
  return new Response(`${text}\n`, { status, headers: JSON_HEADERS });
}

/** OPA's form of an error, always indented. */
export function errorReply({ status, code, message, details }: ApiError): Response {
  const error = { code, message, ...(details.length === 0 ? {} : { errors: details }) };
  return jsonReply(error, true, status);
}

/** Whether a query parameter is there as OPA takes it for true: `?pretty`, `?pretty=true`. */
export function flag(parameters: URLSearchParams, name: string): boolean {
  const values = parameters.getAll(name);
  if (values.length === 1 && values[0] === "") return true;
  return values.some((value) => value.toLowerCase() === "true");
}
