/**
 * The one file that knows the generated codecs: Envoy's messages under short names.
 *
 * `X` as a type is a decoded message: every field is there, with its default when it was not on the wire (messages:
 * null). A oneof is read by its name, which says which member is set; undefined means that none is, or one that this
 * version does not know (see {@link unknownFields}). `bytes` are views of the received buffer.
 *
 * `Init<X>` is what is encoded: a plain literal with any part of the fields.
 */
import protobuf from "protobufjs/minimal.js";
import { envoy, google, grpc, type Init, type Int64, type Unknowns } from "./gen/envoy.js";

export type { Init, Int64 };

const { Reader } = protobuf;
const auth2 = envoy.service.auth.v2;
const auth3 = envoy.service.auth.v3;
const ext3 = envoy.service.ext_proc.v3;
const health1 = grpc.health.v1;

/** Decodes received bytes; throws on bytes that are not this message, invalid UTF-8 in text included. */
export type Decode<T> = (bytes: Buffer) => T;
/** Encodes a literal. Each call has a writer of its own, so its buffer is handed out without a copy. */
export type Encode<T> = (message: Init<T>) => Buffer;

export type CheckRequest = envoy.service.auth.v3.CheckRequest;
export type CheckResponse = envoy.service.auth.v3.CheckResponse;
export type AttributeContext = envoy.service.auth.v3.AttributeContext;
export type HttpRequest = envoy.service.auth.v3.AttributeContext.HttpRequest;
export type AuthPeer = envoy.service.auth.v3.AttributeContext.Peer;
export type OkHttpResponse = envoy.service.auth.v3.OkHttpResponse;
export type DeniedHttpResponse = envoy.service.auth.v3.DeniedHttpResponse;

/** Version 2 of ext_authz, which Envoy spoke until 1.17 and other proxies still do. */
export type CheckRequest2 = envoy.service.auth.v2.CheckRequest;
export type AuthPeer2 = envoy.service.auth.v2.AttributeContext.Peer;
export type CheckResponse2 = envoy.service.auth.v2.CheckResponse;

export type ProcessingRequest = envoy.service.ext_proc.v3.ProcessingRequest;
export type ProcessingResponse = envoy.service.ext_proc.v3.ProcessingResponse;
export type ProtocolConfiguration = envoy.service.ext_proc.v3.ProtocolConfiguration;
export type HttpHeaders = envoy.service.ext_proc.v3.HttpHeaders;
export type HttpBody = envoy.service.ext_proc.v3.HttpBody;
export type HttpTrailers = envoy.service.ext_proc.v3.HttpTrailers;
export type HeadersResponse = envoy.service.ext_proc.v3.HeadersResponse;
export type BodyResponse = envoy.service.ext_proc.v3.BodyResponse;
export type TrailersResponse = envoy.service.ext_proc.v3.TrailersResponse;
export type CommonResponse = envoy.service.ext_proc.v3.CommonResponse;
export type HeaderMutation = envoy.service.ext_proc.v3.HeaderMutation;
export type BodyMutation = envoy.service.ext_proc.v3.BodyMutation;
export type ImmediateResponse = envoy.service.ext_proc.v3.ImmediateResponse;
export type StreamedBodyResponse = envoy.service.ext_proc.v3.StreamedBodyResponse;
export type ProcessingMode = envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;

export type HeaderMap = envoy.config.core.v3.HeaderMap;
export type HeaderValue = envoy.config.core.v3.HeaderValue;
export type HeaderValueOption = envoy.config.core.v3.HeaderValueOption;
export type Address = envoy.config.core.v3.Address;
export type Metadata = envoy.config.core.v3.Metadata;
export type Struct = google.protobuf.Struct;
export type Value = google.protobuf.Value;

export type HealthCheckRequest = grpc.health.v1.HealthCheckRequest;
export type HealthCheckResponse = grpc.health.v1.HealthCheckResponse;

export const { BodySendMode, HeaderSendMode } = envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
export const { ResponseStatus } = ext3.CommonResponse;
export const { HeaderAppendAction } = envoy.config.core.v3.HeaderValueOption;
export const HttpStatusCode = envoy.type.v3.StatusCode;
export const { ServingStatus } = health1.HealthCheckResponse;

export const decodeCheckRequest: Decode<CheckRequest> = (bytes) => auth3.CheckRequest.decode(bytes);
export const encodeCheckRequest: Encode<CheckRequest> = (message) =>
  auth3.CheckRequest.encode(message).finish(true);
export const decodeCheckResponse: Decode<CheckResponse> = (bytes) => auth3.CheckResponse.decode(bytes);
export const encodeCheckResponse: Encode<CheckResponse> = (message) =>
  auth3.CheckResponse.encode(message).finish(true);

export const decodeCheckRequest2: Decode<CheckRequest2> = (bytes) => auth2.CheckRequest.decode(bytes);
export const encodeCheckRequest2: Encode<CheckRequest2> = (message) =>
  auth2.CheckRequest.encode(message).finish(true);
export const decodeCheckResponse2: Decode<CheckResponse2> = (bytes) => auth2.CheckResponse.decode(bytes);
export const encodeCheckResponse2: Encode<CheckResponse2> = (message) =>
  auth2.CheckResponse.encode(message).finish(true);

/** Keeps unknown fields: a oneof of a newer Envoy must not look like an empty message. */
export const decodeProcessingRequest: Decode<ProcessingRequest> = (bytes) => {
  const reader = Reader.create(bytes);
  reader.discardUnknown = false;
  return ext3.ProcessingRequest.decode(reader);
};
export const encodeProcessingRequest: Encode<ProcessingRequest> = (message) =>
  ext3.ProcessingRequest.encode(message).finish(true);
export const decodeProcessingResponse: Decode<ProcessingResponse> = (bytes) =>
  ext3.ProcessingResponse.decode(bytes);
export const encodeProcessingResponse: Encode<ProcessingResponse> = (message) =>
  ext3.ProcessingResponse.encode(message).finish(true);

export const decodeHealthCheckRequest: Decode<HealthCheckRequest> = (bytes) =>
  health1.HealthCheckRequest.decode(bytes);
export const encodeHealthCheckRequest: Encode<HealthCheckRequest> = (message) =>
  health1.HealthCheckRequest.encode(message).finish(true);
export const decodeHealthCheckResponse: Decode<HealthCheckResponse> = (bytes) =>
  health1.HealthCheckResponse.decode(bytes);
export const encodeHealthCheckResponse: Encode<HealthCheckResponse> = (message) =>
  health1.HealthCheckResponse.encode(message).finish(true);

/**
 * Numbers of the fields that came with a message and that this version does not know: what a newer Envoy says. Empty
 * as a rule. A oneof whose name is undefined and whose message has unknown fields was set to a member from the future.
 */
export function unknownFields(message: Unknowns): number[] {
  if (message.$unknowns === undefined) return [];
  return message.$unknowns.map((field) => readVarint32(field) >>> 3);
}

/** The varint at the start of a buffer: a tag, at most five bytes (protobuf encoding, "Base 128 Varints"). */
function readVarint32(bytes: Buffer): number {
  let value = 0;
  for (let i = 0; i < 5 && i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) break;
  }
  return value >>> 0;
}

/** Whether a decoded message is a google.protobuf.Struct, whose fields are JSON and not fields. */
export function isStruct(message: object): message is Struct {
  return message instanceof (google.protobuf.Struct as unknown as new () => object);
}
