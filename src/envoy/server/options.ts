/** Where the gRPC server listens. A unix path that begins with `@` is a name in Linux's abstract namespace (unix(7)). */
export type GrpcAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

export type GrpcServerOptions = {
  readonly listen: GrpcAddress;
  /** Required beyond loopback, with `clientCaFile` and `peers`, unless `anyPeer` says otherwise. */
  readonly tls?: TlsOptions;
  /** Takes whoever reaches the address, from other machines too. Only for who replaces a server that does so. */
  readonly anyPeer?: boolean;
  /** Bytes of the largest message that Envoy may send: above the largest body of any route. */
  readonly messageBytesMax: number;
  /** Bytes of the largest answer; no bound of its own unless said otherwise. */
  readonly answerBytesMax?: number;
  /** Answers grpc.reflection from these .proto files; absent: reflection is off and its library not loaded. */
  readonly reflection?: { readonly protoDir: string };
};

/** Files in PEM. They are read again while the server runs, so they may be rotated. */
export type TlsOptions = {
  readonly certFile: string;
  readonly keyFile: string;
  /** Certificates of clients must be signed by one of these. Absent: clients are not asked for one. */
  readonly clientCaFile?: string | undefined;
  /** Patterns of URI names in client certificates, see {@link parsePeerPattern}. Empty: whoever the CA signed. */
  readonly peers: readonly string[];
};

/** Takes what happens in the server while it runs; pino's loggers fit. */
export type ServerLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/**
 * Exchanges in flight on one connection. Envoy opens one connection per worker thread and an exchange holds a stream as
 * long as its answer lasts; Envoy opens another connection beyond this.
 */
export const STREAMS_PER_CONNECTION_MAX = 4096;

/** Connections at a time. An Envoy holds one per worker and cluster; further ones are closed at once. */
export const CONNECTIONS_MAX = 256;

/**
 * Megabytes that one connection may hold in queues: replies that Envoy does not read, headers, pings. New streams are
 * refused beyond it. grpc-js switches the limit off unless told otherwise.
 */
export const SESSION_MEMORY_MB_MAX = 256;

/** A connection that is silent for so long is asked for a sign of life, ... */
export const KEEPALIVE_MS = 60_000;
/** ... and closed when none comes: a vanished Envoy must not hold streams and reservations. */
export const KEEPALIVE_TIMEOUT_MS = 20_000;

/** A TLS handshake takes milliseconds; what takes longer is not Envoy. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
