import type { TLSSocket } from "node:tls";

/** URIs longer than this are no SPIFFE ids (SPIFFE-ID, section 2.3). */
export const PEER_URI_LENGTH_MAX = 2048;

export type PeerPattern = (uri: string) => boolean;

/**
 * `spiffe://cluster.local/ns/istio-system/*`: a `*` at the end stands for any rest, elsewhere for one whole segment
 * between slashes. Everything else is compared letter by letter.
 * @throws Error when it is no URI with a path, or a star is only a part of a segment or stands for the trust domain
 */
export function parsePeerPattern(pattern: string): PeerPattern {
  const segments = pattern.split("/");
  const [, empty, authority, ...path] = segments;
  if (empty !== "" || path.length === 0)
    throw new Error(`the peer pattern "${pattern}" is no URI with a path`);
  if (authority === "*" || segments.some((segment) => segment.includes("*") && segment !== "*")) {
    throw new Error(`the peer pattern "${pattern}" has a * that is not a whole segment of the path`);
  }
  const open = segments.at(-1) === "*";
  return (uri) => {
    if (uri.length > PEER_URI_LENGTH_MAX) return false;
    const given = uri.split("/");
    if (open ? given.length < segments.length : given.length !== segments.length) return false;
    if (given.slice(3).includes("")) return false;
    return segments.every((segment, index) => segment === "*" || segment === given[index]);
  };
}

/**
 * The one URI name in a client certificate that was verified; undefined without one. Several are none: which of them
 * speaks is not known (X509-SVID, section 2, allows exactly one).
 */
export function peerUri(socket: TLSSocket): string | undefined {
  if (!socket.authorized) return undefined;
  const uris = uriNames(socket.getPeerX509Certificate()?.subjectAltName ?? "");
  return uris.length === 1 ? uris[0] : undefined;
}

/**
 * URI names in Node's text form of a subjectAltName: `URI:spiffe://a/b, DNS:c`, where a value with special characters
 * is a JSON string (https://nodejs.org/api/crypto.html#x509subjectaltname), so that no name can pose as another.
 */
export function uriNames(subjectAltName: string): string[] {
  const uris: string[] = [];
  let rest = subjectAltName;
  while (rest !== "") {
    const colon = rest.indexOf(":");
    if (colon === -1) return [];
    const type = rest.slice(0, colon);
    rest = rest.slice(colon + 1);
    const quoted = rest.startsWith('"');
    const end = quoted ? closingQuote(rest) + 1 : endOfPlain(rest);
    if (end === 0) return [];
    if (type === "URI") uris.push(quoted ? String(JSON.parse(rest.slice(0, end))) : rest.slice(0, end));
    rest = rest.slice(end).startsWith(", ") ? rest.slice(end + 2) : rest.slice(end);
  }
  return uris;
}

function endOfPlain(text: string): number {
  const comma = text.indexOf(", ");
  return comma === -1 ? text.length : comma;
}

/** Index of the quote that ends a JSON string at the start of the text; -1 when none does. */
function closingQuote(text: string): number {
  for (let i = 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === '"') return i;
  }
  return -1;
}
