import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { portTakenSentence } from "../wire/port-holder.ts";
import { listenOnPath } from "../wire/unix-socket.ts";

/** Limits of the two HTTP servers. Who asks here sends a line and a few headers; whoever sends more is not asking. */
export const HTTP_LIMITS = {
  /** Milliseconds for the headers to arrive: a client that sends them byte by byte holds a connection. */
  headersTimeoutMs: 5_000,
  /** Milliseconds for a whole request. */
  requestTimeoutMs: 10_000,
  /** Milliseconds that an idle connection stays open. Prometheus and probes come again sooner, or open a new one. */
  keepAliveMs: 60_000,
  /** Milliseconds between two looks at these times. */
  checkMs: 1_000,
  /** Bytes of all headers: as much as Node takes by default. */
  headerBytesMax: 16 * 1024,
  /** Connections at once. Probes, scrapers and a few people. */
  connectionsMax: 256,
  /** Milliseconds that answers may take at the end. */
  closeMs: 1_000,
} as const;
export type HttpLimits = { readonly [limit in keyof typeof HTTP_LIMITS]: number };

export type HttpAddress = { readonly host: string; readonly port: number };
/** A unix socket; `@name` is in the abstract namespace. */
export type HttpSocket = { readonly path: string; readonly mode?: number };

/** Answers a request; what it throws becomes a 500 without a body. The adapter adds what it knows of the connection. */
export type HttpFetch = (request: Request, ...adapter: never[]) => Response | Promise<Response>;

export type HttpServer = {
  /** With the port that the system chose. */
  readonly address: HttpAddress;
  /** Takes no further requests and lets those that are open come to their end, for a moment. */
  close(): Promise<void>;
};

export type HttpLog = { error(facts: object, message: string): void };

/** Listens for HTTP/1.1. Throws an Error that names the port and the process that holds it when it is taken. */
export async function listenHttp(
  address: HttpAddress,
  fetch: HttpFetch,
  log: HttpLog,
  limits: HttpLimits = HTTP_LIMITS,
): Promise<HttpServer> {
  const server = createServer(fetch, limits);
  server.listen(address.port, address.host);
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new Error(portTakenSentence(address.port), { cause: error });
  }
  outliveErrors(server, log);
  const { port } = server.address() as AddressInfo;
  return { address: { host: address.host, port }, close: () => close(server, limits.closeMs) };
}

/** Listens on a unix socket. Throws an Error that says what is in the way of it. */
export async function listenHttpSocket(
  { path, mode }: HttpSocket,
  fetch: HttpFetch,
  log: HttpLog,
  limits: HttpLimits = HTTP_LIMITS,
): Promise<Pick<HttpServer, "close">> {
  const server = createServer(fetch, limits);
  await listenOnPath(server, path, mode);
  outliveErrors(server, log);
  return { close: () => close(server, limits.closeMs) };
}

function createServer(fetch: HttpFetch, limits: HttpLimits): Server {
  const server = createAdaptorServer({
    fetch: fetch as (request: Request) => Response | Promise<Response>,
    overrideGlobalObjects: false,
    serverOptions: {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkMs,
    },
  }) as Server;
  server.maxConnections = limits.connectionsMax;
  return server;
}

/** What comes once it listens (too many open files, say) costs a connection, not the process. */
function outliveErrors(server: Server, log: HttpLog): void {
  server.on("error", (error) => log.error({ err: error }, "an HTTP connection could not be accepted"));
}

async function close(server: Server, closeMs: number): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), closeMs);
  await closed;
  clearTimeout(timer);
}

/**
 * The answer to what nobody here accepts: another method than GET and HEAD, or a request with a body. Undefined for the
 * rest. The connection is closed so that a body is not read.
 */
export function refuseUnread(request: Request): Response | undefined {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return plain(405, "only GET and HEAD are answered here", { allow: "GET, HEAD", connection: "close" });
  }
  const length = request.headers.get("content-length") ?? "0";
  if (length === "0" && !request.headers.has("transfer-encoding")) return undefined;
  return plain(413, "no body is accepted here", { connection: "close" });
}

/** A few words as an answer. */
export function plain(
  status: number,
  text: string,
  headers: { readonly [name: string]: string } = {},
): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers },
  });
}
