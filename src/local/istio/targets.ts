import { note, renderYaml, type Yaml } from "../envoy/note.ts";
import type { EnvoyTarget } from "../envoy/options.ts";
import { type Origin, originOf } from "../envoy/origin.ts";
import { targetPatch } from "./cluster.ts";
import { CA_FILE, fallbackPatches, routeName } from "./fallback.ts";

/** The namespace of Istio's ingress gateway, and the label of its pods. */
const NAMESPACE = "istio-system";
const GATEWAY_LABELS = { istio: "ingressgateway" };

/** Names of services are whole, because EnvoyFilters match nothing else: labels of DNS with a dot between them. */
const HOST_PATTERN = /^[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+$/;

type Place = { readonly name: string; readonly origin: Origin; readonly hasFallbacks: boolean };

/**
 * The Istio objects by which an ingress gateway with Regent beside it reaches the targets, as YAML: a route for each, the
 * filter that translates and adds keys in the cluster of each, and what makes hosts outside the mesh (`https`, `grpcs`)
 * known to it.
 *
 * @throws Error with a sentence when Istio could not tell a target's cluster, or a target cannot be a fallback
 */
export function renderIstioTargets(targets: readonly EnvoyTarget[]): string {
  const places = targets.map(({ name, origin, fallbacks = [] }) => ({
    name,
    origin: originOf(origin),
    hasFallbacks: fallbacks.length > 0,
  }));
  for (const place of places) check(place, places);
  const outside = places.filter(({ origin }) => origin.tls);
  const documents: readonly (readonly [Yaml, string])[] = [
    [virtualService(places), HEAD],
    [
      envoyFilter(places, fallbackPatches(targets)),
      "Translates to the dialect of a target and adds its key, when Envoy has picked it: docs/translation.md",
    ],
    ...outside.flatMap(({ origin }) => [
      [serviceEntry(origin), `Outside the mesh: ${origin.host}`] as const,
      [destinationRule(origin), "Envoy begins TLS, because what is encrypted cannot be governed."] as const,
    ]),
  ];
  return documents.map(([document, head]) => renderYaml(document, head)).join("---\n");
}

const HEAD = `The targets of registry.yaml. Printed by \`regent istio generate\`; print it again for yours.
One route a target: Regent says in x-regent-target where a request goes.`;

/** @throws Error with a sentence */
function check({ name, origin }: Place, all: readonly Place[]): void {
  const { host, port } = origin;
  if (origin.isAddress || !HOST_PATTERN.test(host))
    throw new Error(
      `${host} is not the whole name of a service; expected one as my-model.models.svc.cluster.local or api.example.com`,
    );
  const twin = all.find(
    (other) => other.name !== name && other.origin.host === host && other.origin.port === port,
  );
  if (twin !== undefined)
    throw new Error(
      `${name} and ${twin.name} are both ${host}:${port}, for which Istio has one cluster; give one of them another ` +
        "name by a ServiceEntry of its own",
    );
  if (all.filter((other) => other.name === name).length > 1) throw new Error(`there are two targets ${name}`);
}

function virtualService(places: readonly Place[]): Yaml {
  const last = note(
    "No target, no way out: what no decision sent somewhere goes nowhere. There must be such a route, because Envoy's\n" +
      "ext_authz does not ask about requests that have none.",
    { directResponse: { status: 503 } },
  );
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name: "models", namespace: NAMESPACE },
    spec: { hosts: ["*"], gateways: ["models"], http: [...places.map(route), last] },
  };
}

function route({ name, origin, hasFallbacks }: Place): Yaml {
  const { host, port, tls, authority } = origin;
  return {
    ...(hasFallbacks ? { name: routeName(name) } : {}),
    match: [{ headers: { "x-regent-target": { exact: name } } }],
    route: [{ destination: { host, port: { number: port } } }],
    ...(tls ? { rewrite: { authority } } : {}),
    retries: note("Istio would try twice more by itself.", { attempts: 0 }),
  };
}

function envoyFilter(places: readonly Place[], fallbacks: readonly Yaml[]): Yaml {
  return {
    apiVersion: "networking.istio.io/v1alpha3",
    kind: "EnvoyFilter",
    metadata: { name: "regent-targets", namespace: NAMESPACE },
    spec: {
      workloadSelector: { labels: GATEWAY_LABELS },
      configPatches: [...places.map(placePatch), ...fallbacks],
    },
  };
}

function placePatch({ name, origin }: Place): Yaml {
  const cluster = { service: origin.host, portNumber: origin.port };
  return note(
    `${name}: in Envoy the cluster outbound|${origin.port}||${origin.host}. Replaces what Istio has there of HTTP, the\n` +
      "connectionPool of a DestinationRule included.",
    targetPatch({ context: "GATEWAY", cluster }, name, origin),
  );
}

function objectName({ host, port }: Origin): string {
  return `${host}-${port}`;
}

function serviceEntry(origin: Origin): Yaml {
  const { host, port, http2 } = origin;
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "ServiceEntry",
    metadata: { name: objectName(origin), namespace: NAMESPACE },
    spec: {
      hosts: [host],
      exportTo: ["."],
      location: "MESH_EXTERNAL",
      ports: [{ number: port, name: http2 ? "grpc" : "https", protocol: http2 ? "GRPC" : "HTTPS" }],
      resolution: "DNS",
    },
  };
}

function destinationRule(origin: Origin): Yaml {
  const { host } = origin;
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "DestinationRule",
    metadata: { name: objectName(origin), namespace: NAMESPACE },
    spec: {
      host,
      exportTo: ["."],
      trafficPolicy: {
        tls: {
          mode: "SIMPLE",
          caCertificates: note(
            "Of the proxy's image. Older versions of Istio check no certificate unless told so.",
            CA_FILE,
          ),
          sni: host,
          subjectAltNames: [host],
        },
      },
    },
  };
}
