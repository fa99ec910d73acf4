import type { Address, TcpAddress } from "../../config/address.ts";

/** A cluster that serves models: the name that `x-regent-target` carries, and its origin, `http(s)://host:port`. */
export type EnvoyTarget = {
  readonly name: string;
  readonly origin: string;
  /** Names of the targets that a request is sent to, one after the other, while this one fails. Only with ext_proc. */
  readonly fallbacks?: readonly string[];
};

/** Which of Regent's filters stand in the way of a request. Anything but `both` is for measuring. */
export const FILTER_CHOICES = ["both", "ext_proc", "ext_authz", "ext_authz_body", "none"] as const;
export type FilterChoice = (typeof FILTER_CHOICES)[number];

export type EnvoyOptions = {
  readonly listen: TcpAddress;
  /** Loopback only: Envoy's admin interface has no authentication. */
  readonly admin: TcpAddress;
  /** Regent's gRPC services. */
  readonly regent: Address;
  readonly targets: readonly EnvoyTarget[];
  /** `ext_authz_body`: ext_authz alone, with the body, so that it can govern. */
  readonly filters: FilterChoice;
  /**
   * The target of requests for which no decision chose one. Only without ext_proc, for measuring: with it, such a
   * request is refused.
   */
  readonly ungovernedTarget?: string;
  /** Largest request body in bytes. The other sizes follow from it, see {@link sizesFor}. */
  readonly bodyBytesMax: number;
  /** File of the access log, one JSON object a line. */
  readonly accessLog: string;
};

/** Of one target: Regent takes a bounded number of attempts. */
export const FALLBACKS_MAX = 5;

export const ENVOY_DEFAULTS: EnvoyOptions = {
  listen: { kind: "tcp", host: "127.0.0.1", port: 10_000 },
  admin: { kind: "tcp", host: "127.0.0.1", port: 9_901 },
  regent: { kind: "tcp", host: "127.0.0.1", port: 9_191 },
  targets: [
    { name: "sim-us", origin: "http://127.0.0.1:11001" },
    { name: "sim-eu", origin: "http://127.0.0.1:11002" },
    { name: "sim-messages", origin: "http://127.0.0.1:11003" },
  ],
  filters: "both",
  bodyBytesMax: 4 * 1024 ** 2,
  accessLog: "/dev/stdout",
};

/**
 * Smallest connection buffer. Envoy 1.40 crashes when a filter on a cluster replaces a body with one that does not fit
 * into the cluster's buffer, whose default is 1 MiB; with 50 MiB it was not seen again.
 */
const CONNECTION_BUFFER_BYTES_MIN = 50 * 1024 ** 2;
/** A body may grow when it is edited: masks are longer than some of what they hide. */
const BODY_GROWTH = 4;

/** Sizes that must fit each other: body, below connection buffers. The gRPC receive limit of Regent is above both. */
export function sizesFor(bodyBytesMax: number): { readonly body: number; readonly connectionBuffer: number } {
  return {
    body: bodyBytesMax,
    connectionBuffer: Math.max(CONNECTION_BUFFER_BYTES_MIN, bodyBytesMax * BODY_GROWTH),
  };
}

/** Times, in seconds. */
export const TIMES = {
  /** One answer of Regent. Above all its own limits, so that it is Regent that refuses; a busy core must not lapse it. */
  regentAnswer: 2,
  /** Headers of a request, from its first byte. */
  requestHeaders: 10,
  /** A whole request, from its first byte: 4 MiB over a slow line. */
  request: 60,
  /** Silence on a request or an answer. Models think for minutes before the first token. */
  idle: 300,
  /** A whole answer, streamed or not. */
  answer: 900,
  /** A connection to a model server or to Regent. */
  connect: 5,
  /** A connection on which nothing happens. */
  connectionIdle: 600,
} as const;

/** Counts, so that nothing in Envoy grows without a bound. */
export const COUNTS = {
  /** Kilobytes of request headers. Envoy's default, said aloud. */
  headerKilobytes: 60,
  headers: 100,
  /** Connections of clients. */
  clientConnections: 10_000,
  /** Requests at once on one HTTP/2 connection. */
  streamsPerConnection: 100,
  /** Exchanges at once, to Regent and to each cluster. Envoy's default of 1,024 would refuse long streams too early. */
  exchanges: 10_000,
  /** Retries at once, so that a provider that fails is not buried under them. */
  retries: 100,
} as const;
