import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import { isLoopback } from "../../exchange/loopback.ts";
import { portTakenSentence } from "../../wire/port-holder.ts";
import { listenOnPath } from "../../wire/unix-socket.ts";
import { type Certificates, loadCertificates, reloadCertificates } from "./certificates.ts";
import {
  CONNECTIONS_MAX,
  type GrpcAddress,
  type GrpcServerOptions,
  HANDSHAKE_TIMEOUT_MS,
  type ServerLog,
  type TlsOptions,
} from "./options.ts";
import { type PeerPattern, parsePeerPattern, peerUri } from "./peers.ts";

export type ListenerOptions = Pick<GrpcServerOptions, "listen" | "tls" | "anyPeer">;

export type Listener = {
  /** With the port that the system chose. */
  readonly address: GrpcAddress;
  /** Looks at rotated certificates now; there is nothing to do without TLS. */
  reloadCertificates(): Promise<void>;
  /** Takes no further connections; resolves when the last one has ended. */
  close(): Promise<void>;
};

/**
 * Listens and hands over each connection that may speak: on loopback and unix sockets all, with TLS those whose
 * certificate names an allowed peer.
 * @throws Error that says what to change: the address can be reached from outside without TLS, the certificates do not
 *   fit, the port is taken and by whom, the socket is in use.
 */
export async function listen(
  options: ListenerOptions,
  log: ServerLog,
  accept: (connection: Duplex) => void,
): Promise<Listener> {
  const address = await resolve(options.listen);
  if (options.anyPeer !== true) assertSafe(options.listen, address, options.tls);
  const { tls } = options;
  const certificates = tls === undefined ? undefined : await loadCertificates(tls, Date.now());
  const server =
    tls === undefined || certificates === undefined
      ? createServer({ noDelay: true }, accept)
      : createTls(tls, certificates, log, accept);
  server.maxConnections = CONNECTIONS_MAX;
  server.on("drop", () =>
    log.warn({ connectionsMax: CONNECTIONS_MAX }, "connection refused: too many are open"),
  );

  if (address.kind === "unix") await listenOnPath(server, address.path);
  else await listenOnPort(server, address.host, address.port);
  // What is reported once it listens (too many open files, say) costs a connection, not the process.
  server.on("error", (error) => log.error({ err: error }, "connection could not be accepted"));

  const reloader =
    tls === undefined || certificates === undefined
      ? undefined
      : reloadCertificates(tls, certificates, (next) => (server as TlsServer).setSecureContext(next), log);
  return {
    address: address.kind === "unix" ? address : { ...address, port: (server.address() as AddressInfo).port },
    reloadCertificates: async () => reloader?.reload(),
    close: async () => {
      reloader?.close();
      server.close();
      await once(server, "close");
    },
  };
}

/** A host name becomes the address that is checked and bound: the two must not be looked up apart. */
async function resolve(address: GrpcAddress): Promise<GrpcAddress> {
  if (address.kind === "unix") return address;
  return { ...address, host: (await lookup(address.host)).address };
}

function assertSafe(written: GrpcAddress, address: GrpcAddress, tls: TlsOptions | undefined): void {
  if (tls !== undefined && tls.clientCaFile === undefined && tls.peers.length > 0) {
    throw new Error(
      "tls.peers needs tls.clientCaFile: a name counts only in a certificate that somebody vouches for",
    );
  }
  if (address.kind === "unix" || isLoopback(address.host)) return;
  if (tls?.clientCaFile !== undefined && tls.peers.length > 0) return;
  const where = written.kind === "tcp" ? `${written.host}:${written.port}` : written.path;
  throw new Error(
    `gRPC on ${where} can be reached from other machines, where anyone could ask for decisions: listen on 127.0.0.1 ` +
      "or unix:///PATH, or set tls.certFile, tls.keyFile, tls.clientCaFile and tls.peers",
  );
}

function createTls(
  tls: TlsOptions,
  certificates: Certificates,
  log: ServerLog,
  accept: (connection: Duplex) => void,
): TlsServer {
  const patterns = tls.peers.map(parsePeerPattern);
  const server = createTlsServer({
    ...certificates.context,
    requestCert: tls.clientCaFile !== undefined,
    rejectUnauthorized: tls.clientCaFile !== undefined,
    minVersion: "TLSv1.2",
    ALPNProtocols: ["h2"],
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    noDelay: true,
  });
  server.on("secureConnection", (socket) => {
    if (isAllowed(socket, patterns)) return accept(socket);
    log.warn(
      { peer: peerUri(socket), address: socket.remoteAddress },
      "connection refused: peer is not allowed",
    );
    socket.destroy();
  });
  server.on("tlsClientError", (error, socket: Socket) => {
    log.warn({ err: error, address: socket.remoteAddress }, "connection refused: TLS handshake failed");
  });
  return server;
}

function isAllowed(socket: TLSSocket, patterns: readonly PeerPattern[]): boolean {
  if (patterns.length === 0) return true;
  const uri = peerUri(socket);
  return uri !== undefined && patterns.some((matches) => matches(uri));
}

async function listenOnPort(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port });
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new Error(portTakenSentence(port), { cause: error });
  }
}
