/**
 * Applies an EnvoyFilter to Envoy configuration as Istio's discovery does, as far as Regent's manifests need it
 * (https://istio.io/latest/docs/reference/config/networking/envoy-filter/). An operation or a match that is not known
 * here is an error, so that a manifest cannot outgrow the test in silence.
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Configuration as the fixtures have it: proto JSON. */
export type EnvoyResources = {
  readonly listeners: readonly JsonObject[];
  readonly clusters: readonly JsonObject[];
  readonly routes: readonly JsonObject[];
};

export type Context = "SIDECAR_INBOUND" | "SIDECAR_OUTBOUND" | "GATEWAY";

type FilterMatch = { readonly name: string; readonly subFilter?: { readonly name: string } };
export type ConfigPatch = {
  readonly applyTo: string;
  readonly match: {
    readonly context: Context;
    readonly listener?: { readonly name?: string; readonly filterChain?: { readonly filter: FilterMatch } };
    readonly cluster?: { readonly portNumber?: number; readonly service?: string };
    readonly routeConfiguration?: { readonly vhost: { readonly route: { readonly name: string } } };
  };
  readonly patch: { readonly operation: string; readonly value: JsonObject };
};

/** Applies patches in their order. `gateway`: whose configuration it is. */
export function applyPatches(
  resources: EnvoyResources,
  patches: readonly ConfigPatch[],
  gateway: boolean,
): EnvoyResources {
  return patches.reduce((patched, patch) => applyPatch(patched, patch, gateway), resources);
}

function applyPatch(resources: EnvoyResources, patch: ConfigPatch, gateway: boolean): EnvoyResources {
  const value = protoJson(patch.patch.value) as JsonObject;
  switch (patch.applyTo) {
    case "LISTENER":
      return inListeners(resources, patch, gateway, (listener) => merged(listener, onlyMerge(patch, value)));
    case "NETWORK_FILTER":
      return inNetworkFilters(resources, patch, gateway, (filter) => merged(filter, onlyMerge(patch, value)));
    case "HTTP_FILTER":
      return inNetworkFilters(resources, patch, gateway, (filter) => withHttpFilter(filter, patch, value));
    case "HTTP_ROUTE":
      return { ...resources, routes: withRoutes(resources.routes, patch, onlyMerge(patch, value)) };
    case "CLUSTER":
      return { ...resources, clusters: withClusters(resources.clusters, patch, value, gateway) };
    default:
      throw new Error(`applyTo ${patch.applyTo} is not known here`);
  }
}

function onlyMerge({ patch: { operation } }: ConfigPatch, value: JsonObject): JsonObject {
  if (operation !== "MERGE") throw new Error(`${operation} is not known here`);
  return value;
}

function inListeners(
  resources: EnvoyResources,
  { match }: ConfigPatch,
  gateway: boolean,
  change: (listener: JsonObject) => JsonObject,
): EnvoyResources {
  const matches = (listener: JsonObject) =>
    contextOf(listener, gateway) === match.context &&
    (match.listener?.name === undefined || listener.name === match.listener.name);
  return {
    ...resources,
    listeners: resources.listeners.map((listener) => (matches(listener) ? change(listener) : listener)),
  };
}

function contextOf({ trafficDirection }: JsonObject, gateway: boolean): Context {
  if (gateway) return "GATEWAY";
  return trafficDirection === "INBOUND" ? "SIDECAR_INBOUND" : "SIDECAR_OUTBOUND";
}

function inNetworkFilters(
  resources: EnvoyResources,
  patch: ConfigPatch,
  gateway: boolean,
  change: (filter: JsonObject) => JsonObject,
): EnvoyResources {
  const wanted = patch.match.listener?.filterChain?.filter.name;
  if (wanted === undefined) throw new Error(`${patch.applyTo} without a network filter to match`);
  return inListeners(resources, patch, gateway, (listener) => ({
    ...listener,
    filterChains: objects(listener.filterChains).map((chain) => ({
      ...chain,
      filters: objects(chain.filters).map((filter) => (filter.name === wanted ? change(filter) : filter)),
    })),
  }));
}

function withHttpFilter(manager: JsonObject, patch: ConfigPatch, value: JsonObject): JsonObject {
  const config = manager.typedConfig as JsonObject;
  const httpFilters = patchedFilters(objects(config.httpFilters), patch, value);
  return { ...manager, typedConfig: { ...config, httpFilters } };
}

