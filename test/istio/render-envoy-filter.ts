import { REGENT_STREAM_WINDOW_BYTES } from "../../src/local/envoy/clusters.ts";
import { httpFilters } from "../../src/local/envoy/filters.ts";
import { listener } from "../../src/local/envoy/listener.ts";
import { localReplies } from "../../src/local/envoy/local-replies.ts";
import { Noted, note, renderYaml, type Yaml } from "../../src/local/envoy/note.ts";
import { ENVOY_DEFAULTS, sizesFor } from "../../src/local/envoy/options.ts";
import {
  type ClusterMatch,
  httpOptionsPatch,
  REGENT_HOST,
  targetPatch,
  throughIstio,
} from "../../src/local/istio/cluster.ts";

/** Where Regent stands: beside a model server, or beside the mesh's ingress gateway. */
export type Place = "sidecar" | "gateway";

/** The one target of base/registry.yaml: the workload itself. */
export const WORKLOAD_TARGET = "model-server";
/** Where it listens. */
const WORKLOAD_PORT = 8080;
const MANAGER = "envoy.filters.network.http_connection_manager";

/**
 * The EnvoyFilter for a place, as YAML. What it puts into Istio's proxy is what the local Envoy configuration has, so
 * that both are governed alike; a test holds istio/ to it.
 */
export function renderEnvoyFilter(place: Place): string {
  return renderYaml(envoyFilter(place), HEAD[place]);
}

const COMMON_HEAD = `Puts into Istio's proxy what an AuthorizationPolicy cannot: the filter that governs bodies and answers, and the
limits that must fit it. The same settings as in envoy/envoy.yaml; a test compares them.`;

const HEAD: { readonly [place in Place]: string } = {
  sidecar: `${COMMON_HEAD}
For all HTTP requests to the pods that the selector picks.`,
  gateway: `${COMMON_HEAD}
For all HTTP requests to the ingress gateway.`,
};

function envoyFilter(place: Place): Yaml {
  const sidecar = place === "sidecar";
  return {
    apiVersion: "networking.istio.io/v1alpha3",
    kind: "EnvoyFilter",
    metadata: sidecar
      ? { name: "regent", namespace: "models" }
      : { name: "regent-gateway", namespace: "istio-system" },
    spec: {
      workloadSelector: { labels: sidecar ? { app: "model-server" } : { istio: "ingressgateway" } },
      configPatches: [
        ...httpFilterPatches(contextOf(place)),
        managerPatch(place),
        ...bufferPatches(place),
        ...(sidecar ? [workloadPatch()] : []),
        regentPatch(place),
      ],
    },
  };
}

function contextOf(place: Place): string {
  return place === "sidecar" ? "SIDECAR_INBOUND" : "GATEWAY";
}

function httpFilterPatches(context: string): Yaml[] {
  const filters = httpFilters({ ...ENVOY_DEFAULTS, filters: "both" });
  const at = filters.findIndex((filter) => member(filter, "name") === "envoy.filters.http.ext_authz");
  const [authz, proc] = filters.slice(at);
  return [
    // Each is put first, so that the last one stands in front.
    ...filters
      .slice(0, at)
      .reverse()
      .map((filter) =>
        withReasonOf(filter, (value) => patch("HTTP_FILTER", filterMatch(context), "INSERT_FIRST", value)),
      ),
    note(
      "Istio's own ext_authz, made by authorization-policy.yaml: a header that it may not set is an error there too.",
      patch(
        "HTTP_FILTER",
        filterMatch(context, "envoy.filters.http.ext_authz"),
        "MERGE",
        authzChanges(authz as Yaml),
      ),
    ),
    withReasonOf(proc as Yaml, (value) =>
      patch(
        "HTTP_FILTER",
        filterMatch(context, "envoy.filters.http.router"),
        "INSERT_BEFORE",
        throughIstio(value),
      ),
    ),
  ];
}

/** Patches keep the reason of what they carry above themselves. */
function withReasonOf(value: Yaml, wrap: (value: Yaml) => Yaml): Yaml {
  return value instanceof Noted ? new Noted(value.reason, wrap(value.value)) : wrap(value);
}

function authzChanges(authz: Yaml): Yaml {
  const config = member(authz, "typed_config");
  return {
    name: "envoy.filters.http.ext_authz",
    typed_config: {
      "@type": member(config, "@type"),
      validate_mutations: member(config, "validate_mutations"),
      decoder_header_mutation_rules: member(config, "decoder_header_mutation_rules"),
    },
  };
}

