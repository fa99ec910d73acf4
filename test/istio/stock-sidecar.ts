import { UPSTREAM_METADATA } from "../../src/envoy/upstream/upstream.ts";
import { loopback } from "../envoy/support/envoy.ts";
import type { KeyPair } from "../support/certificates.ts";
import { type EnvoyResources, type Json, type JsonObject, objects } from "./patches.ts";
import { WORKLOAD_TARGET } from "./render-envoy-filter.ts";
import {
  fixed,
  headerRoute,
  ISTIO_RUNTIME,
  named,
  REGENT_CLUSTER,
  stockFilters,
  wayAround,
} from "./stock.ts";

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
  /**
   * Ports of model servers, by target. One is the workload, reached as Istio has it. A workload has no more than that:
   * several stand there for tests that need them, each by a copy of Istio's route and of the workload's patched cluster.
   */
  readonly models: ReadonlyMap<string, number>;
};

const INBOUND_CHAIN = "0.0.0.0_8080";
const INBOUND_CLUSTER = "inbound|8080||";
const CALLERS_CLUSTER = "outbound|8080||model-server.models.svc.cluster.local";

/**
 * A bootstrap for a stock Envoy out of what Istio generated for the workload's proxy: its inbound chain for port 8080, with
 * certificates in place of SDS. Callers have Istio's own cluster for that workload.
 */
export function stockSidecar(resources: EnvoyResources, around: SidecarSurroundings): JsonObject {
  const toCallers = named(resources.clusters, CALLERS_CLUSTER);
  const inbound = named(resources.clusters, INBOUND_CLUSTER);
  const listener = inboundListener(named(resources.listeners, "virtualInbound"), around);
  const [chain] = objects(listener.filterChains);
  return {
    layeredRuntime: ISTIO_RUNTIME,
    staticResources: {
      listeners: [
        listener,
        wayAround(objects(chain?.filters)),
        ...[...around.clients.keys()].map(clientListener),
      ],
      clusters: [
        ...[...around.models].map(([target, port]) =>
          fixed({ ...ofTarget(inbound, target), name: inboundCluster(target, around) }, loopback(port)),
        ),
        fixed(named(resources.clusters, REGENT_CLUSTER), loopback(around.regentPort)),
        ...[...around.clients].map(([client, pair]) => clientCluster(toCallers, client, pair, around)),
      ],
    },
  };
}

function inboundCluster(target: string, { models }: SidecarSurroundings): string {
  return models.size === 1 ? INBOUND_CLUSTER : `${INBOUND_CLUSTER}${target}`;
}

/** The cluster with another target's name in Regent's filter. */
function ofTarget(cluster: JsonObject, target: string): JsonObject {
  const text = JSON.stringify(cluster).replaceAll(
    JSON.stringify({ key: UPSTREAM_METADATA, value: WORKLOAD_TARGET }),
    JSON.stringify({ key: UPSTREAM_METADATA, value: target }),
  );
  return JSON.parse(text) as JsonObject;
}

/** Istio's route for a target, by the header that carries its name; what has none goes nowhere. */
function inboundRoutes(around: SidecarSurroundings): JsonObject {
  const names = [...around.models.keys()];
  const routes = [
    ...names.map((name) => headerRoute("x-regent-target", name, inboundCluster(name, around))),
    { match: { prefix: "/" }, directResponse: { status: 404 } },
  ];
  return { routeConfig: { virtualHosts: [{ name: "models", domains: ["*"], routes }] } };
}

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
        filters: stockFilters(chain, around.models.size === 1 ? {} : inboundRoutes(around)),
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
