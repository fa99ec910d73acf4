import { loopback } from "../envoy/support/envoy.ts";
import { type EnvoyResources, type JsonObject, objects } from "./patches.ts";
import { fixed, modelClusters, named, REGENT_CLUSTER, stockFilters } from "./stock.ts";

export type GatewaySurroundings = {
  /** Name of the listener. */
  readonly client: string;
  /** Port of the sidecar's gRPC services. */
  readonly regentPort: number;
  /** Where requests go, in Envoy's form. */
  readonly routes: readonly JsonObject[];
  /** Ports of the model servers, by the name of their service. */
  readonly models: ReadonlyMap<string, number>;
};

/** A bootstrap for a stock Envoy out of what Istio generated for the ingress gateway's listener on port 8080. */
export function stockGateway(resources: EnvoyResources, around: GatewaySurroundings): JsonObject {
  const routeConfig = { virtualHosts: [{ name: "models", domains: ["*"], routes: around.routes }] };
  const listener = named(resources.listeners, "0.0.0.0_8080");
  return {
    staticResources: {
      listeners: [
        {
          ...listener,
          name: around.client,
          address: loopback(0),
          filterChains: objects(listener.filterChains).map((chain) => ({
            ...chain,
            filters: stockFilters(chain, { routeConfig }),
          })),
        },
      ],
      clusters: [
        fixed(named(resources.clusters, REGENT_CLUSTER), loopback(around.regentPort)),
        ...modelClusters(around.models),
      ],
    },
  };
}