/** What the local listener has and Istio's does not, except what is Istio's business: peers, certificates, tracing. */
function managerPatch(place: Place): Yaml {
  const chain = (member(listener(ENVOY_DEFAULTS), "filter_chains") as Yaml[])[0] as Yaml;
  const manager = member((member(chain, "filters") as Yaml[])[0] as Yaml, "typed_config") as {
    [key: string]: Yaml;
  };
  const kept = [
    ...["@type", "normalize_path", "merge_slashes", "path_with_escaped_slashes_action"],
    ...["max_request_headers_kb", "common_http_protocol_options"],
    ...["request_headers_timeout", "request_timeout", "stream_idle_timeout"],
    ...(place === "gateway" ? ["early_header_mutation_extensions"] : []),
  ];
  const typed_config = {
    ...Object.fromEntries(kept.map((key) => [key, member(manager, key)])),
    local_reply_config: note(
      "Answers that Envoy gives on account of Regent, or because a target fails, speak the dialect of the clients. Those of\n" +
        "Istio stay as they are.",
      localReplies("mesh"),
    ),
  };
  const match = { context: contextOf(place), listener: { filterChain: { filter: { name: MANAGER } } } };
  return patch("NETWORK_FILTER", match, "MERGE", { name: MANAGER, typed_config });
}

function bufferPatches(place: Place): Yaml[] {
  const per_connection_buffer_limit_bytes = sizesFor(ENVOY_DEFAULTS.bodyBytesMax).connectionBuffer;
  const context = contextOf(place);
  const [listeners, clusters] =
    place === "sidecar"
      ? [
          { context, listener: { name: "virtualInbound" } },
          { context, cluster: { portNumber: WORKLOAD_PORT } },
        ]
      : [{ context }, { context }];
  return [
    note(
      "Far above the largest body, at listeners and clusters: Envoy crashes when a replaced body does not fit.",
      patch("LISTENER", listeners, "MERGE", { per_connection_buffer_limit_bytes }),
    ),
    patch("CLUSTER", clusters, "MERGE", { per_connection_buffer_limit_bytes }),
  ];
}

/** At the gateway, where targets are the user's, `regent istio generate` prints it for each. */
function workloadPatch(): Yaml {
  const match: ClusterMatch = { context: "SIDECAR_INBOUND", cluster: { portNumber: WORKLOAD_PORT } };
  return note(
    "The workload is the one target of registry.yaml, by its name there. Its key and the translation to its dialect. Replaces\n" +
      "what Istio has there of HTTP: a server of gRPC needs http2_protocol_options.",
    targetPatch(match, WORKLOAD_TARGET, { tls: false, http2: false }),
  );
}

function regentPatch(place: Place): Yaml {
  const context = place === "sidecar" ? "SIDECAR_OUTBOUND" : "GATEWAY";
  const buffer = sizesFor(ENVOY_DEFAULTS.bodyBytesMax).connectionBuffer;
  const options = {
    explicit_http_config: {
      http2_protocol_options: {
        connection_keepalive: { interval: "30s", timeout: "5s" },
        initial_stream_window_size: note(
          "It also limits what waits to be sent on a stream. Beyond it Envoy crashes when the request ends.",
          REGENT_STREAM_WINDOW_BYTES,
        ),
      },
    },
  };
  return note(
    "A half-open connection to Regent is noticed before requests pile up on it.",
    httpOptionsPatch({ context, cluster: { service: REGENT_HOST } }, options, {
      per_connection_buffer_limit_bytes: buffer,
    }),
  );
}

function filterMatch(context: string, subFilter?: string): Yaml {
  const filter = { name: MANAGER, ...(subFilter === undefined ? {} : { subFilter: { name: subFilter } }) };
  return { context, listener: { filterChain: { filter } } };
}

function patch(applyTo: string, match: Yaml, operation: string, value: Yaml): Yaml {
  return { applyTo, match, patch: { operation, value } };
}

function member(value: Yaml, key: string): Yaml {
  const object = value instanceof Noted ? value.value : value;
  const found = (object as { readonly [key: string]: Yaml })[key];
  if (found === undefined) throw new Error(`the local configuration has no ${key}`);
  return found;
}
