import type { JsonObject } from "../../../src/exchange/json.ts";
import { loopback } from "./envoy.ts";

/** What a test changes in the small gateway of {@link gateway}. */
export type GatewayOptions = {
  /** Where the processor listens. */
  readonly processorPort: number;
  readonly upstreamPort: number;
  /** Merged over the ext_proc filter's configuration. */
  readonly extProc?: JsonObject;
  /** HTTP filters in front of ext_proc. */
  readonly before?: readonly JsonObject[];
  /** Merged over the HTTP connection manager's configuration. */
  readonly manager?: JsonObject;
  /** Merged over the listener, the cluster of the upstream, that of the processor. */
  readonly gatewayListener?: JsonObject;
  readonly upstream?: JsonObject;
  readonly processorCluster?: JsonObject;
  /** Listeners and clusters beside those of the gateway. */
  readonly listeners?: readonly JsonObject[];
  readonly clusters?: readonly JsonObject[];
  /** Entries of `static_resources`' neighbours, such as `bootstrap_extensions`. */
  readonly bootstrap?: JsonObject;
};

/** Bytes of body that the gateway buffers; above it Envoy answers 413. */
export const GATEWAY_BUFFER_BYTES = 256 * 1024;

/** Milliseconds Envoy waits for a reply: long for a busy machine, short for a test of silence. */
export const GATEWAY_MESSAGE_TIMEOUT_MS = 1_000;

/** The `type.googleapis.com` URL of a message. */
export function typed(name: string, config: JsonObject = {}): JsonObject {
  return { "@type": `type.googleapis.com/${name}`, ...config };
}

/** What Regent's filter must be configured with: bodies of requests whole, and answers as Regent asks, one by one. */
export const PROCESSING_MODE: JsonObject = {
  request_header_mode: "SEND",
  request_body_mode: "BUFFERED",
  request_trailer_mode: "SEND",
  response_header_mode: "SEND",
  response_body_mode: "STREAMED",
  response_trailer_mode: "SKIP",
};

/** The modes that Regent asks for. Envoy compares them field by field, so all are spelt out. */
export const OVERRIDE_MODES: readonly JsonObject[] = [
  { ...PROCESSING_MODE, response_body_mode: "NONE" },
  { ...PROCESSING_MODE, response_body_mode: "BUFFERED" },
  { ...PROCESSING_MODE, response_body_mode: "FULL_DUPLEX_STREAMED", response_trailer_mode: "SEND" },
];

/** A bootstrap: one listener `gateway`, ext_proc as Regent wants it, and one upstream. */
export function gateway(options: GatewayOptions): JsonObject {
  return {
    ...options.bootstrap,
    static_resources: {
      listeners: [
        { ...listener("gateway", manager(options)), ...options.gatewayListener },
        ...(options.listeners ?? []),
      ],
      clusters: [
        { ...cluster("upstream", options.upstreamPort), ...options.upstream },
        { ...http2Cluster("processor", options.processorPort), ...options.processorCluster },
        ...(options.clusters ?? []),
      ],
    },
  };
}

export function listener(name: string, httpConnectionManager: JsonObject): JsonObject {
  const filter = {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: httpConnectionManager,
  };
  return {
    name,
    address: loopback(0),
    per_connection_buffer_limit_bytes: GATEWAY_BUFFER_BYTES,
    filter_chains: [{ filters: [filter] }],
  };
}

/** An HTTP connection manager with the filters given and one route to `cluster`. */
export function connectionManager(
  filters: readonly JsonObject[],
  cluster: string,
  more: JsonObject = {},
): JsonObject {
  const router = {
    name: "envoy.filters.http.router",
    typed_config: typed("envoy.extensions.filters.http.router.v3.Router"),
  };
  const routes = [{ match: { prefix: "/" }, route: { cluster, timeout: "0s" } }];
  return typed("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", {
    stat_prefix: cluster,
    codec_type: "AUTO",
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
    http_filters: [...filters, router],
    ...more,
  });
}

function manager(options: GatewayOptions): JsonObject {
  const extProc = {
    name: "envoy.filters.http.ext_proc",
    typed_config: typed("envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor", {
      grpc_service: { envoy_grpc: { cluster_name: "processor" } },
      failure_mode_allow: false,
      message_timeout: `${GATEWAY_MESSAGE_TIMEOUT_MS / 1000}s`,
      allow_mode_override: true,
      allowed_override_modes: OVERRIDE_MODES,
      processing_mode: PROCESSING_MODE,
      ...options.extProc,
    }),
  };
  return connectionManager([...(options.before ?? []), extProc], "upstream", options.manager);
}

/** A static cluster of one endpoint on the loopback interface. */
export function cluster(name: string, port: number): JsonObject {
  const endpoint = { endpoint: { address: loopback(port) } };
  return {
    name,
    type: "STATIC",
    connect_timeout: "1s",
    per_connection_buffer_limit_bytes: GATEWAY_BUFFER_BYTES,
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] },
  };
}

/** The same, spoken to in HTTP/2 without TLS. */
export function http2Cluster(name: string, port: number): JsonObject {
  const protocol = typed("envoy.extensions.upstreams.http.v3.HttpProtocolOptions", {
    explicit_http_config: { http2_protocol_options: {} },
  });
  return {
    ...cluster(name, port),
    typed_extension_protocol_options: { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": protocol },
  };
}
