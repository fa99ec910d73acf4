import type { HeaderField } from "../../exchange/headers.ts";
import type { Refusal, RenderedRefusal } from "../format.ts";
import { frameOf } from "./frames.ts";
import { grpcStatus } from "./status.ts";
import { lengthDelimited } from "./wire.ts";

/** Envoy makes the body of such an answer the `grpc-message`, and has no message in front of it. */
export const GRPC_TYPE = "application/grpc";

/**
 * Bytes of a `grpc-message` in UTF-8, three times as many when all of them are encoded. Clients take 8 KiB of headers unless
 * told otherwise, and raise RESOURCE_EXHAUSTED for more, whatever the status.
 */
export const MESSAGE_BYTES_MAX = 2_048;

/** A status and its message, from which clients make their exceptions; the code stands in the header `x-regent-reason`. */
export function refuse({ status, code, message }: Refusal): RenderedRefusal {
  return { contentType: GRPC_TYPE, body: bounded(message), grpcStatus: grpcStatus(status, code) };
}

/** A `ModelStreamInferResponse` that is nothing but an `error_message`: Triton's clients give it to the caller as an exception. */
export function refuseInStream({ message }: Refusal): Buffer {
  return frameOf(lengthDelimited(ERROR_MESSAGE, Buffer.from(message)));
}

const ERROR_MESSAGE = 1;

/**
 * The same where the method has one answer, which has no place for an error, and the head with the status has left: a frame with what
 * no protobuf message begins with, on which clients raise INTERNAL. A second message would do, but the first one may be missing.
 */
export function refuseInAnswer({ message }: Refusal): Buffer {
  return frameOf(Buffer.concat([NO_MESSAGE, Buffer.from(message)]));
}

/** The status in which a stream of answers ends; its message is percent-encoded, as gRPC has it. */
export function refuseInTrailers({ status, code, message }: Refusal): readonly HeaderField[] {
  return [
    ["grpc-status", String(grpcStatus(status, code))],
    ["grpc-message", encodedMessage(message)],
  ];
}

/** Printable ASCII but for the percent sign stays (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
function encodedMessage(message: string): string {
  let text = "";
  for (const byte of bounded(message)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== PERCENT;
    text += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}

const PERCENT = 0x25;

/** As much of a message as fits, in whole characters. */
function bounded(message: string): Buffer {
  const room = Buffer.alloc(MESSAGE_BYTES_MAX);
  return room.subarray(0, room.write(message));
}

/** The field 0, in a wire type that there is not. */
const NO_MESSAGE = Buffer.from([7]);
