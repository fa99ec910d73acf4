import type { CheckRequest2, Struct, Value } from "../codec.ts";
import { RequestParseError } from "./request-parse-error.ts";

type Attributes = NonNullable<CheckRequest2["attributes"]>;
type Peer = NonNullable<Attributes["source"]>;
type Address = NonNullable<Peer["address"]>;
type Request = NonNullable<Attributes["request"]>;
type HttpRequest = NonNullable<Request["http"]>;

/**
 * The attributes of an ext_authz v2 request as opa-envoy-plugin shows them to policies, in JSON text: Go's encoding/json
 * over the generated structs. Names are those of the proto; a oneof is a member with the Go name of the field, in it one
 * with the name of the member that is set (`{"Address": {"Pipe": {…}}}`), or null; what is empty is left out.
 * @throws RequestParseError when the metadata hold what JSON cannot hold
 */
export function attributesV2Text(attributes: Attributes): string {
  const { metadataContext } = attributes;
  return objectText({
    source: orAbsent(attributes.source, peerText),
    destination: orAbsent(attributes.destination, peerText),
    request: orAbsent(attributes.request, requestText),
    context_extensions: mapText(attributes.contextExtensions, JSON.stringify),
    metadata_context: orAbsent(metadataContext, ({ filterMetadata }) =>
      objectText({ filter_metadata: mapText(filterMetadata, structText) }),
    ),
  });
}

function peerText(peer: Peer): string {
  return objectText({
    address: orAbsent(peer.address, addressText),
    service: stringText(peer.service),
    labels: mapText(peer.labels, JSON.stringify),
    principal: stringText(peer.principal),
    certificate: stringText(peer.certificate),
  });
}

function addressText(address: Address): string {
  switch (address.address) {
    case "pipe": {
      const { path, mode } = address.pipe;
      const pipe = objectText({ path: stringText(path), mode: numberText(mode) });
      return `{"Address":{"Pipe":${pipe}}}`;
    }
    case "socketAddress":
      return `{"Address":{"SocketAddress":${socketAddressText(address.socketAddress)}}}`;
    default:
      return '{"Address":null}';
  }
}

function socketAddressText(address: Extract<Address, { address: "socketAddress" }>["socketAddress"]): string {
  return objectText({
    protocol: numberText(address.protocol),
    address: stringText(address.address),
    PortSpecifier: portText(address),
    resolver_name: stringText(address.resolverName),
    ipv4_compat: address.ipv4Compat ? "true" : undefined,
  });
}

function portText(address: Parameters<typeof socketAddressText>[0]): string {
  switch (address.portSpecifier) {
    case "portValue":
      return `{"PortValue":${address.portValue}}`;
    case "namedPort":
      return `{"NamedPort":${JSON.stringify(address.namedPort)}}`;
    default:
      return "null";
  }
}

function requestText(request: Request): string {
  return objectText({
    time: orAbsent(request.time, ({ seconds, nanos }) =>
      objectText({ seconds: numberText(seconds), nanos: numberText(nanos) }),
    ),
    http: orAbsent(request.http, httpText),
  });
}

function httpText(http: HttpRequest): string {
  return objectText({
    id: stringText(http.id),
    method: stringText(http.method),
    headers: mapText(http.headers, JSON.stringify),
    path: stringText(http.path),
    host: stringText(http.host),
    scheme: stringText(http.scheme),
    query: stringText(http.query),
    fragment: stringText(http.fragment),
    size: numberText(http.size),
    protocol: stringText(http.protocol),
    body: stringText(http.body),
  });
}

function objectText(members: { readonly [name: string]: string | undefined }): string {
  const texts = Object.entries(members).flatMap(([name, text]) =>
    text === undefined ? [] : [`"${name}":${text}`],
  );
  return `{${texts.join(",")}}`;
}

function orAbsent<T>(message: T | null, text: (message: T) => string): string | undefined {
  return message === null ? undefined : text(message);
}

function stringText(text: string): string | undefined {
  return text === "" ? undefined : JSON.stringify(text);
}

/** 64-bit integers keep all their digits. */
function numberText(value: { toString(): string }): string | undefined {
  const digits = value.toString();
  return digits === "0" ? undefined : digits;
}

function mapText<T>(map: { readonly [key: string]: T }, text: (value: T) => string): string | undefined {
  const members = Object.entries(map).map(([name, value]) => `${JSON.stringify(name)}:${text(value)}`);
  return members.length === 0 ? undefined : `{${members.join(",")}}`;
}

function structText({ fields }: Struct): string {
  return mapText(fields, valueText) ?? "{}";
}

function valueText(value: Value): string {
  switch (value.kind) {
    case "stringValue":
      return JSON.stringify(value.stringValue);
    case "boolValue":
      return String(value.boolValue);
    case "numberValue":
      if (Number.isFinite(value.numberValue)) return String(value.numberValue);
      throw new RequestParseError(`google.protobuf.Value cannot have ${value.numberValue} value`);
    case "structValue":
      return structText(value.structValue);
    case "listValue":
      return `[${value.listValue.values.map(valueText).join(",")}]`;
    case "nullValue":
      return "null";
    default:
      throw new RequestParseError("google.protobuf.Value: none of the oneof fields is set");
  }
}
