import { loopback } from "../envoy/support/envoy.ts";
import { type EnvoyResources, type JsonObject, objects } from "./patches.ts";
import { fixed, ISTIO_RUNTIME, named, plaintext, REGENT_CLUSTER, stockFilters, wayAround } from "./stock.ts";

/** The cluster that Istio generated for a service of the mesh, which those of other services are like. */
const SERVICE_CLUSTER = "outbound|8080||model-server.models.svc.cluster.local";

/** What Istio generates when there are services of these clusters as well. */
export function withServices(resources: EnvoyResources, clusters: readonly string[]): EnvoyResources {
  const like = named(resources.clusters, SERVICE_CLUSTER);
  return { ...resources, clusters: [...resources.clusters, ...clusters.map((name) => ({ ...like, name }))] };
}

export type GatewaySurroundings = {
  /** Name of the listener. */
  readonly client: string;
  /** Port of the sidecar's gRPC services. */
  readonly regentPort: number;
  /** Where requests go, in Envoy's form. */
  readonly routes: readonly JsonObject[];
  /** Ports of the model servers, by the cluster of their service. */
  readonly models: ReadonlyMap<string, number>;
};

/** A bootstrap for a stock Envoy out of what Istio generated for the ingress gateway's listener on port 8080. */
export function stockGateway(resources: EnvoyResources, around: GatewaySurroundings): JsonObject {
  const models = [...around.models].map(([cluster, port]) =>
    fixed(plaintext(named(resources.clusters, cluster)), loopback(port)),
  );
  return bootstrap(resources, around, models);
}

/** The same with clusters that have their addresses. */
export function stockOutside(
  resources: EnvoyResources,
  around: Omit<GatewaySurroundings, "models"> & { readonly clusters: readonly JsonObject[] },
): JsonObject {
  return bootstrap(resources, around, around.clusters);
}

function bootstrap(
  resources: EnvoyResources,
  around: Omit<GatewaySurroundings, "models">,
  models: readonly JsonObject[],
): JsonObject {
  const routeConfig = { virtualHosts: [{ name: "models", domains: ["*"], routes: around.routes }] };
  const listener = named(resources.listeners, "0.0.0.0_8080");
  const filterChains = objects(listener.filterChains).map((chain) => ({
    ...chain,
    filters: stockFilters(chain, { routeConfig }),
  }));
  return {
    layeredRuntime: ISTIO_RUNTIME,
    staticResources: {
      listeners: [
        { ...listener, name: around.client, address: loopback(0), filterChains },
        wayAround(filterChains[0]?.filters ?? []),
      ],
      clusters: [fixed(named(resources.clusters, REGENT_CLUSTER), loopback(around.regentPort)), ...models],
    },
  };
}