function patchedFilters(
  filters: readonly JsonObject[],
  { match, patch: { operation } }: ConfigPatch,
  value: JsonObject,
): readonly JsonObject[] {
  const name = match.listener?.filterChain?.filter.subFilter?.name;
  const place = filters.findIndex((filter) => filter.name === name);
  // Without a filter to match, Istio inserts at the ends. With one that is not there it does nothing.
  const before = name === undefined ? 0 : place;
  const after = name === undefined ? filters.length : place + 1;
  switch (operation) {
    case "INSERT_FIRST":
      return [value, ...filters];
    case "ADD":
      return [...filters, value];
    case "INSERT_BEFORE":
      return before < 0 ? filters : filters.toSpliced(before, 0, value);
    case "INSERT_AFTER":
      return name !== undefined && place < 0 ? filters : filters.toSpliced(after, 0, value);
    case "MERGE":
      return filters.map((filter) => (filter.name === name ? merged(filter, value) : filter));
    case "REMOVE":
      return filters.filter((filter) => filter.name !== name);
    default:
      throw new Error(`${operation} is not known here`);
  }
}

function withClusters(
  clusters: readonly JsonObject[],
  patch: ConfigPatch,
  value: JsonObject,
  gateway: boolean,
): readonly JsonObject[] {
  const matches = (cluster: JsonObject) => clusterMatches(cluster, patch, gateway);
  switch (patch.patch.operation) {
    case "ADD":
      return [...clusters, value];
    case "REMOVE":
      return clusters.filter((cluster) => !matches(cluster));
    case "MERGE":
      return clusters.map((cluster) => (matches(cluster) ? merged(cluster, value) : cluster));
    default:
      throw new Error(`${patch.patch.operation} is not known here`);
  }
}

/** Routes are called as in the VirtualService that they come from. Only those of a gateway are here. */
function withRoutes(
  configurations: readonly JsonObject[],
  { match }: ConfigPatch,
  value: JsonObject,
): readonly JsonObject[] {
  const wanted = match.routeConfiguration?.vhost.route.name;
  if (wanted === undefined || match.context !== "GATEWAY")
    throw new Error("a route must be matched by its name");
  return configurations.map((configuration) => ({
    ...configuration,
    virtualHosts: objects(configuration.virtualHosts).map((host) => ({
      ...host,
      routes: objects(host.routes).map((route) => (route.name === wanted ? merged(route, value) : route)),
    })),
  }));
}

/** Istio names clusters `direction|port|subset|service`; inbound ones have no service. */
function clusterMatches({ name }: JsonObject, { match }: ConfigPatch, gateway: boolean): boolean {
  const [direction, port, , service] = String(name).split("|");
  const context = gateway ? "GATEWAY" : direction === "inbound" ? "SIDECAR_INBOUND" : "SIDECAR_OUTBOUND";
  const { portNumber, service: wanted } = match.cluster ?? {};
  if (context !== match.context) return false;
  if (portNumber !== undefined && String(portNumber) !== port) return false;
  return wanted === undefined || wanted === service;
}

/** Fields that are maps. Of a map, proto.Merge replaces the entries that both have. */
const MAPS: ReadonlySet<string> = new Set(["typedExtensionProtocolOptions", "filterMetadata"]);

/** Fields of which a message has one at a time. */
const ONE_OF: readonly (readonly string[])[] = [
  ["hostRewriteLiteral", "autoHostRewrite", "hostRewriteHeader", "hostRewritePathRegex"],
];

/** proto.Merge: messages are merged field by field, lists are joined, everything else is overwritten. */
function merged(base: JsonObject, change: JsonObject): JsonObject {
  const result: { [key: string]: Json } = { ...base };
  for (const [key, value] of Object.entries(change)) {
    for (const other of ONE_OF.find((keys) => keys.includes(key)) ?? [])
      if (other !== key) delete result[other];
    const old = result[key];
    if (Array.isArray(old) && Array.isArray(value)) result[key] = [...old, ...value];
    else if (!isObject(old) || !isObject(value)) result[key] = value;
    else result[key] = MAPS.has(key) ? { ...old, ...value } : merged(old, value);
  }
  return result;
}

/** Field names as the fixtures have them: lowerCamel. Keys of maps and of free-form structs are no field names. */
function protoJson(value: Json): Json {
  if (Array.isArray(value)) return value.map(protoJson);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) =>
      key === "json_format" ? ["jsonFormat", member] : [camel(key), protoJson(member)],
    ),
  );
}

function camel(key: string): string {
  return key.includes(".") ? key : key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The objects of a list; none when it is absent. */
export function objects(value: Json | undefined): readonly JsonObject[] {
  return (value ?? []) as readonly JsonObject[];
}
