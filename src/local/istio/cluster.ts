import { upstreamFilters } from "../envoy/filters.ts";
import { Noted, note, type Yaml } from "../envoy/note.ts";

/** The host of the ServiceEntry that makes Regent known to Istio, on the loopback of the pod. */
export const REGENT_HOST = "regent.local";
/** The cluster that Istio makes of it. */
const REGENT_CLUSTER = `outbound|9191||${REGENT_HOST}`;
const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** Which of Istio's clusters a patch is for: https://istio.io/latest/docs/reference/config/networking/envoy-filter/ */
export type ClusterMatch = {
  readonly context: "GATEWAY" | "SIDECAR_INBOUND" | "SIDECAR_OUTBOUND";
  readonly cluster: { readonly service?: string; readonly portNumber?: number };
};

/** How a target is spoken to. */
export type Connection = { readonly tls: boolean; readonly http2: boolean };

/** Puts the filter that translates and adds keys into the cluster of a target. */
export function targetPatch(match: ClusterMatch, target: string, { tls, http2 }: Connection): Yaml {
  return httpOptionsPatch(match, {
    ...(tls
      ? {
          upstream_http_protocol_options: note(
            "As Istio has it where it begins TLS itself: the certificate must be of the host that was asked for.",
            { auto_sni: true, auto_san_validation: true },
          ),
        }
      : {}),
    explicit_http_config: http2 ? { http2_protocol_options: {} } : { http_protocol_options: {} },
    http_filters: filtersThroughIstio(target),
  });
}

/** The filters at the cluster of a target, which ask Regent by the cluster that Istio makes. */
export function filtersThroughIstio(target: string): Yaml[] {
  return upstreamFilters(target).map((filter) => (callsRegent(filter) ? throughIstio(filter) : filter));
}

/**
 * MERGE replaces an entry of a map, it does not merge into it (Istio's pkg/proto/merge, as in proto.Merge). So `options`
 * must say all of what Istio says there: Envoy refuses options without a protocol, and would take a certificate of any name
 * without `auto_san_validation`.
 */
export function httpOptionsPatch(
  match: ClusterMatch,
  options: { readonly [key: string]: Yaml },
  beside: { readonly [key: string]: Yaml } = {},
): Yaml {
  const typed_extension_protocol_options = {
    [HTTP_OPTIONS]: { "@type": `type.googleapis.com/${HTTP_OPTIONS}`, ...options },
  };
  const value = { ...beside, typed_extension_protocol_options };
  return { applyTo: "CLUSTER", match, patch: { operation: "MERGE", value } };
}

function callsRegent(filter: Yaml): boolean {
  return value(value(filter, "typed_config"), "grpc_service") !== undefined;
}

/** A filter that asks Regent by the cluster that Istio makes. */
export function throughIstio(filter: Yaml): Yaml {
  if (filter instanceof Noted) return new Noted(filter.reason, throughIstio(filter.value));
  const config = value(filter, "typed_config");
  const service = value(config, "grpc_service");
  const authority = note(
    "Without it Envoy sends the cluster's name, which HTTP/2 servers refuse for its bars.",
    REGENT_HOST,
  );
  const grpc_service = {
    ...(service as object),
    envoy_grpc: { cluster_name: REGENT_CLUSTER, authority },
  };
  return { ...(filter as object), typed_config: { ...(config as object), grpc_service } };
}

function value(of: Yaml | undefined, key: string): Yaml | undefined {
  const object = of instanceof Noted ? of.value : of;
  return (object as { readonly [key: string]: Yaml } | undefined)?.[key];
}
