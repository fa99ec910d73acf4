import { RegentError } from "../../exchange/errors.ts";
import { type Headers, headerValues } from "../../exchange/headers.ts";
import { gunzipAtOnce } from "../../wire/content-encoding.ts";

/** A flag and the length of the message (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
export const FRAME_HEAD_BYTES = 5;

/**
 * Bytes of one message, decompressed: eight times what a gRPC client takes unless told otherwise, and the images and
 * embeddings that are sent with larger limits fit.
 */
export const GRPC_MESSAGE_BYTES_MAX = 32 * 1024 * 1024;

/** Messages of one body that is judged whole: every one is read and searched before any leaves. */
export const GRPC_MESSAGES_MAX = 1024;

/** A message, and the frame that it came in. */
export type Message = {
  /** Decompressed. */
  readonly bytes: Buffer;
  readonly frame: Buffer;
};

/**
 * The messages of a body, one behind the other and nothing else.
 *
 * @throws RegentError body_invalid or encoding_unsupported
 */
export function readFrames(body: Buffer, headers: Headers): Message[] {
  const messages: Message[] = [];
  let room = GRPC_MESSAGE_BYTES_MAX;
  for (let at = 0; at < body.length; ) {
    if (messages.length === GRPC_MESSAGES_MAX) throw invalid(`more than ${GRPC_MESSAGES_MAX} messages`);
    if (body.length - at < FRAME_HEAD_BYTES) throw invalid("a frame that is cut short");
    const length = body.readUInt32BE(at + 1);
    const end = at + FRAME_HEAD_BYTES + length;
    if (end > body.length)
      throw invalid(`a frame of ${length} bytes, of which ${body.length - at - FRAME_HEAD_BYTES} came`);
    const frame = body.subarray(at, end);
    const bytes = messageIn(frame, codingOf(headers), room);
    room -= bytes.length;
    messages.push({ bytes, frame });
    at = end;
  }
  return messages;
}

/**
 * The message in a whole frame.
 *
 * @param coding of compressed messages
 * @param bytesMax the most bytes it may have
 * @throws RegentError body_invalid or encoding_unsupported
 */
export function messageIn(frame: Buffer, coding: string, bytesMax: number): Buffer {
  const message = frame.subarray(FRAME_HEAD_BYTES);
  if (frame[0] === 0) {
    if (message.length > bytesMax) throw tooLarge();
    return message;
  }
  if (frame[0] !== 1) throw invalid("a frame with a flag that is none");
  if (coding !== "gzip")
    throw new RegentError("encoding_unsupported", "The request has a message in a coding other than gzip.");
  const decoded = gunzipAtOnce(message, bytesMax);
  if (decoded.ok) return decoded.bytes;
  if (decoded.fault === "too_large") throw tooLarge();
  throw invalid(decoded.reason);
}

/** A message without compression in its frame. */
export function frameOf(message: Buffer): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** What compressed messages are compressed with. */
export function codingOf(headers: Headers): string {
  const values = headerValues(headers, "grpc-encoding");
  return values.length === 1 ? (values[0] as string).trim().toLowerCase() : "identity";
}

function tooLarge(): RegentError {
  return new RegentError(
    "body_too_large",
    `The request has more than ${GRPC_MESSAGE_BYTES_MAX} bytes of messages.`,
  );
}

function invalid(problem: string): RegentError {
  return new RegentError("body_invalid", `The body has ${problem}.`);
}
