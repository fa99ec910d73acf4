import { loopback } from "../envoy/support/envoy.ts";
import { isObject, type Json, type JsonObject, objects } from "./patches.ts";

/**
 * What turns configuration that Istio generated into one that a stock Envoy runs: without Istio's own filters, and with
 * plain addresses where Istio's are discovered or redirected to by the kernel.
 */

export const MANAGER = "envoy.filters.network.http_connection_manager";

/** The cluster that Istio makes of the ServiceEntry. */
export const REGENT_CLUSTER = "outbound|9191||regent.local";

/** What Istio's bootstrap says of its proxies' runtime, as far as it matters here (pkg/bootstrap of Istio). */
export const ISTIO_RUNTIME: JsonObject = {
  layers: [
    {
      name: "global config",
      staticLayer: {
        "re2.max_program_size.error_level": "32768",
        "envoy.reloadable_features.http_reject_path_with_fragment": false,
      },
    },
  ],
};

/** The one of a list with this name. */
export function named(list: readonly JsonObject[], name: string): JsonObject {
  const found = list.find((candidate) => candidate.name === name);
  if (!isObject(found)) throw new Error(`Istio's configuration has no ${name}`);
  return found;
}

/** Whether a stock Envoy has a filter. */
export function isStock({ name }: JsonObject): boolean {
  return !String(name).startsWith("istio.");
}

/** The network filters of a chain that a stock Envoy has, with such HTTP filters, and changes to the manager. */
export function stockFilters(chain: JsonObject, changes: JsonObject = {}): readonly JsonObject[] {
  return objects(chain.filters)
    .filter(isStock)
    .map((filter) => {
      const { rds: _, ...config } = filter.typedConfig as { readonly [key: string]: Json };
      const httpFilters = objects(config.httpFilters).filter(isStock);
      return { ...filter, typedConfig: { ...config, ...changes, httpFilters } };
    });
}

/** The cluster with one fixed endpoint, where Istio's finds endpoints by discovery or in the connection. */
export function fixed(cluster: JsonObject, address: JsonObject, metadata: JsonObject = {}): JsonObject {
  const {
    edsClusterConfig: _1,
    upstreamBindConfig: _2,
    cleanupInterval: _3,
    lbPolicy: _4,
    ...kept
  } = cluster;
  return {
    ...kept,
    type: "STATIC",
    filters: objects(cluster.filters).filter(isStock),
    loadAssignment: {
      clusterName: cluster.name as string,
      endpoints: [{ lbEndpoints: [{ endpoint: { address }, metadata }] }],
    },
  };
}

/** A route to a cluster for requests with a header of this value. */
export function headerRoute(header: string, exact: string, cluster: string): JsonObject {
  return {
    match: { prefix: "/", headers: [{ name: header, stringMatch: { exact } }] },
    route: { cluster, timeout: "0s" },
  };
}

/** The cluster as it is for endpoints outside the mesh: Istio's other transport needs its agent for certificates. */
export function plaintext({ transportSocketMatches, ...cluster }: JsonObject): JsonObject {
  const plain = objects(transportSocketMatches).filter(({ name }) => name === "tlsMode-disabled");
  if (plain.length !== 1) throw new Error(`Istio's cluster ${cluster.name} has no plaintext of its own`);
  return { ...cluster, transportSocketMatches: plain };
}

/** A listener of clear text to the same routes and clusters, past Regent's filters; clients may set what they like. */
export function wayAround(filters: readonly JsonObject[]): JsonObject {
  const manager = named(filters, MANAGER);
  const { earlyHeaderMutationExtensions: _, ...config } = manager.typedConfig as {
    readonly [key: string]: Json;
  };
  const httpFilters = objects(config.httpFilters).slice(-1);
  return {
    name: "around",
    address: loopback(0),
    filterChains: [{ filters: [{ ...manager, typedConfig: { ...config, httpFilters } }] }],
  };
}
