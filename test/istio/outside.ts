import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { parseAllDocuments } from "yaml";
import { loopback } from "../envoy/support/envoy.ts";
import type { Answer, Seen } from "../envoy/support/witness.ts";
import type { KeyPair } from "../support/certificates.ts";
import type { Manifest } from "./manifests.ts";
import type { ConfigPatch, Json, JsonObject } from "./patches.ts";

/**
 * What Istio makes of the objects that `regent istio generate` prints for hosts outside the mesh, as far as a stock Envoy
 * can have it: addresses are those of the test, and the file of CAs stands where Istio's agent would hand it over.
 */
export type Outside = {
  readonly clusters: readonly JsonObject[];
  readonly routes: readonly JsonObject[];
  readonly patches: readonly ConfigPatch[];
};

/** `port`: where all hosts are; `caFile`: in the place of the one that the DestinationRules name. */
export function outsideOf(printed: string, port: number, caFile: string): Outside {
  const manifests = parseAllDocuments(printed).map((document) => document.toJS() as Manifest);
  const specs = <T>(kind: string) =>
    manifests.flatMap((manifest) => (manifest.kind === kind ? [manifest.spec as T] : []));
  const rules = new Map(specs<Rule>("DestinationRule").map((rule) => [rule.host, rule]));
  return {
    clusters: specs<Entry>("ServiceEntry").map((entry) => clusterOf(entry, rules, port, caFile)),
    routes: specs<Service>("VirtualService").flatMap(({ http }) => http.map(routeOf)),
    patches: specs<{ configPatches: ConfigPatch[] }>("EnvoyFilter").flatMap(
      ({ configPatches }) => configPatches,
    ),
  };
}

type Entry = {
  readonly hosts: readonly [string];
  readonly ports: readonly [{ readonly number: number; readonly protocol: string }];
  readonly resolution: "DNS";
};
type Rule = {
  readonly host: string;
  readonly trafficPolicy: {
    readonly tls: {
      readonly mode: "SIMPLE";
      readonly sni: string;
      readonly subjectAltNames: readonly string[];
    };
  };
};
type Service = {
  readonly http: readonly {
    readonly name?: string;
    readonly match?: readonly { readonly headers: { readonly [name: string]: { readonly exact: string } } }[];
    readonly route?: readonly {
      readonly destination: { readonly host: string; readonly port: { readonly number: number } };
    }[];
    readonly rewrite?: { readonly authority: string };
    readonly directResponse?: { readonly status: number };
  }[];
};

/** A ServiceEntry that is resolved by DNS, with the TLS of its DestinationRule (Istio's pilot/pkg/networking/core). */
function clusterOf(entry: Entry, rules: ReadonlyMap<string, Rule>, port: number, caFile: string): JsonObject {
  const [host] = entry.hosts;
  const name = `outbound|${entry.ports[0].number}||${host}`;
  const tls = rules.get(host)?.trafficPolicy.tls;
  if (tls === undefined) throw new Error(`${host} has no DestinationRule`);
  return {
    name,
    type: "STATIC",
    connectTimeout: "10s",
    loadAssignment: {
      clusterName: name,
      endpoints: [{ lbEndpoints: [{ endpoint: { address: loopback(port) } }] }],
    },
    transportSocket: {
      name: "envoy.transport_sockets.tls",
      typedConfig: {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        sni: tls.sni,
        commonTlsContext: {
          validationContext: {
            trustedCa: { filename: caFile },
            matchSubjectAltNames: tls.subjectAltNames.map((exact) => ({ exact })),
          },
        },
      },
    },
    typedExtensionProtocolOptions: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicitHttpConfig: { httpProtocolOptions: {} },
      },
    },
  };
}

function routeOf({ name, match, route, rewrite, directResponse }: Service["http"][number]): JsonObject {
  if (directResponse !== undefined) return { match: { prefix: "/" }, directResponse };
  const headers = (match ?? []).flatMap((condition) =>
    Object.entries(condition.headers).map(([header, { exact }]) => ({
      name: header,
      stringMatch: { exact },
    })),
  );
  const destination = route?.[0]?.destination;
  return {
    ...(name === undefined ? {} : { name }),
    match: { prefix: "/", headers },
    route: {
      cluster: `outbound|${destination?.port.number}||${destination?.host}`,
      timeout: "0s",
      ...(rewrite === undefined ? {} : { hostRewriteLiteral: rewrite.authority }),
    },
  };
}

/** A cluster that patches have added, at the address and with the CAs of the test. */
export function atHome(cluster: JsonObject, port: number, caFile: string): JsonObject {
  const text = JSON.stringify(cluster, (key, value) => {
    if (key === "socketAddress") return { address: "127.0.0.1", portValue: port };
    return key === "trustedCa" ? { filename: caFile } : value;
  });
  const { dnsLookupFamily: _, ...kept } = JSON.parse(text) as { readonly [key: string]: Json };
  return kept.type === "LOGICAL_DNS" ? { ...kept, type: "STATIC" } : kept;
}

/** A server outside, of TLS, that remembers what reached it and which name the client began with. */
export type OutsideServer = {
  readonly port: number;
  readonly seen: readonly (Seen & { readonly sni: string | false })[];
  answer: Answer;
  stop(): Promise<void>;
};

export async function startOutsideServer(certificate: KeyPair): Promise<OutsideServer> {
  const seen: (Seen & { readonly sni: string | false })[] = [];
  const server = createServer(certificate);
  const started: OutsideServer = {
    get port() {
      return (server.address() as AddressInfo).port;
    },
    seen,
    answer: (_, response) => response.destroy(),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on("request", async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { method = "", url = "", headers } = request;
    seen.push({ method, path: url, headers, body, sni: (request.socket as TLSSocket).servername ?? false });
    started.answer(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return started;
}
