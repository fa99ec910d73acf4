import { loopback } from "../envoy/support/envoy.ts";
import type { KeyPair } from "../support/certificates.ts";
import { type EnvoyResources, type Json, type JsonObject, objects } from "./patches.ts";
import { fixed, headerRoute, MANAGER, modelClusters, named, REGENT_CLUSTER, stockFilters } from "./stock.ts";

/** What runs in the place of a mesh around a workload. */
export type SidecarSurroundings = {
  /** Port on loopback where the workload's proxy listens for the mesh. */
  readonly inboundPort: number;
  /** Port of the sidecar's gRPC services. */
  readonly regentPort: number;
  /** PEM of the authority of the mesh, and the identity of the workload. */
  readonly authority: string;
  readonly workload: KeyPair;
  /** Callers by name. Each gets a plain listener of this name, behind which Envoy speaks mutual TLS as the caller. */
  readonly clients: ReadonlyMap<string, KeyPair>;
  /** The workload: model servers by the name that `x-regent-target` carries, with their ports. */
  readonly models: ReadonlyMap<string, number>;
};

const INBOUND_CHAIN = "0.0.0.0_8080";
const INBOUND_CLUSTER = "inbound|8080||";
const MODEL_CLUSTER = "outbound|8080||model-server.models.svc.cluster.local";

/**
 * A bootstrap for a stock Envoy out of what Istio generated for the workload's proxy: its inbound chain for port 8080, with
 * certificates in place of SDS. Callers have Istio's own cluster for that workload.
 */
export function stockSidecar(resources: EnvoyResources, around: SidecarSurroundings): JsonObject {
  const toWorkload = named(resources.clusters, MODEL_CLUSTER);
  return {
    staticResources: {
      listeners: [
        inboundListener(named(resources.listeners, "virtualInbound"), around),
        modelListener([...around.models.keys()]),
        ...[...around.clients.keys()].map(clientListener),
      ],
      clusters: [
        fixed(named(resources.clusters, INBOUND_CLUSTER), { pipe: { path: MODEL_SOCKET } }),
        fixed(named(resources.clusters, REGENT_CLUSTER), loopback(around.regentPort)),
        ...[...around.clients].map(([client, pair]) => clientCluster(toWorkload, client, pair, around)),
        ...modelClusters(around.models),
      ],
    },
  };
}

/** The workload's own end of the pod's network: a socket that only this Envoy knows, in Linux's abstract namespace. */
const MODEL_SOCKET = `@regent-test-models-${process.pid}`;

function inboundListener(listener: JsonObject, around: SidecarSurroundings): JsonObject {
  const chain = named(objects(listener.filterChains), INBOUND_CHAIN);
  const { destinationPort: _, ...filterChainMatch } = chain.filterChainMatch as JsonObject;
  return {
    ...listener,
    name: "inbound",
    address: loopback(around.inboundPort),
    listenerFilters: objects(listener.listenerFilters)
      .filter(({ name }) => name !== "envoy.filters.listener.original_dst")
      .map(({ filterDisabled: _, ...filter }) => filter),
    filterChains: [
      {
        ...chain,
        filterChainMatch,
        filters: stockFilters(chain),
        transportSocket: withFiles(chain.transportSocket as JsonObject, around.workload, around.authority),
      },
    ],
  };
}

/** The TLS settings with certificates in them, where Istio asks its agent for them. */
function withFiles(socket: JsonObject, pair: KeyPair, authority: string): JsonObject {
  const typedConfig = socket.typedConfig as JsonObject;
  const {
    tlsCertificateSdsSecretConfigs: _,
    combinedValidationContext,
    ...common
  } = typedConfig.commonTlsContext as { readonly [key: string]: Json };
  const { matchSubjectAltNames, ...validation } = (combinedValidationContext as { [key: string]: JsonObject })
    .defaultValidationContext as { readonly [key: string]: Json };
  // The same by its newer name.
  const matchTypedSubjectAltNames = objects(matchSubjectAltNames).map((matcher) => ({
    sanType: "URI",
    matcher,
  }));
  const certificate = {
    certificateChain: { inlineString: pair.cert },
    privateKey: { inlineString: pair.key },
  };
  return {
    ...socket,
    typedConfig: {
      ...typedConfig,
      commonTlsContext: {
        ...common,
        tlsCertificates: [certificate],
        validationContext: {
          ...validation,
          trustedCa: { inlineString: authority },
          matchTypedSubjectAltNames,
        },
      },
    },
  };
}

/** Istio's own cluster for callers of the workload, with the certificate of one of them. */
function clientCluster(
  cluster: JsonObject,
  client: string,
  pair: KeyPair,
  around: SidecarSurroundings,
): JsonObject {
  const transportSocketMatches = objects(cluster.transportSocketMatches).map((match) => {
    const socket = match.transportSocket as JsonObject;
    const isTls = socket.name === "envoy.transport_sockets.tls";
    return isTls ? { ...match, transportSocket: withFiles(socket, pair, around.authority) } : match;
  });
  const metadata = { filterMetadata: { "envoy.transport_socket_match": { tlsMode: "istio" } } };
  const address = loopback(around.inboundPort);
  return { ...fixed({ ...cluster, name: clusterOf(client) }, address, metadata), transportSocketMatches };
}

const clusterOf = (client: string) => `client ${client}`;

function clientListener(client: string): JsonObject {
  const typedConfig = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
    statPrefix: "client",
    cluster: clusterOf(client),
  };
  return {
    name: client,
    address: loopback(0),
    filterChains: [{ filters: [{ name: "envoy.filters.network.tcp_proxy", typedConfig }] }],
  };
}

/** The workload: sends each request to the model server that `x-regent-target` names. */
function modelListener(models: readonly string[]): JsonObject {
  const routes = models.map((name) => headerRoute("x-regent-target", name, name));
  const typedConfig = {
    "@type": `type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    statPrefix: "models",
    routeConfig: { virtualHosts: [{ name: "models", domains: ["*"], routes }] },
    httpFilters: [
      {
        name: "envoy.filters.http.router",
        typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
      },
    ],
  };
  return {
    name: "models",
    address: { pipe: { path: MODEL_SOCKET } },
    filterChains: [{ filters: [{ name: MANAGER, typedConfig }] }],
  };
}
