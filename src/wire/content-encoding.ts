import { promisify } from "node:util";
import { crc32, inflateRaw, inflateRawSync } from "node:zlib";
import { isDecoded, openDecoder } from "./content-decoder.ts";
import { DECODED_RATIO_FREE_BYTES, DECODED_RATIO_MAX, type Decoded } from "./decoded.ts";

export { DECODED_RATIO_FREE_BYTES, DECODED_RATIO_MAX, type Decoded } from "./decoded.ts";

/** Coded bodies up to this are decoded at once: the hand-over to a thread costs more than the few milliseconds at worst. */
export const DECODED_AT_ONCE_BYTES_MAX = 8 * 1024;

/**
 * Undoes the content codings (RFC 9110 8.4) of a request's body: `identity`, `gzip` and its old name `x-gzip`. One gzip
 * member and nothing after it, because decoders differ about the rest. Stacked and other codings are refused.
 *
 * @param codings the values of all `content-encoding` fields
 * @param bytesMax the most decoded bytes
 */
export async function decodeContent(
  body: Buffer,
  codings: readonly string[],
  bytesMax: number,
): Promise<Decoded> {
  const names = codingNames(codings);
  const [name] = names;
  if (body.length === 0 || name === undefined) {
    return body.length > bytesMax ? tooLarge(bytesMax) : { ok: true, bytes: body };
  }
  if (names.length > 1) return unsupported("more than one content coding");
  if (name !== "gzip" && name !== "x-gzip") return unsupported("a content coding other than gzip");
  return gunzip(body, bytesMax);
}

/**
 * The same of an answer's body, where upstreams choose: also `deflate`, `br` and `zstd`, with nothing behind their end.
 */
export async function decodeAnswer(
  body: Buffer,
  codings: readonly string[],
  bytesMax: number,
): Promise<Decoded> {
  const [name, ...others] = codingNames(codings);
  if (name === undefined || others.length > 0 || name === "gzip" || name === "x-gzip")
    return decodeContent(body, codings, bytesMax);
  const decoder = openDecoder(name, bytesMax);
  return decoder === undefined ? unsupported("a content coding that is not known") : decoder.push(body, true);
}

/** The coding of a body: undefined for none, `many` where they are stacked. In lower case. */
export function codingOf(values: readonly string[]): string | undefined {
  const [name, ...others] = codingNames(values);
  return others.length > 0 ? "many" : name;
}

/** Whether answers in a coding are read. */
export function isAnswerCoding(coding: string): boolean {
  return isDecoded(coding);
}

function codingNames(values: readonly string[]): string[] {
  return values
    .flatMap((value) => value.split(","))
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
}

async function gunzip(body: Buffer, bytesMax: number): Promise<Decoded> {
  const member = gzipMember(body, bytesMax);
  if ("ok" in member) return member;
  try {
    return checked(member, await inflate(member.deflated, member.cap));
  } catch (error) {
    return faultOf(error, member.cap);
  }
}

/** Undoes gzip as {@link decodeContent} does, at once: for messages in a body, which are small or bounded as a whole. */
export function gunzipAtOnce(body: Buffer, bytesMax: number): Decoded {
  const member = gzipMember(body, bytesMax);
  if ("ok" in member) return member;
  try {
    return checked(member, inflateAtOnce(member.deflated, member.cap));
  } catch (error) {
    return faultOf(error, member.cap);
  }
}

/** What follows the header of a gzip member, and how much may come of it. */
type GzipMember = { readonly deflated: Buffer; readonly cap: number };

function gzipMember(body: Buffer, bytesMax: number): GzipMember | Decoded {
  const start = gzipHeaderLength(body);
  if (start === undefined || body.length < start + GZIP_TRAILER_LENGTH)
    return unsupported("a body that is not gzip");
  const cap = Math.min(bytesMax, Math.max(DECODED_RATIO_FREE_BYTES, body.length * DECODED_RATIO_MAX));
  return { deflated: body.subarray(start), cap };
}

function checked({ deflated }: GzipMember, { buffer, engine }: Inflated): Decoded {
  const trailer = deflated.subarray(engine.bytesWritten);
  if (trailer.length !== GZIP_TRAILER_LENGTH) return unsupported("bytes around the one gzip member");
  if (trailer.readUInt32LE(0) !== crc32(buffer) || trailer.readUInt32LE(4) !== buffer.length >>> 0) {
    return unsupported("a gzip body with a wrong checksum");
  }
  return { ok: true, bytes: buffer };
}

function faultOf(error: unknown, cap: number): Decoded {
  return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE"
    ? tooLarge(cap)
    : unsupported("a gzip body that is damaged or cut short");
}

type Inflated = { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };

const inflateInThread = promisify(inflateRaw) as (body: Buffer, options: object) => Promise<unknown>;

function inflate(body: Buffer, maxOutputLength: number): Promise<Inflated> | Inflated {
  if (body.length <= DECODED_AT_ONCE_BYTES_MAX) return inflateAtOnce(body, maxOutputLength);
  return inflateInThread(body, { maxOutputLength, info: true }) as Promise<Inflated>;
}

/** With `info` zlib also tells how much it has read; the types do not know that. */
function inflateAtOnce(body: Buffer, maxOutputLength: number): Inflated {
  return inflateRawSync(body, { maxOutputLength, info: true }) as unknown as Inflated;
}

const GZIP_TRAILER_LENGTH = 8;
const GZIP_FIXED_LENGTH = 10;

/** RFC 1952 2.3. Undefined when the bytes do not begin with a whole header. */
function gzipHeaderLength(body: Buffer): number | undefined {
  if (body.length < GZIP_FIXED_LENGTH || body[0] !== 0x1f || body[1] !== 0x8b || body[2] !== 8)
    return undefined;
  const flags = body[3] as number;
  if ((flags & 0xe0) !== 0) return undefined;
  let at: number | undefined = GZIP_FIXED_LENGTH;
  if ((flags & 0x04) !== 0) at = body.length < at + 2 ? undefined : at + 2 + body.readUInt16LE(at);
  if ((flags & 0x08) !== 0) at = afterZero(body, at);
  if ((flags & 0x10) !== 0) at = afterZero(body, at);
  if ((flags & 0x02) !== 0 && at !== undefined) at += 2;
  return at;
}

function afterZero(body: Buffer, from: number | undefined): number | undefined {
  const zero = from === undefined ? -1 : body.indexOf(0, from);
  return zero < 0 ? undefined : zero + 1;
}

function unsupported(what: string): Decoded {
  return { ok: false, fault: "unsupported", reason: what };
}

function tooLarge(bytesMax: number): Decoded {
  return { ok: false, fault: "too_large", reason: `a body of more than ${bytesMax} bytes when decoded` };
}
