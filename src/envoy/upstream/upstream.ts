import { singleHeader } from "../../exchange/headers.ts";
import { DECISION_ID_HEADER } from "../../exchange/names.ts";
import type { Governor } from "../../pipeline/governor.ts";
import type { ProcessingRequest } from "../codec.ts";
import { attributeOf, exchangeFromHttpHeaders } from "../exchange.ts";
import type { ProcessEvent } from "../process/events.ts";
import { announcedModes } from "../process/modes.ts";
import { createProcessHandler, type ProcessOptions } from "../process/process.ts";
import type { ProcessHandler } from "../server/server.ts";

/**
 * gRPC metadata by which the filter at a cluster is told from the one at the listener: the target that the cluster
 * serves. Envoy's configuration sets it (`initial_metadata`), so it is nothing that a client could send.
 */
export const UPSTREAM_METADATA = "x-regent-upstream";

/**
 * Its value at a cluster of several targets, between which Envoy chooses anew for a retry: then the endpoint says which
 * one it is. No target can be called so.
 */
export const TARGET_OF_HOST = "@host";

/** Attributes (CEL expressions) that say which target an endpoint is of, and the name that requests to it give the host. */
export const HOST_ATTRIBUTES = {
  target: "xds.upstream_host_metadata.filter_metadata.regent.target",
  host: "xds.upstream_host_metadata.filter_metadata.regent.host",
} as const;

/** Characters of a decision's id. What is longer is none. */
const ID_CHARS_MAX = 128;

/** Serves the filter at the listener and those at the clusters by one method. */
export function createProcessHandlers(governor: Governor, options: ProcessOptions): ProcessHandler {
  const atListener = createProcessHandler(governor, options);
  return (call) => {
    const metadata = call.metadata.get(UPSTREAM_METADATA);
    if (metadata.length === 0) atListener(call);
    else attemptHandler(governor, options, targetName(metadata))(call);
  };
}

/** Two names are none. */
function targetName([value, ...others]: readonly (string | Buffer)[]): string | undefined {
  return typeof value === "string" && others.length === 0 ? value : undefined;
}

/** Governs attempts as the filter at the listener governs exchanges: by the same reducer, and as closed. */
function attemptHandler(
  governor: Governor,
  options: ProcessOptions,
  cluster: string | undefined,
): ProcessHandler {
  let target = cluster;
  let host: string | undefined;
  return createProcessHandler(
    { begin: (exchange) => governor.attempt({ exchange, target, host }) },
    {
      ...options,
      parseOpening(message, nowMs) {
        if (cluster === TARGET_OF_HOST) {
          target = attributeOf(message, HOST_ATTRIBUTES.target);
          host = attributeOf(message, HOST_ATTRIBUTES.host);
        }
        return parseAttempt(message, nowMs);
      },
    },
  );
}

/** The exchange of an attempt is named by the header that the filter at the listener set. */
function parseAttempt(message: ProcessingRequest, nowMs: number): ProcessEvent | undefined {
  if (message.request !== "requestHeaders") return undefined;
  const { attributes, requestHeaders } = message;
  const exchange = exchangeFromHttpHeaders({ attributes, metadataContext: null }, requestHeaders, nowMs);
  const { value = "", repeated } = singleHeader(exchange.request.headers, DECISION_ID_HEADER);
  return {
    event: "opened",
    exchange: { ...exchange, id: repeated || value.length > ID_CHARS_MAX ? "" : value },
    modes: announcedModes(message.protocolConfig),
    observed: message.observabilityMode,
    unreadable: undefined,
  };
}
