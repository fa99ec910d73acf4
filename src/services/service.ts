import { Secret } from "../document/secret.ts";
import { isLoopback } from "../exchange/loopback.ts";
import { type ConnectionOptions, createConnections } from "./connections.ts";
import { type Authorizer, createAuthorizer, type ServiceCredentials } from "./credentials.ts";
import { Fault, ServiceError } from "./error.ts";
import { exchange, type HttpRequest, type HttpResponse, StaleConnection } from "./http.ts";

/** An HTTP service that Regent talks to, in the sense of OPA's `services`. */
export type Service = {
  readonly name: string;
  /** Without credentials, query and a slash at the end. */
  readonly url: string;
  /** What of its configuration is dangerous, for the log at start: a token in clear text, TLS that checks nothing. */
  readonly warnings: readonly string[];
  /**
   * One HTTP exchange, whatever its status is. A redirect within the same origin is followed; credentials never go
   * anywhere else. Retrying is the caller's.
   * @throws ServiceError that names service and URL, never a secret.
   */
  request(request: ServiceRequest): Promise<ServiceResponse>;
  /** Ends every request under way (they fail with `aborted`) and the idle connections. */
  close(): Promise<void>;
};

export type ServiceRequest = {
  readonly method: "GET" | "POST" | "PUT";
  /** Below the service's URL; may carry a query. */
  readonly path: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: Buffer;
  /** For all of it, redirects included. */
  readonly timeoutMs: number;
  /** Until the head of the answer; the service's own unless said otherwise, 0 for none (a long poll). */
  readonly responseHeaderTimeoutMs?: number;
  /** Of the body of the answer. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
};

export type ServiceResponse = HttpResponse;

export type ServiceOptions = {
  readonly name: string;
  /** `http` or `https`, with a path if need be. */
  readonly url: string;
  readonly headers?: { readonly [name: string]: string | Secret };
  readonly tls?: { readonly caFile?: string; readonly systemCaRequired?: boolean };
  /** Believe any certificate. For trying things out only. */
  readonly allowInsecureTls?: boolean;
  readonly responseHeaderTimeoutMs?: number;
  readonly credentials?: ServiceCredentials;
};

/** As OPA's `response_header_timeout_seconds`. */
export const RESPONSE_HEADER_TIMEOUT_MS = 10_000;
/** Hops within one origin: a load balancer adds one, a moved bundle another; more is a loop. */
export const REDIRECTS_MAX = 5;
/** @throws ServiceError `invalid` when the URL is none of HTTP */
export function createService(options: ServiceOptions): Service {
  const base = baseUrl(options);
  const url = `${base.origin}${base.pathname.replace(/\/+$/, "")}`;
  const authorizer = authorizerOf(options);
  const connections = createConnections(connectionOptions(base, options));
  const closing = new AbortController();
  const send = (wanted: ServiceRequest, target: URL): Promise<HttpResponse> => {
    const signal =
      wanted.signal === undefined ? closing.signal : AbortSignal.any([closing.signal, wanted.signal]);
    const headers = {
      "user-agent": "regent",
      "accept-encoding": "identity",
      ...plainHeaders(options.headers),
      ...basicAuthorization(base),
      ...wanted.headers,
    };
    const headTimeoutMs =
      wanted.responseHeaderTimeoutMs ?? options.responseHeaderTimeoutMs ?? RESPONSE_HEADER_TIMEOUT_MS;
    const deadline = performance.now() + wanted.timeoutMs;
    return follow(target, wanted.method, async (hop) => {
      const agent = await connections.current();
      const { method, body, maxBytes } = wanted;
      const authorization = await authorizer.headers({ method, url: hop, body, agent, signal });
      const response = await sendOnce({
        method,
        url: hop,
        headers: { ...headers, ...authorization },
        ...(body === undefined ? {} : { body }),
        agent,
        timeoutMs: Math.max(1, deadline - performance.now()),
        headTimeoutMs,
        maxBytes,
        signal,
      });
      if (response.status === 401) authorizer.refused();
      return response;
    });
  };

  return {
    name: options.name,
    url,
    warnings: warningsOf(base, options),
    async request(wanted) {
      const target = new URL(`${url}/${wanted.path.replace(/^\/+/, "")}`);
      try {
        return await send(wanted, target);
      } catch (error) {
        const request = `${wanted.method} ${target.origin}${target.pathname}`;
        throw named(error, options.name, request, connections.hint(Date.now()));
      }
    },
    async close() {
      closing.abort();
      connections.close();
    },
  };
}

