import { existsSync } from "node:fs";
import { isIP } from "node:net";
import type { Address } from "../../config/address.ts";
import { TARGET_OF_HOST } from "../../envoy/upstream/upstream.ts";
import { REGENT_CLUSTER, REGENT_STREAMS_CLUSTER, seconds, upstreamFilters } from "./filters.ts";
import { note, type Yaml } from "./note.ts";
import { COUNTS, type EnvoyOptions, type EnvoyTarget, FALLBACKS_MAX, sizesFor, TIMES } from "./options.ts";
import { type Origin, originOf } from "./origin.ts";

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/**
 * The largest window that HTTP/2 has (RFC 9113 section 6.9.1). Envoy 1.40 ends with a segmentation fault when a stream whose
 * filter at a cluster has more to send to Regent than this is torn down, and a target can be faster than any translation.
 */
export const REGENT_STREAM_WINDOW_BYTES = 2 ** 31 - 1;

/**
 * Bytes of a stream of requests, and of the answers to it, that wait for Regent in Envoy before Envoy reads no more of the
 * client or the target. What a client sends faster than it is judged would else fill Envoy's memory, because a stream of
 * requests has no end that a buffer could be made for. The crash above is one of filters at a cluster: this one is for
 * the filter at the listener.
 */
export const REQUEST_STREAM_WINDOW_BYTES = 1024 ** 2;

/**
 * Bytes that Envoy reads of a target before it turns to anything else. With as much as a body may have, a target that never
 * pauses gets 40 bytes into Envoy for each that Regent has translated; with this it is some 20 to 33, and its stream is cut
 * off when half of the window above is full. The buffers of a stream, which must hold whole bodies, have the limit of the buffer
 * filter.
 */
export const TARGET_READ_BYTES = 64 * 1024;

/** Regent's gRPC services, and one cluster a target. */
export function clusters(options: EnvoyOptions): Yaml[] {
  const buffer = sizesFor(options.bodyBytesMax).connectionBuffer;
  return [
    ...(options.filters === "none" ? [] : [regentCluster(options.regent, buffer)]),
    ...(isGovernedAtTarget(options) ? [regentStreamsCluster(options.regent, buffer)] : []),
    ...options.targets.map((target) => targetCluster(target, buffer, isGovernedAtTarget(options))),
    ...options.targets.flatMap((target) => {
      const others = fallbacksOf(target, options);
      return others.length === 0 ? [] : [retryCluster(target, others, buffer)];
    }),
  ];
}

function regentCluster(endpoint: Address, buffer: number): Yaml {
  const window = note(
    "It also limits what waits to be sent on a stream. Beyond it Envoy holds back a target, and crashes when the\n" +
      "client or Regent ends the request meanwhile.",
    REGENT_STREAM_WINDOW_BYTES,
  );
  return clusterOfRegent(REGENT_CLUSTER, endpoint, buffer, window);
}

function regentStreamsCluster(endpoint: Address, buffer: number): Yaml {
  const window = note(
    "What waits for Regent before Envoy reads no more of a client that sends faster than it is judged.",
    REQUEST_STREAM_WINDOW_BYTES,
  );
  return clusterOfRegent(REGENT_STREAMS_CLUSTER, endpoint, buffer, window);
}

function clusterOfRegent(name: string, endpoint: Address, buffer: number, window: Yaml): Yaml {
  const isName = endpoint.kind === "tcp" && isIP(endpoint.host) === 0;
  return {
    name,
    ...common(isName, buffer),
    typed_extension_protocol_options: {
      [HTTP_OPTIONS]: {
        "@type": `type.googleapis.com/${HTTP_OPTIONS}`,
        explicit_http_config: {
          http2_protocol_options: note("A half-open connection is noticed before requests pile up on it.", {
            connection_keepalive: { interval: seconds(30), timeout: seconds(TIMES.connect) },
            initial_stream_window_size: window,
          }),
        },
      },
    },
    load_assignment: assignment(name, endpoint),
  };
}

/** ext_authz alone has nothing to do at a cluster, and says so to whoever needs it done. */
function isGovernedAtTarget({ filters }: EnvoyOptions): boolean {
  return filters === "both" || filters === "ext_proc";
}

/**
 * Where a request goes when a target fails, in order; empty where nothing could translate it anew.
 *
 * @throws Error with a sentence when a name is none of a target
 */
export function fallbacksOf({ name, fallbacks = [] }: EnvoyTarget, options: EnvoyOptions): readonly string[] {
  if (fallbacks.length === 0) return [];
  if (!isGovernedAtTarget(options)) throw new Error("a request can only be sent elsewhere with ext_proc");
  const known = new Set(options.targets.map((target) => target.name));
  for (const other of fallbacks)
    if (!known.has(other)) throw new Error(`there is no target ${other}: give it with --target`);
  if (new Set([name, ...fallbacks]).size !== fallbacks.length + 1)
    throw new Error(`a request for ${name} is sent to each target once`);
  if (fallbacks.length > FALLBACKS_MAX)
    throw new Error(`a request for ${name} is sent to ${FALLBACKS_MAX} other targets at most`);
  return fallbacks;
}

/** A name that no target can have. */
export function retryClusterName(target: string): string {
  return `retry:${target}`;
}

