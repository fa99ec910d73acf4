import { status } from "@grpc/grpc-js";
import type { HeaderField } from "../../exchange/headers.ts";
import type { JsonObject } from "../../exchange/json.ts";
import {
  type CheckResponse,
  type CheckResponse2,
  type DeniedHttpResponse,
  HeaderAppendAction,
  type HeaderValueOption,
  type Init,
  type OkHttpResponse,
} from "../codec.ts";
import { structFromJson } from "../struct.ts";

/** What is answered to a CheckRequest, before it says yes or no. */
export type Verdict = {
  readonly allowed: boolean;
  /** Goes out when it is allowed. */
  readonly ok?: Init<OkHttpResponse>;
  /** Goes out when it is not. Absent: Envoy's own 403. */
  readonly denied?: Init<DeniedHttpResponse>;
  /** Envoy files it under `envoy.filters.http.ext_authz`. */
  readonly metadata?: JsonObject;
  /** What Envoy logs beside a denial. */
  readonly message?: string;
  /** The status of a denial, when it is another than PERMISSION_DENIED: something went wrong, and it stays a denial. */
  readonly code?: Exclude<status, status.OK>;
  /** The request could not be read: no policy was asked. */
  readonly unreadable?: true;
};

/** An empty CheckResponse is an allow, so every one of them is made here, where it starts as a denial. */
export function renderVerdict(verdict: Verdict): Init<CheckResponse> {
  const { allowed, ok, metadata } = verdict;
  const dynamicMetadata = metadata === undefined ? undefined : structFromJson(metadata);
  const denial = {
    status: denialStatus(verdict),
    deniedResponse: verdict.denied,
    dynamicMetadata,
  };
  // The one line on which a denial becomes an allow. An allow carries no denied response: Envoy would not look at it.
  return allowed === true ? { status: { code: status.OK }, okResponse: ok, dynamicMetadata } : denial;
}

/**
 * The same in version 2, as opa-envoy-plugin: it knows headers, status and body, and nothing else of a decision. A
 * header has a name and a value there, and no word on what happens to one that is there already.
 */
export function renderVerdict2(verdict: Verdict): Init<CheckResponse2> {
  const { allowed, ok, denied } = verdict;
  const denial = {
    status: denialStatus(verdict),
    deniedResponse: denied && { ...denied, headers: plainHeaders(denied.headers) },
  };
  // The same line as above.
  return allowed === true
    ? { status: { code: status.OK }, okResponse: ok && { headers: plainHeaders(ok.headers) } }
    : denial;
}

function denialStatus({ code = status.PERMISSION_DENIED, message }: Verdict) {
  return { code: code === (status.OK as number) ? status.PERMISSION_DENIED : code, message };
}

function plainHeaders(headers: Init<OkHttpResponse>["headers"]) {
  return (headers ?? []).map(({ header }) => ({ header: { key: header?.key, value: header?.value } }));
}

/**
 * Header fields that replace those of the same name. Both fields say so because Envoy's versions disagree about which of
 * them counts and what their defaults are.
 */
export function overwritingHeaders(fields: readonly HeaderField[]): Init<HeaderValueOption>[] {
  return fields.map(([key, value]) => ({
    header: { key, value },
    append: { value: false },
    appendAction: HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
  }));
}
