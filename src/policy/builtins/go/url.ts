/** Go's url.Parse. @see https://pkg.go.dev/net/url#Parse */

export type Url = {
  readonly scheme: string;
  /** Host and port. */
  readonly host: string;
  readonly path: string;
  /** The path as written, where that differs from how Go would write it; else empty. */
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly fragment: string;
};

/** A text that is no URL. */
export class UrlParseError extends Error {
  override readonly name = "UrlParseError";
}

export function parseUrl(text: string): Url {
  const [before, fragment] = cut(text, "#");
  const url = parseWithoutFragment(before);
  return { ...url, fragment: resolveEscapes(fragment, ANYTHING) };
}

const ANYTHING = /^/;

function parseWithoutFragment(text: string): Url {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new UrlParseError("invalid control character in URL");
  const empty: Url = { scheme: "", host: "", path: "", rawPath: "", rawQuery: "", fragment: "" };
  if (text === "*") return { ...empty, path: "*" };
  const [scheme, afterScheme] = splitScheme(text);
  const [rest, rawQuery] = cut(afterScheme, "?");
  const url = { ...empty, scheme: scheme.toLowerCase(), rawQuery };
  if (!rest.startsWith("/")) {
    // What follows a scheme without a slash is opaque.
    if (scheme !== "") return url;
    if (cut(rest, "/")[0].includes(":"))
      throw new UrlParseError("first path segment in URL cannot contain colon");
  }
  const hasAuthority = rest.startsWith("//") && (scheme !== "" || !rest.startsWith("///"));
  if (!hasAuthority) return { ...url, ...pathOf(rest) };
  const slash = rest.indexOf("/", 2);
  const authority = slash === -1 ? rest.slice(2) : rest.slice(2, slash);
  return { ...url, host: hostOf(authority), ...pathOf(slash === -1 ? "" : rest.slice(slash)) };
}

function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function splitScheme(text: string): [string, string] {
  if (text.startsWith(":")) throw new UrlParseError("missing protocol scheme");
  const [found, scheme = ""] = /^([A-Za-z][A-Za-z0-9+\-.]*):/.exec(text) ?? [];
  return found === undefined ? ["", text] : [scheme, text.slice(found.length)];
}

function pathOf(text: string): { path: string; rawPath: string } {
  const path = resolveEscapes(text, ANYTHING);
  return { path, rawPath: escapePath(path) === text ? "" : text };
}

function escapePath(path: string): string {
  return encodeURI(path.toWellFormed())
    .replaceAll("%5B", "[")
    .replace(/[?#[\]!'()*]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`);
}

const USER_INFO = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;

function hostOf(authority: string): string {
  const at = authority.lastIndexOf("@");
  if (at !== -1) {
    const userInfo = authority.slice(0, at);
    if (!USER_INFO.test(userInfo)) throw new UrlParseError("invalid userinfo");
    resolveEscapes(userInfo, ANYTHING);
  }
  return parseHost(authority.slice(at + 1));
}

const HOST = /^[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"\u0080-\uffff%]*$/;
const OPTIONAL_PORT = /^(?::[0-9]*)?$/;

function parseHost(host: string): string {
  const bracket = host.lastIndexOf("]");
  if (host.startsWith("[")) {
    if (bracket === -1) throw new UrlParseError("missing ']' in host");
    if (!OPTIONAL_PORT.test(host.slice(bracket + 1))) throw new UrlParseError("invalid port after host");
    const [address, zone] = cut(host.slice(1, bracket), "%25");
    if (!/^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(address)) throw new UrlParseError("invalid host");
    return `[${address}${zone === "" ? "" : `%${resolveEscapes(zone, ANYTHING)}`}]${host.slice(bracket + 1)}`;
  }
  if (bracket !== -1 || host.includes("[")) throw new UrlParseError("invalid character in host name");
  const colon = host.lastIndexOf(":");
  if (colon !== -1 && !OPTIONAL_PORT.test(host.slice(colon)))
    throw new UrlParseError("invalid port after host");
  return resolveEscapes(host, HOST, /%(?!25)[0-7]/);
}

/** Resolves escapes. `allowed` is what may stand there unescaped; `refused` are escapes that may not. */
function resolveEscapes(text: string, allowed: RegExp, refused?: RegExp): string {
  if (/%(?![0-9a-fA-F]{2})/.test(text) || refused?.test(text)) throw new UrlParseError("invalid URL escape");
  if (!allowed.test(text)) throw new UrlParseError("invalid character in host name");
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) =>
    Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8"),
  );
}

/** Host without port and brackets, and the port. */
export function splitHost(host: string): { hostname: string; port: string } {
  const [, bracketed, plain, port = ""] = /^(?:\[(.*)\]|([^:]*(?::[^:]*)*?))(?::(\d*))?$/s.exec(host) ?? [];
  return { hostname: bracketed ?? plain ?? host, port };
}
