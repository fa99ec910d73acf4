import type { JsonObject } from "../../src/exchange/json.ts";
import { claimPort } from "../../src/local/ports.ts";
import { type RunningEnvoy, startEnvoy } from "../envoy/support/envoy.ts";
import { createAuthority, type KeyPair } from "../support/certificates.ts";
import { Behind, type OwnTargets } from "./behind.ts";
import { generatedByIstio, withHttpFilters, withoutExtProc } from "./fixtures.ts";
import { manifest, meshProvider, type Provider } from "./manifests.ts";
import { applyPatches, type ConfigPatch, type EnvoyResources, type JsonObject as Proto } from "./patches.ts";
import type { Place } from "./render-envoy-filter.ts";
import { headerRoute } from "./stock.ts";
import { stockGateway, withServices } from "./stock-gateway.ts";
import { stockSidecar } from "./stock-sidecar.ts";

/** A real Envoy with what Istio generates for a place, the shipped manifests applied, and what stands behind it. */
export type Mesh = {
  readonly behind: Behind;
  /** Of Envoy. */
  readonly pid: number;
  /** Where a caller sends its requests. `around`: to the same clusters, past Regent's filters. */
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
export async function startSidecarMesh(
  clients: ReadonlyMap<string, string>,
  own?: OwnTargets,
): Promise<SidecarMesh> {
  const authority = createAuthority();
  const issue = (uri: string) => authority.issue({ uris: [uri] });
  const inboundPort = await claimPort(0);
  const mesh = await startMesh(own, (behind) =>
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

/** The ingress gateway of a mesh, with the routes of gateway/targets.yaml. Its one client is `outside`. */
export function startGatewayMesh(own?: OwnTargets): Promise<Mesh> {
  return startMesh(own, (behind) => {
    const clusterOf = new Map(shippedTargets().map(({ target, cluster }) => [target, cluster]));
    const models = [...modelPorts(behind)].map(([name, port]) => [clusterOf.get(name) ?? "", port] as const);
    return stockGateway(meshResources("gateway"), {
      client: "outside",
      regentPort: behind.regentPort,
      routes: shippedRoutes(),
      models: new Map(models),
    });
  });
}

/** Starts what stands behind, and Envoy with a bootstrap for it. */
export async function startMesh(
  own: OwnTargets | undefined,
  bootstrap: (behind: Behind) => Proto,
): Promise<Mesh> {
  const behind = await Behind.start(own);
  let envoy: RunningEnvoy;
  try {
    envoy = await startEnvoy(bootstrap(behind) as JsonObject);
  } catch (error) {
    await behind.stop();
    throw error;
  }
  return {
    behind,
    pid: envoy.pid,
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
export function meshResources(place: Place): EnvoyResources {
  const generated = withProvider(withoutExtProc(generatedByIstio(place)), meshProvider());
  const gateway = place === "gateway";
  const services = gateway ? shippedTargets().map(({ cluster }) => cluster) : [];
  return applyPatches(withServices(generated, services), shippedPatches(place), gateway);
}

/** The ingress gateway with other routes and clusters than the shipped ones, and the patches for them behind its own. */
export function gatewayWith(
  routes: readonly Proto[],
  clusters: readonly Proto[],
  patches: readonly ConfigPatch[],
): EnvoyResources {
  const generated = withProvider(withoutExtProc(generatedByIstio("gateway")), meshProvider());
  const { spec } = manifest("gateway/envoy-filter.yaml", "EnvoyFilter");
  const own = (spec as { configPatches: ConfigPatch[] }).configPatches;
  const all = {
    ...generated,
    clusters: [...generated.clusters, ...clusters],
    routes: [{ name: "http.8080", virtualHosts: [{ name: "models", domains: ["*"], routes }] }],
  };
  return applyPatches(all, [...own, ...patches], true);
}

/** The patches of all shipped EnvoyFilters for a place, in the order in which they are applied. */
export function shippedPatches(place: Place): readonly ConfigPatch[] {
  const files = place === "sidecar" ? ["base/envoy-filter.yaml"] : ["gateway/envoy-filter.yaml", TARGETS];
  return files.flatMap((file) => {
    const { spec } = manifest(file, "EnvoyFilter");
    return (spec as { configPatches: ConfigPatch[] }).configPatches;
  });
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
  readonly route?: readonly {
    readonly destination: { readonly host: string; readonly port: { readonly number: number } };
  }[];
  readonly directResponse?: { readonly status: number };
};

const TARGETS = "gateway/targets.yaml";

/** The targets that the shipped VirtualService routes to, each with the cluster that Istio makes of its service. */
function shippedTargets(): readonly {
  readonly header: string;
  readonly target: string;
  readonly cluster: string;
}[] {
  const { spec } = manifest(TARGETS, "VirtualService");
  return (spec as { http: HttpRoute[] }).http.flatMap(({ match = [], route = [] }) => {
    const destination = route[0]?.destination;
    const cluster = `outbound|${destination?.port.number}||${destination?.host}`;
    const headers = match.flatMap((condition) => Object.entries(condition.headers));
    return headers.map(([header, { exact }]) => ({ header, target: exact, cluster }));
  });
}

/** The routes of the shipped VirtualService as Istio makes them: by a header to a service, else an answer of Envoy's own. */
function shippedRoutes(): readonly Proto[] {
  const { spec } = manifest(TARGETS, "VirtualService");
  const last = (spec as { http: HttpRoute[] }).http.at(-1)?.directResponse;
  if (last === undefined) throw new Error("the last route must be an answer of Envoy's own");
  return [
    ...shippedTargets().map(({ header, target, cluster }) => headerRoute(header, target, cluster)),
    { match: { prefix: "/" }, directResponse: last },
  ];
}
