import type { HeaderField } from "./headers.ts";
import type { JsonObject } from "./json.ts";

/** Header changes, applied in this order: remove, then set (overwriting). */
export type HeaderChanges = {
  readonly remove: readonly string[];
  readonly set: readonly HeaderField[];
};

/** The ordered changes to a message that passes. */
export type Plan = {
  readonly headers: HeaderChanges;
  /** The new path with its query, where it names another model; undefined leaves it as it is. */
  readonly path?: string;
  /** The whole new body; undefined leaves the bytes as they are. */
  readonly body?: Buffer;
  /** Whether Envoy must choose the route anew because a header it routes by changed. */
  readonly clearRouteCache: boolean;
  /** Dynamic metadata under the namespace `regent`. */
  readonly metadata: JsonObject;
};

/** An answer that Regent gives itself: a denial, or a document such as the list of models. */
export type OwnAnswer = {
  readonly status: number;
  readonly headers: readonly HeaderField[];
  readonly body: Buffer;
  /** What clients of gRPC are told; absent: what Envoy makes of the status. */
  readonly grpcStatus?: number;
  /** Short reason for Envoy's access log (response_code_details), `regent_` and the code. */
  readonly details: string;
};
