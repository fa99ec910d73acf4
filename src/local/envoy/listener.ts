import { FORMATS } from "../../formats/index.ts";
import { fallbacksOf, retryClusterName } from "./clusters.ts";
import { httpFilters, seconds, streamFilters } from "./filters.ts";
import { localReplies } from "./local-replies.ts";
import { note, type Yaml } from "./note.ts";
import { COUNTS, type EnvoyOptions, type EnvoyTarget, sizesFor, TIMES } from "./options.ts";
import { originOf } from "./origin.ts";

/** The header by which Regent says where a request goes. */
const TARGET_HEADER = "x-regent-target";

/**
 * Bytes that a client may send on a stream of HTTP/2 before Envoy has dealt with them. Of a stream of requests that is held
 * back they are one message to Regent, which takes up to some 50 MiB; Envoy's default is 16 MiB.
 */
export const CLIENT_STREAM_WINDOW_BYTES = 1024 ** 2;

/**
 * What an Envoy in front takes for said by this one
 * (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter).
 */
const HEADERS_OF_ENVOYS = [
  "x-envoy-decorator-operation",
  "x-envoy-degraded",
  "x-envoy-immediate-health-check-fail",
  "x-envoy-overloaded",
  "x-envoy-ratelimited",
  "x-envoy-upstream-canary",
  "x-envoy-upstream-healthchecked-cluster",
];

/** The listener that clients talk to. */
export function listener(options: EnvoyOptions): Yaml {
  return {
    name: "ingress",
    address: { socket_address: { address: options.listen.host, port_value: options.listen.port } },
    per_connection_buffer_limit_bytes: note(
      "Far above the largest body, here and at every cluster: Envoy crashes when a replaced body does not fit.",
      sizesFor(options.bodyBytesMax).connectionBuffer,
    ),
    filter_chains: [
      {
        filters: [
          { name: "envoy.filters.network.http_connection_manager", typed_config: connectionManager(options) },
        ],
      },
    ],
  };
}

function connectionManager(options: EnvoyOptions): Yaml {
  return {
    "@type":
      "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: "ingress",
    codec_type: "AUTO",
    ...canonicalPath(options),
    ...trust(),
    ...bounds(),
    early_header_mutation_extensions: note(
      "Routes are chosen by the first, and Envoy and servers behind it believe the others, so a client's own are gone\n" +
        "before anything reads them.",
      [
        {
          name: "envoy.http.early_header_mutation.header_mutation",
          typed_config: {
            "@type":
              "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
            mutations: [
              { remove: TARGET_HEADER },
              { remove_on_match: { key_matcher: { prefix: "x-envoy-", ignore_case: true } } },
            ],
          },
        },
      ],
    ),
    server_header_transformation: "PASS_THROUGH",
    local_reply_config: note("Envoy's own answers speak the dialect of the clients too.", localReplies()),
    access_log: [accessLog(options.accessLog)],
    route_config: routes(options),
    http_filters: httpFilters(options),
  };
}

function canonicalPath({ filters }: EnvoyOptions): { readonly [key: string]: Yaml } {
  return {
    normalize_path: note("One spelling of every path, before policy and routes see it.", true),
    merge_slashes: true,
    path_with_escaped_slashes_action:
      filters === "none" ? "REJECT_REQUEST" : note("The first filters see to them.", "KEEP_UNCHANGED"),
  };
}

function trust(): { readonly [key: string]: Yaml } {
  return {
    use_remote_address: note("Clients are not believed about their address or certificate.", true),
    internal_address_config: note(
      "No client is inside, one on loopback or in a private network neither: x-envoy-* that steer Envoy are removed.\n" +
        "An empty list would mean Envoy's default, which is all private addresses; this is one that no client has.",
      { cidr_ranges: [{ address_prefix: "255.255.255.255", prefix_len: 32 }] },
    ),
    forward_client_cert_details: "SANITIZE",
    generate_request_id: true,
    always_set_request_id_in_response: true,
  };
}

