import { parseAddress } from "../ip.ts";

/** Go's url.Parse and URL.String. @see https://pkg.go.dev/net/url#Parse */

export type Url = {
  readonly scheme: string;
  /** What follows a scheme without a slash. */
  readonly opaque: string;
  /** Resolved; undefined when there is none. */
  readonly user: UserInfo | undefined;
  /** Host and port. */
  readonly host: string;
  readonly path: string;
  /** The path as written, where that differs from how Go would write it; else empty. */
  readonly rawPath: string;
  /** The scheme is followed by a path without `//`. */
  readonly omitHost: boolean;
  /** A `?` with nothing behind it. */
  readonly forceQuery: boolean;
  readonly rawQuery: string;
  readonly fragment: string;
  /** The fragment as written, where that differs from how Go would write it; else empty. */
  readonly rawFragment: string;
};
export type UserInfo = { readonly name: string; readonly password?: string };

/** A text that is no URL. */
export class UrlParseError extends Error {
  override readonly name = "UrlParseError";
}

export function parseUrl(text: string): Url {
  const [before, fragment] = cut(text, "#");
  const url = parseWithoutFragment(before);
  const resolved = resolveEscapes(fragment, ANYTHING);
  const rawFragment = escapeFragment(resolved) === fragment ? "" : fragment;
  return { ...url, fragment: resolved, rawFragment };
}

const ANYTHING = /^/;

function parseWithoutFragment(text: string): Url {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new UrlParseError("invalid control character in URL");
  if (text === "*") return { ...EMPTY, path: "*" };
  const [scheme, afterScheme] = splitScheme(text);
  const [rest, rawQuery] = cut(afterScheme, "?");
  const forceQuery = rawQuery === "" && afterScheme.endsWith("?");
  const url = { ...EMPTY, scheme: scheme.toLowerCase(), rawQuery, forceQuery };
  if (!rest.startsWith("/")) {
    // What follows a scheme without a slash is opaque.
    if (scheme !== "") return { ...url, opaque: rest };
    if (cut(rest, "/")[0].includes(":"))
      throw new UrlParseError("first path segment in URL cannot contain colon");
  }
  const hasAuthority = rest.startsWith("//") && (scheme !== "" || !rest.startsWith("///"));
  if (!hasAuthority) return { ...url, ...pathOf(rest), omitHost: scheme !== "" && rest.startsWith("/") };
  const slash = rest.indexOf("/", 2);
  const authority = slash === -1 ? rest.slice(2) : rest.slice(2, slash);
  return { ...url, ...authorityOf(authority), ...pathOf(slash === -1 ? "" : rest.slice(slash)) };
}

