import type { JsonObject } from "../../../src/exchange/json.ts";
import { cluster, connectionManager, http2Cluster, listener, typed } from "../../envoy/support/config.ts";

/** The filter as OPA's own guide for Envoy configures it. */
function extAuthz(more: JsonObject): JsonObject {
  return {
    name: "envoy.ext_authz",
    typed_config: typed("envoy.extensions.filters.http.ext_authz.v3.ExtAuthz", {
      transport_api_version: "V3",
      with_request_body: { max_request_bytes: 8192, allow_partial_message: true },
      failure_mode_allow: false,
      grpc_service: { envoy_grpc: { cluster_name: "ext-authz" }, timeout: "5s" },
      ...more,
    }),
  };
}

/** A bootstrap with one listener `gateway`, whose requests ext_authz decides, and one upstream. */
export function guarded(grpc: string, upstreamPort: number, more: JsonObject = {}): JsonObject {
  const port = Number(/:(\d+)$/.exec(grpc)?.[1] ?? 0);
  const authz = http2Cluster("ext-authz", port);
  const unix = grpc.startsWith("unix://") ? { load_assignment: pipe(grpc.slice("unix://".length)) } : {};
  return {
    static_resources: {
      listeners: [listener("gateway", connectionManager([extAuthz(more)], "upstream"))],
      clusters: [cluster("upstream", upstreamPort), { ...authz, ...unix }],
    },
  };
}

function pipe(path: string): JsonObject {
  return {
    cluster_name: "ext-authz",
    endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path } } } }] }],
  };
}
