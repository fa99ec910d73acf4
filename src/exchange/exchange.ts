import type { Headers } from "./headers.ts";
import type { Identity } from "./identity.ts";
import type { JsonObject } from "./json.ts";

/** One HTTP request and its response, as Envoy shows them. Made once, at the first message about it. */
export type Exchange = {
  /** The decision id: a UUID made by Regent, or taken from the ext_authz hand-over. Never from a client. */
  readonly id: string;
  readonly protocol: "ext_authz" | "ext_proc";
  /** Wall clock at the first message, milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly request: RequestHead;
  readonly source: Peer;
  readonly destination: Peer;
  /** What ext_authz decided about the same request, read from dynamic metadata only. */
  readonly handOver?: HandOver;
};

/** The head of a request. `path` is as Envoy sent it, the query included. */
export type RequestHead = {
  readonly method: string;
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  /** `path` without the query. */
  readonly pathname: string;
  /** The query without `?`, undefined when there is none. */
  readonly query: string | undefined;
  readonly headers: Headers;
  /** The id the client or Envoy put in x-request-id: recorded, never a key. */
  readonly clientRequestId: string | undefined;
};

/** The head of the answer that goes to the client. */
export type ResponseHead = {
  readonly status: number;
  readonly headers: Headers;
  /** Whether a target answered or Envoy did, for Regent or by itself; absent where Envoy does not say. */
  readonly origin?: "upstream" | "envoy";
};

/** One side of the connection, as Envoy asserts it. */
export type Peer = {
  readonly address?: string;
  readonly port?: number;
  /** URI SAN of the peer certificate, verified by Envoy (for a mesh: the SPIFFE id). */
  readonly principal?: string;
};

/** What the ext_authz service hands to ext_proc as dynamic metadata under `regent`. */
export type HandOver = {
  readonly decisionId: string;
  readonly allowed: boolean;
  readonly identity: Identity;
  /** Bundle revisions that decided there, for the record. */
  readonly revision: string;
  /** ext_authz ran dry: what its policy said, and what was not carried out. */
  readonly dryRun?: "allow" | "deny";
};

/** How an exchange came to its end. */
export type ExchangeEnd =
  /** Every governed phase was answered and the answer passed. */
  | "complete"
  /** Regent refused it. */
  | "refused"
  /** The client or the upstream went away before the end. */
  | "aborted"
  /** Envoy answered by itself and Regent saw only that answer. */
  | "local_reply"
  /** Envoy only shows its traffic (observability mode): Regent decided nothing and held nothing back. */
  | "observed"
  /** Regent, or the protocol between Envoy and Regent, failed. */
  | "failed";

/** Claims and the like that have no fixed shape. */
export type Attributes = JsonObject;