const EMPTY: Url = {
  scheme: "",
  opaque: "",
  user: undefined,
  host: "",
  path: "",
  rawPath: "",
  omitHost: false,
  forceQuery: false,
  rawQuery: "",
  fragment: "",
  rawFragment: "",
};

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
  return encodeURI(path.toWellFormed()).replace(/[?#!'()*]/g, percent);
}

/** Of what a URL may not hold, a fragment escapes less than a path. */
function escapeFragment(fragment: string): string {
  return encodeURI(fragment.toWellFormed()).replace(/[#']/g, percent);
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

const USER_INFO = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;

function authorityOf(authority: string): { host: string; user?: UserInfo } {
  const at = authority.lastIndexOf("@");
  if (at === -1) return { host: parseHost(authority) };
  const host = parseHost(authority.slice(at + 1));
  const userInfo = authority.slice(0, at);
  if (!USER_INFO.test(userInfo)) throw new UrlParseError("invalid userinfo");
  const [name, password] = cut(userInfo, ":").map((part) => resolveEscapes(part, ANYTHING)) as [
    string,
    string,
  ];
  return { host, user: userInfo.includes(":") ? { name, password } : { name } };
}

/** Characters that stand unescaped in a path or a fragment, and escapes. */
const ENCODED = /^[A-Za-z0-9\-_.~!$&'()*+,;=:@[\]%/]*$/;

/** The path as it stands in a request, as Go's URL.EscapedPath. */
export function requestPath({ path, rawPath }: Url): string {
  if (rawPath !== "" && ENCODED.test(rawPath)) return rawPath;
  return path === "*" ? "*" : escapePath(path);
}

/** A URL as text again. */
export function printUrl(url: Url): string {
  const { scheme, opaque, user, host, omitHost, forceQuery, rawQuery, rawFragment, fragment } = url;
  const path = requestPath(url);
  const prefix = scheme === "" ? "" : `${scheme}:`;
  const query = forceQuery || rawQuery !== "" ? `?${rawQuery}` : "";
  const hash = rawFragment !== "" && ENCODED.test(rawFragment) ? rawFragment : escapeFragment(fragment);
  const place = opaque !== "" ? opaque : authorityText({ scheme, user, host, omitHost, path }) + path;
  return `${prefix}${place}${query}${fragment === "" ? "" : `#${hash}`}`;
}

function authorityText({
  scheme,
  user,
  host,
  omitHost,
  path,
}: Pick<Url, "scheme" | "user" | "host" | "omitHost" | "path">): string {
  if (host === "" && user === undefined) {
    const slashes = scheme !== "" && !omitHost && path !== "";
    if (slashes) return "//";
    return scheme === "" && path.split("/", 1)[0]?.includes(":") ? "./" : "";
  }
  const credentials = user === undefined ? "" : `${userText(user)}@`;
  const separator = path !== "" && !path.startsWith("/") && host !== "" ? "/" : "";
  return `//${credentials}${escapeHost(host)}${separator}`;
}

function userText({ name, password }: UserInfo): string {
  const escaped = (text: string) => encodeURI(text.toWellFormed()).replace(/[/?#:@!'()*]/g, percent);
  return password === undefined ? escaped(name) : `${escaped(name)}:${escaped(password)}`;
}

function escapeHost(host: string): string {
  return encodeURI(host.toWellFormed())
    .replace(/%5B|%5D|%3C|%3E|%22/g, decodeURIComponent)
    .replace(/[/?#@]/g, percent);
}

const HOST = /^[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"\u0080-\uffff%]*$/;
const OPTIONAL_PORT = /^(?::[0-9]*)?$/;

function parseHost(host: string): string {
  const open = host.lastIndexOf("[");
  if (open > 0) throw new UrlParseError("invalid IP-literal");
  if (open === 0) return parseLiteral(host);
  const colon = host.lastIndexOf(":");
  if (colon !== -1 && !OPTIONAL_PORT.test(host.slice(colon)))
    throw new UrlParseError("invalid port after host");
  return resolveEscapes(host, HOST, /%(?!25)[0-7]/);
}

/** An IPv6 address in brackets, perhaps with a zone and a port. */
function parseLiteral(host: string): string {
  const close = host.lastIndexOf("]");
  if (close === -1) throw new UrlParseError("missing ']' in host");
  const port = host.slice(close + 1);
  if (!OPTIONAL_PORT.test(port)) throw new UrlParseError("invalid port after host");
  const [address, zone] = cut(host.slice(1, close), "%25");
  if (!address.includes(":") || parseAddress(address) === undefined) throw new UrlParseError("invalid host");
  return `[${address}${zone === "" ? "" : `%${resolveEscapes(zone, ANYTHING)}`}]${port}`;
}

/** Resolves escapes. `allowed` is what may stand there unescaped; `refused` are escapes that may not. */
function resolveEscapes(text: string, allowed: RegExp, refused?: RegExp): string {
  const bad = text.search(/%(?![0-9a-fA-F]{2})/);
  if (bad !== -1) throw new UrlParseError(`invalid URL escape ${JSON.stringify(text.slice(bad, bad + 3))}`);
  if (refused?.test(text)) throw new UrlParseError("invalid URL escape");
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

/** What a reference means at a place (RFC 3986, 5.2), as Go's URL.ResolveReference. */
export function resolveUrl(base: Url, reference: Url): Url {
  if (reference.scheme !== "") return { ...reference, ...pathOf(joinedPath("", requestPath(reference))) };
  const inherited = { ...reference, scheme: base.scheme };
  if (reference.host !== "" || reference.user !== undefined)
    return { ...inherited, ...pathOf(joinedPath("", requestPath(reference))) };
  if (reference.path === "" && !reference.forceQuery && reference.rawQuery === "") {
    const fragment = reference.fragment === "" ? base : reference;
    const place = { ...base, fragment: fragment.fragment, rawFragment: fragment.rawFragment };
    if (base.opaque !== "") return place;
    return { ...place, ...pathOf(joinedPath(requestPath(base), "")) };
  }
  const { host, user } = base;
  return { ...inherited, host, user, ...pathOf(joinedPath(requestPath(base), requestPath(reference))) };
}

/** A path behind another, without `.` and `..`. */
function joinedPath(base: string, reference: string): string {
  const full =
    reference === "" || reference.startsWith("/")
      ? reference || base
      : base.slice(0, base.lastIndexOf("/") + 1) + reference;
  if (full === "") return "";
  const parts: string[] = [];
  const segments = full.replace(/^\//, "").split("/");
  for (const segment of segments) {
    if (segment === "..") parts.pop();
    else if (segment !== ".") parts.push(segment);
  }
  const last = segments.at(-1);
  if (last === "." || last === "..") parts.push("");
  return `/${parts.join("/")}`;
}
