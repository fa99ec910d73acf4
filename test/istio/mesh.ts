import type { JsonObject } from "../../src/exchange/json.ts";
import { claimPort } from "../../src/local/ports.ts";
import { type RunningEnvoy, startEnvoy } from "../envoy/support/envoy.ts";
import { createAuthority, type KeyPair } from "../support/certificates.ts";
import { Behind } from "./behind.ts";
import { generatedByIstio, withHttpFilters, withoutExtProc } from "./fixtures.ts";
import { manifest, meshProvider, type Provider } from "./manifests.ts";
import { applyPatches, type ConfigPatch, type EnvoyResources, type JsonObject as Proto } from "./patches.ts";
import type { Place } from "./render-envoy-filter.ts";
import { headerRoute } from "./stock.ts";
import { stockGateway } from "./stock-gateway.ts";
import { stockSidecar } from "./stock-sidecar.ts";

/** A real Envoy with what Istio generates for a place, the shipped manifests applied, and what stands behind it. */
export type Mesh = {
  readonly behind: Behind;
  /** Where a caller sends its requests. */
  origin(client: string): string;
  stop(): Promise<void>;
};

/** The proxy of a workload, and callers with certificates. */
export type SidecarMesh = Mesh & {
  /** Port of the workload's proxy, which speaks mutual TLS. */
  readonly inboundPort: number;
  /** A certificate of the mesh. */
  issue(spiffeId: string): KeyPair;
};

/**
 * The mesh around one workload. Each client, a SPIFFE id by a name, has a proxy of its own that speaks mutual TLS for it.
 * What was started is ended when a later step fails.
 */
export async function startSidecarMesh(clients: ReadonlyMap<string, string>): Promise<SidecarMesh> {
  const authority = createAuthority();
  const issue = (uri: string) => authority.issue({ uris: [uri] });
  const inboundPort = await claimPort(0);
  const mesh = await startMesh((behind) =>
    stockSidecar(meshResources("sidecar"), {
      inboundPort,
      regentPort: behind.regentPort,
      authority: authority.cert,
      workload: issue("spiffe://cluster.local/ns/models/sa/model"),
      clients: new Map([...clients].map(([name, uri]) => [name, issue(uri)])),
      models: modelPorts(behind),
    }),
  );
  return { ...mesh, inboundPort, issue };
}

/** The ingress gateway of a mesh, with the routes of gateway/virtual-service.yaml. Its one client is `outside`. */
export function startGatewayMesh(): Promise<Mesh> {
  return startMesh((behind) =>
    stockGateway(meshResources("gateway"), {
      client: "outside",
      regentPort: behind.regentPort,
      routes: shippedRoutes(),
      models: modelPorts(behind),
    }),
  );
}

async function startMesh(bootstrap: (behind: Behind) => Proto): Promise<Mesh> {
  const behind = await Behind.start();
  let envoy: RunningEnvoy;
  try {
    envoy = await startEnvoy(bootstrap(behind) as JsonObject);
  } catch (error) {
    await behind.stop();
    throw error;
  }
  return {
    behind,
    origin: (client) => `http://127.0.0.1:${envoy.port(client)}`,
    async stop() {
      await envoy.stop();
      await behind.stop();
    },
  };
}

function modelPorts(behind: Behind): ReadonlyMap<string, number> {
  return new Map(behind.targets.map(({ name, origin }) => [name, Number(new URL(origin).port)]));
}

/** What Istio generates for a place once the shipped manifests are applied. */
function meshResources(place: Place): EnvoyResources {
  const folder = place === "sidecar" ? "base" : "gateway";
  const { spec } = manifest(`${folder}/envoy-filter.yaml`, "EnvoyFilter");
  const { configPatches } = spec as { configPatches: ConfigPatch[] };
  const generated = withProvider(withoutExtProc(generatedByIstio(place)), meshProvider());
  return applyPatches(generated, configPatches, place === "gateway");
}

/** The provider's settings on Istio's ext_authz, where Istio puts them when it reads mesh.yaml. */
function withProvider(resources: EnvoyResources, { envoyExtAuthzGrpc: provider }: Provider): EnvoyResources {
  return withHttpFilters(resources, (filters) =>
    filters.map((filter) => {
      if (filter.name !== "envoy.filters.http.ext_authz") return filter;
      const { withRequestBody: _, ...config } = filter.typedConfig as Proto;
      const typedConfig = {
        ...config,
        grpcService: { ...(config.grpcService as Proto), timeout: provider.timeout as string },
        failureModeAllow: provider.failOpen as boolean,
        statusOnError: { code: Number(provider.statusOnError) },
      };
      return { ...filter, typedConfig };
    }),
  );
}

type HttpRoute = {
  readonly match?: readonly { readonly headers: { readonly [name: string]: { readonly exact: string } } }[];
  readonly route?: readonly { readonly destination: { readonly host: string } }[];
  readonly directResponse?: { readonly status: number };
};

/** The routes of the shipped VirtualService as Istio makes them: by a header to a service, or an answer of Envoy's own. */
function shippedRoutes(): readonly Proto[] {
  const { spec } = manifest("gateway/virtual-service.yaml", "VirtualService");
  return (spec as { http: HttpRoute[] }).http.flatMap(({ match = [], route = [], directResponse }) => {
    if (directResponse !== undefined) return [{ match: { prefix: "/" }, directResponse }];
    const service = route[0]?.destination.host.split(".")[0] ?? "";
    const headers = match.flatMap((condition) => Object.entries(condition.headers));
    return headers.map(([name, { exact }]) => headerRoute(name, exact, service));
  });
}