function retryCluster(target: EnvoyTarget, others: readonly string[], buffer: number): Yaml {
  const filters = upstreamFilters(TARGET_OF_HOST);
  return clusterOfSeveral(retryClusterName(target.name), [target.name, ...others], buffer, filters);
}

/** One after the other, in their order: whether policy permits one, Regent says at each attempt. */
export function clusterOfSeveral(
  name: string,
  members: readonly string[],
  buffer: number,
  filters: readonly Yaml[],
): Yaml {
  return {
    name,
    connect_timeout: seconds(TIMES.connect),
    lb_policy: "CLUSTER_PROVIDED",
    cluster_type: {
      name: "envoy.clusters.composite",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.clusters.composite.v3.ClusterConfig",
        clusters: members.map((member) => ({ name: member })),
      },
    },
    per_connection_buffer_limit_bytes: buffer,
    circuit_breakers: breakers(COUNTS.retries),
    typed_extension_protocol_options: {
      [HTTP_OPTIONS]: {
        "@type": `type.googleapis.com/${HTTP_OPTIONS}`,
        explicit_http_config: { http_protocol_options: {} },
        http_filters: note(
          "Envoy runs these at every attempt, and never those of the clusters above.",
          filters,
        ),
      },
    },
  };
}

function targetCluster(target: EnvoyTarget, buffer: number, governed: boolean): Yaml {
  const filters = governed ? upstreamFilters(target.name) : undefined;
  return clusterOfTarget(target.name, target, { buffer, filters, caFile: systemCaFile() });
}

type ClusterOptions = {
  /** Bytes of a connection's buffer, where no filter at the cluster reads what comes. */
  readonly buffer: number;
  readonly filters: readonly Yaml[] | undefined;
  /** Of the certificates that are trusted, where Envoy runs. */
  readonly caFile: string;
};

/** The one endpoint of a target, which carries the target's name. */
export function clusterOfTarget(
  name: string,
  target: EnvoyTarget,
  { buffer, filters, caFile }: ClusterOptions,
): Yaml {
  const origin = originOf(target.origin);
  return {
    name,
    ...common(!origin.isAddress, filters === undefined ? buffer : TARGET_READ_BYTES),
    typed_extension_protocol_options: {
      [HTTP_OPTIONS]: {
        "@type": `type.googleapis.com/${HTTP_OPTIONS}`,
        common_http_protocol_options: { idle_timeout: seconds(TIMES.connectionIdle) },
        explicit_http_config: origin.http2 ? { http2_protocol_options: {} } : { http_protocol_options: {} },
        ...(filters === undefined ? {} : { http_filters: filters }),
      },
    },
    ...(origin.tls ? { transport_socket: tls(origin, caFile) } : {}),
    load_assignment: assignment(
      name,
      { kind: "tcp", host: origin.host, port: origin.port },
      { target: target.name, host: origin.authority },
    ),
  };
}

function common(isName: boolean, buffer: number): { readonly [key: string]: Yaml } {
  return {
    // All addresses of a name are tried in turn (RFC 8305): `localhost` is two, and often only one of them listens.
    ...(isName ? { type: "LOGICAL_DNS", dns_lookup_family: "ALL" } : { type: "STATIC" }),
    connect_timeout: seconds(TIMES.connect),
    per_connection_buffer_limit_bytes: buffer,
    circuit_breakers: breakers(0),
  };
}

function breakers(retriesMax: number): Yaml {
  return {
    thresholds: [
      {
        max_connections: COUNTS.exchanges,
        max_pending_requests: COUNTS.exchanges,
        max_requests: COUNTS.exchanges,
        max_retries: retriesMax,
      },
    ],
  };
}

/** A server certificate must be of the name that was asked for, signed by a CA of the file. */
function tls({ host, isAddress, http2 }: Origin, caFile: string): Yaml {
  const sameAddress = {
    match_typed_subject_alt_names: [{ san_type: "IP_ADDRESS", matcher: { exact: host } }],
  };
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
      ...(isAddress ? {} : { sni: host, auto_sni_san_validation: true }),
      common_tls_context: {
        ...(http2 ? { alpn_protocols: ["h2"] } : {}),
        validation_context: { trusted_ca: { filename: caFile }, ...(isAddress ? sameAddress : {}) },
      },
    },
  };
}

const CA_FILES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem",
];

function systemCaFile(): string {
  const named = process.env.SSL_CERT_FILE;
  if (named !== undefined && named !== "") return named;
  return CA_FILES.find((file) => existsSync(file)) ?? (CA_FILES[0] as string);
}

/** `whose`: by which a cluster of several tells whose endpoint it has picked, and the host that requests to it name. */
function assignment(
  name: string,
  endpoint: Address,
  whose?: { readonly target: string; readonly host: string },
): Yaml {
  const address: Yaml =
    endpoint.kind === "unix"
      ? { pipe: { path: endpoint.path } }
      : { socket_address: { address: endpoint.host, port_value: endpoint.port } };
  const endpoints =
    whose === undefined
      ? { endpoint: { address } }
      : { endpoint: { address, hostname: whose.host }, metadata: { filter_metadata: { regent: whose } } };
  return { cluster_name: name, endpoints: [{ lb_endpoints: [endpoints] }] };
}
