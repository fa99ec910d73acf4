import { TARGET_OF_HOST } from "../../envoy/upstream/upstream.ts";
import { clusterOfSeveral, clusterOfTarget, fallbacksOf, retryClusterName } from "../envoy/clusters.ts";
import { forwardAgain } from "../envoy/listener.ts";
import { note, type Yaml } from "../envoy/note.ts";
import { ENVOY_DEFAULTS, type EnvoyTarget, sizesFor } from "../envoy/options.ts";
import { originOf } from "../envoy/origin.ts";
import { filtersThroughIstio } from "./cluster.ts";

/** Of the proxy's image. */
export const CA_FILE = "/etc/ssl/certs/ca-certificates.crt";

const GATEWAY = { context: "GATEWAY" };
const BUFFER = sizesFor(ENVOY_DEFAULTS.bodyBytesMax).connectionBuffer;

/** What the route of a target is called, in the VirtualService and so in Envoy, where it is changed. */
export function routeName(target: string): string {
  return `regent-${target}`;
}

/**
 * Patches by which the ingress gateway sends what a target fails to serve to others, one after the other; none where no
 * target has fallbacks. A route of Istio's has one destination, so the clusters are ones of their own.
 *
 * @throws Error with a sentence for targets that cannot be in such a cluster
 */
export function fallbackPatches(targets: readonly EnvoyTarget[]): Yaml[] {
  const chains = targets
    .map((target) => ({ first: target.name, others: fallbacksOf(target, { ...ENVOY_DEFAULTS, targets }) }))
    .filter(({ others }) => others.length > 0);
  const names = new Set(chains.flatMap(({ first, others }) => [first, ...others]));
  const members = targets.filter(({ name }) => names.has(name));
  for (const { name, origin } of members) assertOutside(name, origin);
  return [
    ...members.map((target) =>
      note(
        `${target.name} once more, with the name of the target at its endpoint: of the cluster that Istio makes, Regent could not\n` +
          "tell whose endpoint was picked.",
        added(
          clusterOfTarget(memberName(target.name), target, {
            buffer: BUFFER,
            filters: filtersThroughIstio(target.name),
            caFile: CA_FILE,
          }),
        ),
      ),
    ),
    ...chains.flatMap(({ first, others }) => [
      added(
        clusterOfSeveral(
          retryClusterName(first),
          [first, ...others].map(memberName),
          BUFFER,
          filtersThroughIstio(TARGET_OF_HOST),
        ),
      ),
      note(`What ${first} fails to serve goes to ${others.join(", then to ")}.`, {
        applyTo: "HTTP_ROUTE",
        match: { ...GATEWAY, routeConfiguration: { vhost: { route: { name: routeName(first) } } } },
        patch: {
          operation: "MERGE",
          value: { route: forwardAgain(retryClusterName(first), others.length) },
        },
      }),
    ]),
  ];
}

/** A name that no cluster of Istio's has. */
function memberName(target: string): string {
  return `target:${target}`;
}

function added(value: Yaml): Yaml {
  return { applyTo: "CLUSTER", match: GATEWAY, patch: { operation: "ADD", value } };
}

/** A cluster beside Istio's has no certificate of the mesh. */
function assertOutside(name: string, origin: string): void {
  if (originOf(origin).tls) return;
  throw new Error(
    `${name} is a service of the mesh, which only Istio's own cluster reaches by the mesh's certificates; a fallback is from ` +
      "one host outside (https, grpcs) to others",
  );
}