function bounds(): { readonly [key: string]: Yaml } {
  return {
    max_request_headers_kb: COUNTS.headerKilobytes,
    common_http_protocol_options: {
      max_headers_count: COUNTS.headers,
      headers_with_underscores_action: note("Many servers read x_a as x-a.", "REJECT_REQUEST"),
      idle_timeout: seconds(TIMES.connectionIdle),
    },
    http2_protocol_options: {
      max_concurrent_streams: COUNTS.streamsPerConnection,
      initial_stream_window_size: note(
        "What a client may send of a stream of requests while Regent judges what came before.",
        CLIENT_STREAM_WINDOW_BYTES,
      ),
    },
    request_headers_timeout: seconds(TIMES.requestHeaders),
    request_timeout: seconds(TIMES.request),
    stream_idle_timeout: note(
      "Silence in the middle of an answer; models think for minutes.",
      seconds(TIMES.idle),
    ),
  };
}

function routes(options: EnvoyOptions): Yaml {
  return {
    name: "by_target",
    response_headers_to_remove: note(
      "An Envoy in front would take these for what this one says of itself: a model server could have the gateway taken for dead.",
      HEADERS_OF_ENVOYS,
    ),
    virtual_hosts: [
      {
        name: "all",
        domains: ["*"],
        routes: [
          ...options.targets.map((target) => targetRoute(target, options)),
          ...streamRoutes(options),
          lastRoute(options),
        ],
      },
    ],
  };
}

function targetRoute(target: EnvoyTarget, options: EnvoyOptions): Yaml {
  const others = fallbacksOf(target, options).length;
  return {
    match: { prefix: "/", headers: [{ name: TARGET_HEADER, string_match: { exact: target.name } }] },
    route: others === 0 ? forward(target) : forwardAgain(retryClusterName(target.name), others),
  };
}

/** To the target, and to the next one when it fails before anything of an answer came. */
export function forwardAgain(cluster: string, count: number): Yaml {
  return {
    cluster,
    auto_host_rewrite: note("Each endpoint has a name of its own.", true),
    timeout: note("All attempts together.", seconds(TIMES.answer)),
    retry_policy: {
      retry_on: "connect-failure,refused-stream,reset-before-request,retriable-status-codes",
      retriable_status_codes: note(
        "What a provider answers that cannot serve just now, and does not charge.",
        [429, 502, 503, 504, 529],
      ),
      num_retries: count,
    },
  };
}

/** As the last route, but for how Regent sees what is sent there. */
function streamRoutes({ filters }: EnvoyOptions): Yaml[] {
  if (filters !== "both" && filters !== "ext_proc") return [];
  const endpoints = Object.values(FORMATS).flatMap((format) => format.endpoints);
  return endpoints
    .filter(({ openRequests }) => openRequests !== undefined)
    .map(({ path }) =>
      note("Streams of requests: each is judged before it leaves, while answers to earlier ones come back.", {
        match: { path },
        direct_response: { status: 503 },
        typed_per_filter_config: streamFilters(),
      }),
    );
}

function lastRoute(options: EnvoyOptions): Yaml {
  const { ungovernedTarget } = options;
  if (ungovernedTarget === undefined) {
    return note("No target, no way out: what no decision sent somewhere goes nowhere.", {
      match: { prefix: "/" },
      direct_response: { status: 503 },
    });
  }
  const target = options.targets.find(({ name }) => name === ungovernedTarget);
  if (target === undefined) throw new Error(`there is no target ${ungovernedTarget}`);
  if (options.filters === "both" || options.filters === "ext_proc") {
    throw new Error("an ungoverned target is only for measuring, without ext_proc");
  }
  return note("UNGOVERNED, for measuring only: every request passes.", {
    match: { prefix: "/" },
    route: forward(target),
  });
}

function forward(target: EnvoyTarget): Yaml {
  return {
    cluster: target.name,
    host_rewrite_literal: originOf(target.origin).authority,
    timeout: note("A whole answer. No retries unless they are asked for.", seconds(TIMES.answer)),
  };
}

function accessLog(path: string): Yaml {
  return {
    name: "envoy.access_loggers.file",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
      path,
      log_format: {
        json_format: note("No query and no credentials: paths carry secrets behind the question mark.", {
          time: "%START_TIME%",
          method: "%REQ(:METHOD)%",
          path: "%PATH(NQ)%",
          status: "%RESPONSE_CODE%",
          details: "%RESPONSE_CODE_DETAILS%",
          flags: "%RESPONSE_FLAGS%",
          duration_ms: "%DURATION%",
          bytes_received: "%BYTES_RECEIVED%",
          bytes_sent: "%BYTES_SENT%",
          cluster: "%UPSTREAM_CLUSTER%",
          request_id: "%REQ(X-REQUEST-ID)%",
          regent: "%DYNAMIC_METADATA(regent)%",
        }),
      },
    },
  };
}
