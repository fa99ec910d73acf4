import { isIP } from "node:net";

/** Where a model server listens. */
export type Origin = {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  /** As in the Host header: with the port where it is not the scheme's own. */
  readonly authority: string;
  readonly isAddress: boolean;
};

/** What people paste: the base URL of an OpenAI client ends in /v1, which the request's own path has already. */
const PATHS_IGNORED = new Set(["/", "/v1", "/v1/"]);

/**
 * Reads `http(s)://host[:port]`. A trailing `/v1` is accepted and left out.
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
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new Error(`${text} is not http or https; expected http://host:port or https://host`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error("the URL of a model server may not carry credentials; put the key in a file");
  }
  if (!PATHS_IGNORED.has(url.pathname) || url.search !== "" || url.hash !== "") {
    throw new Error(
      `${text} has a path; only a host and a port can be put behind the gateway (a trailing /v1 is fine)`,
    );
  }
  const tls = url.protocol === "https:";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return {
    tls,
    host,
    port: url.port === "" ? (tls ? 443 : 80) : Number(url.port),
    authority: url.host,
    isAddress: isIP(host) !== 0,
  };
}
