import type { Hono } from "hono";
import { HTTP_LIMITS, type HttpLimits, type HttpLog, listenHttp, listenHttpSocket } from "../admin/http.ts";
import type { OpaAddress } from "./address.ts";

/** Limits of OPA's HTTP API. Programs ask here, with inputs as bodies; else it is like the other HTTP servers. */
export const API_HTTP_LIMITS: HttpLimits = {
  ...HTTP_LIMITS,
  /** A body of some MB over a slow line. */
  requestTimeoutMs: 60_000,
  connectionsMax: 1_024,
};

export type Listening = { readonly address: OpaAddress; close(): Promise<void> };

/**
 * Serves an API at one address. A socket file that a killed process left behind is replaced.
 * @param socketMode permissions of a socket file, as `--unix-socket-perm`
 * @throws Error that names the address and what is in the way
 */
export async function listenApi(
  api: Hono,
  address: OpaAddress,
  socketMode: number,
  log: HttpLog,
): Promise<Listening> {
  const fetch = (request: Request, env: object) => api.fetch(request, env);
  if (address.kind === "unix") {
    const socket = { path: address.path, mode: socketMode };
    const { close } = await listenHttpSocket(socket, fetch, log, API_HTTP_LIMITS);
    return { address, close };
  }
  const server = await listenHttp(address, fetch, log, API_HTTP_LIMITS);
  return { address: { ...address, port: server.address.port }, close: server.close };
}