/** Sends a request and follows redirects within its origin. Each hop is authorized anew: signatures cover the path. */
async function follow(
  first: URL,
  method: string,
  send: (url: URL) => Promise<HttpResponse>,
): Promise<HttpResponse> {
  let url = first;
  for (let hops = 0; ; hops++) {
    const response = await send(url);
    const location = response.headers.get("location");
    if (!REDIRECTS.has(response.status) || location === undefined) return response;
    if (hops === REDIRECTS_MAX) throw new Fault("redirect", `it redirects more than ${REDIRECTS_MAX} times`);
    url = redirectTarget(url, location, method, response.status);
  }
}

/** A kept connection may have been closed by the server just now: asking is repeated on a new one, telling is not. */
async function sendOnce(options: HttpRequest): Promise<HttpResponse> {
  try {
    return await exchange(options);
  } catch (error) {
    if (!(error instanceof StaleConnection) || options.method !== "GET") throw error;
    return exchange(options);
  }
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

function redirectTarget(from: URL, location: string, method: string, status: number): URL {
  if (!URL.canParse(location, from.href))
    throw new Fault("redirect", "it redirects to something that is no URL");
  const to = new URL(location, from);
  if (to.origin !== from.origin)
    throw new Fault(
      "redirect",
      `it redirects to ${to.origin}, which is another host: credentials are not sent there. Configure that URL if it is right`,
    );
  if (method !== "GET" && status < 307)
    throw new Fault("redirect", `it redirects a ${method} with ${status}, which would lose its body`);
  return to;
}

function baseUrl({ name, url }: ServiceOptions): URL {
  const base = URL.canParse(url) ? new URL(url) : undefined;
  if (base === undefined || !/^https?:$/.test(base.protocol))
    throw new ServiceError(name, "invalid", undefined, "its url is not an http:// or https:// URL");
  return base;
}

function authorizerOf({ name, credentials }: ServiceOptions): Authorizer {
  try {
    return createAuthorizer(credentials);
  } catch (error) {
    throw named(error, name, undefined, undefined);
  }
}

function connectionOptions(base: URL, options: ServiceOptions): ConnectionOptions {
  const { name, tls, allowInsecureTls, credentials } = options;
  const client = credentials?.kind === "clientTls" ? credentials : undefined;
  if (base.protocol === "http:" && client !== undefined)
    throw new ServiceError(name, "invalid", undefined, "a client certificate needs an https:// URL");
  return {
    protocol: base.protocol,
    ...tls,
    ...(allowInsecureTls === undefined ? {} : { allowInsecureTls }),
    ...(client === undefined ? {} : { client }),
  };
}

function plainHeaders(headers: ServiceOptions["headers"] = {}): { readonly [name: string]: string } {
  const plain: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(headers))
    plain[name.toLowerCase()] = value instanceof Secret ? value.reveal() : value;
  return plain;
}

/** A user and password in the URL are basic authentication, as in OPA. They are in no message: `url` has none. */
function basicAuthorization({ username, password }: URL): { readonly [name: string]: string } {
  if (username === "" && password === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

function warningsOf(base: URL, { name, credentials, allowInsecureTls }: ServiceOptions): string[] {
  const warnings: string[] = [];
  if (base.protocol === "http:" && credentials !== undefined && !isLoopback(base.hostname))
    warnings.push(
      `the service ${name} sends its credentials to ${base.origin} in clear text: anyone on the way can read and use them. Use https`,
    );
  if (base.protocol === "https:" && allowInsecureTls === true)
    warnings.push(
      `the service ${name} believes any certificate (allowInsecureTls): anyone on the way can read and change what it says. Use tls.caFile`,
    );
  return warnings;
}

function named(
  error: unknown,
  service: string,
  request: string | undefined,
  hint: string | undefined,
): ServiceError {
  const fault = error instanceof Fault ? error.fault : "invalid";
  const message = error instanceof Error ? error.message : String(error);
  const handshake = fault === "tls" || fault === "unreachable";
  const reason = handshake && hint !== undefined ? `${message}; ${hint}` : message;
  return new ServiceError(service, fault, request, reason, error);
}
