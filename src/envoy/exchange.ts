import { randomUUID } from "node:crypto";
import type { Exchange, Peer, RequestHead, ResponseHead } from "../exchange/exchange.ts";
import type {
  AuthPeer,
  AuthPeer2,
  CheckRequest,
  CheckRequest2,
  HttpHeaders,
  ProcessingRequest,
  Struct,
} from "./codec.ts";
import { parseHandOver } from "./hand-over.ts";
import { type EnvoyHeaders, headersFromMap, splitPseudo } from "./headers.ts";

/** Where Envoy puts the attributes that `request_attributes` asks for, whatever the filter is called in the configuration. */
export const EXT_PROC_NAMESPACE = "envoy.filters.http.ext_proc";

/**
 * The exchange that an ext_proc stream begins with its first message.
 * @param headers the message's `request_headers`
 * @throws RegentError `config_mismatch` when the hand-over of ext_authz cannot be read
 */
export function exchangeFromHttpHeaders(
  message: Pick<ProcessingRequest, "attributes" | "metadataContext">,
  headers: HttpHeaders,
  startedAtMs: number,
): Exchange {
  const envoyHeaders = headersFromMap(headers.headers);
  const handOver = parseHandOver(message.metadataContext);
  const attributes = message.attributes[EXT_PROC_NAMESPACE];
  return {
    id: handOver?.decisionId ?? randomUUID(),
    protocol: "ext_proc",
    startedAtMs,
    request: requestHead(envoyHeaders, {
      // A stream that begins with an answer shows no request: what Envoy says of it stands in the attributes.
      method: pseudoHeader(envoyHeaders, ":method") || (attributeOf(message, "request.method") ?? ""),
      scheme: pseudoHeader(envoyHeaders, ":scheme") || (attributeOf(message, "request.scheme") ?? ""),
      host: pseudoHeader(envoyHeaders, ":authority") || (attributeOf(message, "request.host") ?? ""),
      path: pseudoHeader(envoyHeaders, ":path") || (attributeOf(message, "request.path") ?? ""),
    }),
    source: peerFromAttributes(attributes, "source", "connection.uri_san_peer_certificate"),
    destination: peerFromAttributes(attributes, "destination", "connection.uri_san_local_certificate"),
    ...(handOver === undefined ? {} : { handOver }),
  };
}

/** A text among the attributes that Envoy was asked for; undefined when it is not there. */
export function attributeOf(
  { attributes }: Pick<ProcessingRequest, "attributes">,
  name: string,
): string | undefined {
  const fields = attributes[EXT_PROC_NAMESPACE]?.fields;
  const value = fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
  return value?.kind === "stringValue" ? value.stringValue : undefined;
}

/** The head of the answer that ext_proc shows. A status that is no number is 0, which no rule takes for a success. */
export function responseHeadFrom(headers: HttpHeaders): ResponseHead {
  const envoyHeaders = headersFromMap(headers.headers);
  const status = Number(pseudoHeader(envoyHeaders, ":status"));
  return { status: Number.isInteger(status) ? status : 0, headers: envoyHeaders.headers };
}

/** The exchange that a CheckRequest is about. `http.query` is always empty in Envoy: the query is part of `path`. */
export function exchangeFromCheckRequest(check: CheckRequest | CheckRequest2, startedAtMs: number): Exchange {
  const { attributes } = check;
  const http = attributes?.request?.http;
  // With `encode_raw_headers` Envoy fills header_map instead, where repeated headers are not joined. v2 has none.
  const headerMap = http != null && "headerMap" in http ? http.headerMap : null;
  const envoyHeaders =
    headerMap === null ? splitPseudo(Object.entries(http?.headers ?? {})) : headersFromMap(headerMap);
  return {
    id: randomUUID(),
    protocol: "ext_authz",
    startedAtMs,
    request: requestHead(envoyHeaders, {
      method: http?.method ?? "",
      scheme: http?.scheme ?? "",
      host: http?.host ?? "",
      path: http?.path ?? "",
    }),
    source: peerFromCheck(attributes?.source ?? null),
    destination: peerFromCheck(attributes?.destination ?? null),
  };
}

function requestHead(
  { headers }: EnvoyHeaders,
  line: { method: string; scheme: string; host: string; path: string },
): RequestHead {
  const mark = line.path.indexOf("?");
  return {
    ...line,
    pathname: mark === -1 ? line.path : line.path.slice(0, mark),
    query: mark === -1 ? undefined : line.path.slice(mark + 1),
    headers,
    clientRequestId: headers.get("x-request-id")?.[0],
  };
}

/** Envoy sends each pseudo-header once; its codecs refuse others. */
function pseudoHeader({ pseudo }: EnvoyHeaders, name: string): string {
  return pseudo.get(name)?.[0] ?? "";
}

function peerFromCheck(peer: AuthPeer | AuthPeer2 | null): Peer {
  const { address } = peer ?? { address: null };
  const principal = peer?.principal;
  return {
    ...(address?.address === "socketAddress" ? { address: address.socketAddress.address } : {}),
    ...(address?.address === "socketAddress" && address.socketAddress.portSpecifier === "portValue"
      ? { port: address.socketAddress.portValue }
      : {}),
    ...(address?.address === "pipe" ? { address: address.pipe.path } : {}),
    ...(principal ? { principal } : {}),
  };
}

/** `source.address` is `host:port`, or the path of a socket; `source.port` is a number, absent for a socket. */
function peerFromAttributes(
  attributes: Struct | undefined,
  side: "source" | "destination",
  principalName: string,
): Peer {
  const fields = attributes?.fields ?? {};
  const text = (name: string) => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    return value?.kind === "stringValue" && value.stringValue !== "" ? value.stringValue : undefined;
  };
  const portValue = fields[`${side}.port`];
  const port = portValue?.kind === "numberValue" ? portValue.numberValue : undefined;
  const address = text(`${side}.address`);
  const principal = text(principalName);
  return {
    ...(address === undefined ? {} : { address: withoutPort(address, port) }),
    ...(port === undefined ? {} : { port }),
    ...(principal === undefined ? {} : { principal }),
  };
}

/** `10.0.0.1:80` to `10.0.0.1`, `[::1]:80` to `::1`, as ext_authz writes addresses. */
function withoutPort(address: string, port: number | undefined): string {
  const end = `:${port}`;
  if (port === undefined || !address.endsWith(end)) return address;
  const host = address.slice(0, -end.length);
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}
