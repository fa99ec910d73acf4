import { isIP } from "node:net";

/** Where a model server listens. */
export type Origin = {
  readonly tls: boolean;
  /** Servers of gRPC speak nothing older than HTTP/2; the others are spoken to in HTTP/1.1. */
  readonly http2: boolean;
  readonly host: string;
  readonly port: number;
  /** As in the Host header: with the port where it is not the scheme's own. */
  readonly authority: string;
  readonly isAddress: boolean;
};

/** What people paste: the base URL of an OpenAI client ends in /v1, which the request's own path has already. */
const PATHS_IGNORED = new Set(["", "/", "/v1", "/v1/"]);

/** What schemes say of the connection. */
const SCHEMES: ReadonlyMap<string, { readonly tls: boolean; readonly http2: boolean }> = new Map([
  ["http:", { tls: false, http2: false }],
  ["https:", { tls: true, http2: false }],
  ["grpc:", { tls: false, http2: true }],
  ["grpcs:", { tls: true, http2: true }],
]);

/**
 * Reads `http(s)://host[:port]`, or `grpc(s)://host[:port]` of a server that speaks gRPC. A trailing `/v1` is accepted and
 * left out.
 *
 * @throws Error with a sentence for the user when it is anything else.
 */
export function originOf(text: string): Origin {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error(`${text} is not a URL; expected http://host:port or https://host`);
  }
  const scheme = SCHEMES.get(url.protocol);
  if (scheme === undefined || url.hostname === "") {
    throw new Error(`${text} is not http or https, nor grpc; expected http://host:port or https://host`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error("the URL of a model server may not carry credentials; put the key in a file");
  }
  if (!PATHS_IGNORED.has(url.pathname) || url.search !== "" || url.hash !== "") {
    throw new Error(
      `${text} has a path; only a host and a port can be put behind the gateway (a trailing /v1 is fine)`,
    );
  }
  const { tls } = scheme;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return {
    ...scheme,
    host,
    port: url.port === "" ? (tls ? 443 : 80) : Number(url.port),
    authority: url.host,
    isAddress: isIP(host) !== 0,
  };
}
