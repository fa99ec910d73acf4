import { status } from "@grpc/grpc-js";
import type { HeaderField } from "../../exchange/headers.ts";
import type { JsonObject } from "../../exchange/json.ts";
import {
  type CheckResponse,
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
};

/** An empty CheckResponse is an allow, so every one of them is made here, where it starts as a denial. */
export function renderVerdict({ allowed, ok, denied, metadata, message }: Verdict): Init<CheckResponse> {
  const dynamicMetadata = metadata === undefined ? undefined : structFromJson(metadata);
  const denial = {
    status: { code: status.PERMISSION_DENIED, message },
    deniedResponse: denied,
    dynamicMetadata,
  };
  // The one line on which a denial becomes an allow. An allow carries no denied response: Envoy would not look at it.
  return allowed === true ? { status: { code: status.OK }, okResponse: ok, dynamicMetadata } : denial;
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
