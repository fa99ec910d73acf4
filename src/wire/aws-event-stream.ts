import { crc32 } from "node:zlib";
import { type AwsHeaders, encodeHeaders, parseHeaders } from "./aws-headers.ts";
import { appendTo, initialPending, type Pending, release, restOf } from "./pending.ts";

export type { AwsHeader, AwsHeaders } from "./aws-headers.ts";

/**
 * Event streams of AWS (`application/vnd.amazon.eventstream`, https://smithy.io/2.0/aws/amazon-eventstream.html). A
 * message is, in big-endian numbers of 32 bits:
 *
 *     total length | length of headers | CRC32 of these 8 bytes | headers | payload | CRC32 of all before it
 *
 * A chunk may end anywhere. After a wrong checksum or an impossible length nothing can be found again, so the stream ends.
 */

/**
 * The largest message, with its lengths and checksums. Bedrock's have some hundred bytes, a whole trace of a guardrail some
 * ten thousand; the protocol allows 24 MiB, which would be held in memory for nothing.
 */
export const AWS_MESSAGE_BYTES_MAX = 1024 * 1024;

/** The protocol's own limit on headers. */
export const AWS_HEADERS_BYTES_MAX = 128 * 1024;

export type AwsMessage = {
  readonly headers: AwsHeaders;
  readonly payload: Buffer;
  /** Where the message lies in `raw` of the same step. */
  readonly start: number;
  readonly end: number;
};

export type AwsStep = {
  readonly messages: readonly AwsMessage[];
  /** The bytes of these messages, in order. */
  readonly raw: Buffer;
  /** What is wrong behind these messages. Nothing can be read after that. */
  readonly fault: string | undefined;
};

/** Where a stream stands. {@link stepAwsStream} uses it up. */
export type AwsStreamState = { readonly pending: Pending; fault: string | undefined };

const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
/** A message without headers and payload. */
const MESSAGE_BYTES_MIN = PRELUDE_BYTES + CHECKSUM_BYTES;
const NOTHING = Buffer.alloc(0);

export function initialAwsStream(): AwsStreamState {
  return { pending: initialPending(), fault: undefined };
}

/** Reads one chunk. The bytes of the chunk are not copied unless a message goes over its end. */
export function stepAwsStream(state: AwsStreamState, chunk: Buffer): AwsStep {
  const { pending } = state;
  if (state.fault !== undefined) return { messages: [], raw: NOTHING, fault: state.fault };
  appendTo(pending, chunk);
  const from = pending.start;
  const messages: AwsMessage[] = [];
  while (state.fault === undefined) {
    const message = nextMessage(pending);
    if (message === undefined) break;
    if (typeof message === "string") {
      state.fault = message;
      break;
    }
    const start = pending.start - from;
    pending.start += message.bytes;
    messages.push({ headers: message.headers, payload: message.payload, start, end: start + message.bytes });
  }
  const raw = pending.bytes.subarray(from, pending.start);
  release(pending);
  return { messages, raw, fault: state.fault };
}

/** The bytes behind the last whole message. */
export function restOfAwsStream({ pending }: AwsStreamState): Buffer {
  return restOf(pending);
}

/** @throws RangeError when the headers do not fit or have a name twice */
export function encodeAwsMessage(headers: AwsHeaders, payload: Buffer): Buffer {
  const header = encodeHeaders(headers);
  const bytes = MESSAGE_BYTES_MIN + header.length + payload.length;
  if (header.length > AWS_HEADERS_BYTES_MAX || bytes > AWS_MESSAGE_BYTES_MAX)
    throw new RangeError(`a message of ${bytes} bytes is too large`);
  const message = Buffer.allocUnsafe(bytes);
  message.writeUInt32BE(bytes, 0);
  message.writeUInt32BE(header.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  header.copy(message, PRELUDE_BYTES);
  payload.copy(message, PRELUDE_BYTES + header.length);
  message.writeUInt32BE(crc32(message.subarray(0, bytes - CHECKSUM_BYTES)), bytes - CHECKSUM_BYTES);
  return message;
}

type Message = Pick<AwsMessage, "headers" | "payload"> & { readonly bytes: number };

/** The message in front; undefined while it is not whole, a text when something is wrong with it. */
function nextMessage(pending: Pending): Message | string | undefined {
  const rest = restOf(pending);
  if (rest.length < PRELUDE_BYTES) return undefined;
  const lengths = readLengths(rest);
  if (typeof lengths === "string") return lengths;
  if (rest.length < lengths.bytes) return undefined;
  return readMessage(rest.subarray(0, lengths.bytes), lengths.headersBytes);
}

type Lengths = { readonly bytes: number; readonly headersBytes: number };

/** The checksum comes first: without it the lengths say nothing. */
function readLengths(bytes: Buffer): Lengths | string {
  if (crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8))
    return "the checksum of the lengths of a message is wrong";
  const length = bytes.readUInt32BE(0);
  const headersBytes = bytes.readUInt32BE(4);
  if (length > AWS_MESSAGE_BYTES_MAX) return `a message is larger than ${AWS_MESSAGE_BYTES_MAX} bytes`;
  if (headersBytes > AWS_HEADERS_BYTES_MAX)
    return `the headers of a message are larger than ${AWS_HEADERS_BYTES_MAX} bytes`;
  if (length < MESSAGE_BYTES_MIN + headersBytes) return "the lengths of a message contradict each other";
  return { bytes: length, headersBytes };
}

function readMessage(bytes: Buffer, headersBytes: number): Message | string {
  const end = bytes.length - CHECKSUM_BYTES;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) return "the checksum of a message is wrong";
  const payloadAt = PRELUDE_BYTES + headersBytes;
  const headers = parseHeaders(bytes.subarray(PRELUDE_BYTES, payloadAt));
  if (typeof headers === "string") return headers;
  return { headers, payload: bytes.subarray(payloadAt, end), bytes: bytes.length };
}
