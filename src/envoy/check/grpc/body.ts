import { RequestParseError } from "../request-parse-error.ts";
import type { GrpcMethods } from "./descriptors.ts";
import { messageJson } from "./message-json.ts";

/** Bytes of one message: what a gRPC server takes unless told otherwise. */
export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

/** A flag and the length of the message (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
const FRAME_BYTES = 5;

/** JSON text of a message; `unknown` when it is not for us to read, `truncated` when Envoy did not send all of it. */
export type GrpcBody = { readonly json: string } | "unknown" | "truncated";

/**
 * The first message of a gRPC request as opa-envoy-plugin shows it. A compressed one, one of a method that is not
 * described or takes a stream, is not read.
 * @param path the parts of the request's path, percent-decoded: service and method
 * @throws RequestParseError
 */
export function readGrpcBody(bytes: Buffer, path: readonly string[], methods: GrpcMethods): GrpcBody {
  const [service, method, ...rest] = path;
  if (service === undefined || method === undefined || rest.length > 0)
    throw new RequestParseError("invalid parsed path");
  if (bytes.length < FRAME_BYTES) throw new RequestParseError("less than 5 bytes");
  if (bytes[0] !== 0) return "unknown";
  const length = bytes.readUInt32BE(1);
  if (length > bytes.length - FRAME_BYTES) return "truncated";
  const shape = methods.input(service, method);
  if (shape === undefined) return "unknown";
  if (length > MESSAGE_BYTES_MAX)
    throw new RequestParseError(`the gRPC message has more than ${MESSAGE_BYTES_MAX} bytes`);
  return { json: messageJson(bytes.subarray(FRAME_BYTES, FRAME_BYTES + length), shape, methods) };
}
