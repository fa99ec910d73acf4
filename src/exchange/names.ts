import { RegentError } from "./errors.ts";

/** Set by Regent on every governed answer and on what goes upstream. */
export const DECISION_ID_HEADER = "x-regent-decision-id";
/** Set on a denial: the code of the reason that decided. */
export const REASON_HEADER = "x-regent-reason";
/** Set on an answer that passes: the codes of what policy warns of, separated by commas. */
export const WARNING_HEADER = "x-regent-warning";
/** Set on an answer that was translated: what was lost, as `code:pointer`, separated by commas. */
export const TRANSLATION_WARNINGS_HEADER = "x-regent-translation-warnings";
/** Set on what goes upstream: the target Envoy routes by. */
export const TARGET_HEADER = "x-regent-target";
/** Set on what goes upstream, for the model server's own logs. */
export const TENANT_HEADER = "x-regent-tenant";

/** Headers that carry a caller's credentials to Regent. They end here. */
export const CREDENTIAL_HEADERS = [
  "authorization",
  "x-api-key",
  "proxy-authorization",
  // A caller must not bring an account of its own with a provider past the registry.
  "api-key",
  // https://learn.microsoft.com/azure/api-management/api-management-subscriptions
  "ocp-apim-subscription-key",
  "x-goog-api-key",
  "x-goog-user-project",
  "x-amz-security-token",
] as const;

/** Headers that mean something to one dialect alone. What is translated to another loses them. */
export const DIALECT_HEADERS = [
  "anthropic-version",
  "anthropic-beta",
  "anthropic-dangerous-direct-browser-access",
  "openai-organization",
  "openai-project",
  "openai-beta",
  "inference-header-content-length",
] as const;

/** Headers that only Regent and Envoy may set: whatever a client sends under these names is a forgery. */
export function isReservedHeader(name: string): boolean {
  return name.startsWith("x-regent-") || name === "x-forwarded-client-cert";
}

/** @throws RegentError policy_output_invalid when policy sets a header that is Regent's own */
export function assertNotReserved(name: string): void {
  if (isReservedHeader(name))
    throw new RegentError("policy_output_invalid", `Policy may not set the header ${name}.`);
}

/**
 * Headers by which some servers read another method, path or destination than the one that was governed, or give a part of
 * the answer alone: one without its usage, say (https://cloud.google.com/apis/docs/system-parameters).
 */
export const REREADING_HEADERS = [
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url",
  "x-gateway-destination-endpoint",
  "x-goog-fieldmask",
] as const;

/** Headers that describe the bytes of a body, and so are wrong once the bytes change. */
export const BODY_HEADERS = [
  "content-encoding",
  "etag",
  "digest",
  "content-digest",
  "repr-digest",
  "content-md5",
] as const;
