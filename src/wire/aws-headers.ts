/**
 * Headers of a message in an AWS event stream, one after the other:
 *
 *     length of the name (8 bits) | name | type (8 bits) | value
 *
 * A value of bytes or text has its length (16 bits) in front; the other types have one each of their own.
 */

export type AwsHeader =
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "byte" | "short" | "integer"; readonly value: number }
  | { readonly type: "long"; readonly value: bigint }
  | { readonly type: "bytes"; readonly value: Buffer }
  | { readonly type: "string"; readonly value: string }
  /** Milliseconds since the epoch. */
  | { readonly type: "timestamp"; readonly value: bigint }
  /** Lower case, with dashes. */
  | { readonly type: "uuid"; readonly value: string };

export type AwsHeaders = ReadonlyMap<string, AwsHeader>;

const TRUE = 0;
const FALSE = 1;
const BYTE = 2;
const SHORT = 3;
const INTEGER = 4;
const LONG = 5;
const BYTES = 6;
const STRING = 7;
const TIMESTAMP = 8;
const UUID = 9;

/** Bytes of values whose length is known by their type. */
const FIXED_BYTES: ReadonlyMap<number, number> = new Map([
  [TRUE, 0],
  [FALSE, 0],
  [BYTE, 1],
  [SHORT, 2],
  [INTEGER, 4],
  [LONG, 8],
  [TIMESTAMP, 8],
  [UUID, 16],
]);

const NAME_BYTES_MAX = 255;
const VALUE_BYTES_MAX = 65_535;

/** The headers, or what is wrong with them. A name may be there once: of two, readers take the first, the last or none. */
export function parseHeaders(bytes: Buffer): AwsHeaders | string {
  const headers = new Map<string, AwsHeader>();
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + (bytes[at] as number);
    if (nameEnd === at + 1) return "a header of a message has no name";
    if (nameEnd >= bytes.length) return CUT;
    const name = bytes.toString("utf8", at + 1, nameEnd);
    if (headers.has(name)) return "a header of a message is there twice";
    const type = bytes[nameEnd] as number;
    const value = valueSpan(bytes, type, nameEnd + 1);
    if (typeof value === "string") return value;
    headers.set(name, readValue(type, bytes.subarray(value.start, value.end)));
    at = value.end;
  }
  return headers;
}

const CUT = "the headers of a message are cut off";

function valueSpan(bytes: Buffer, type: number, at: number): { start: number; end: number } | string {
  const fixed = FIXED_BYTES.get(type);
  let start = at;
  let length = fixed ?? 0;
  if (fixed === undefined) {
    if (type !== BYTES && type !== STRING) return "a header of a message has an unknown type";
    if (at + 2 > bytes.length) return CUT;
    start = at + 2;
    length = bytes.readUInt16BE(at);
  }
  return start + length > bytes.length ? CUT : { start, end: start + length };
}

function readValue(type: number, value: Buffer): AwsHeader {
  switch (type) {
    case TRUE:
    case FALSE:
      return { type: "boolean", value: type === TRUE };
    case BYTE:
      return { type: "byte", value: value.readInt8(0) };
    case SHORT:
      return { type: "short", value: value.readInt16BE(0) };
    case INTEGER:
      return { type: "integer", value: value.readInt32BE(0) };
    case LONG:
      return { type: "long", value: value.readBigInt64BE(0) };
    case TIMESTAMP:
      return { type: "timestamp", value: value.readBigInt64BE(0) };
    case UUID:
      return { type: "uuid", value: uuidOf(value.toString("hex")) };
    case STRING:
      return { type: "string", value: value.toString("utf8") };
    default:
      return { type: "bytes", value };
  }
}

function uuidOf(hex: string): string {
  const cuts = [0, 8, 12, 16, 20, 32];
  return cuts
    .slice(1)
    .map((end, index) => hex.slice(cuts[index], end))
    .join("-");
}

/** @throws RangeError for a name or a value that is too long, or a number out of its type's range */
export function encodeHeaders(headers: AwsHeaders): Buffer {
  return Buffer.concat([...headers].flatMap(([name, header]) => [encodeName(name), encodeValue(header)]));
}

function encodeName(name: string): Buffer {
  const bytes = Buffer.from(name, "utf8");
  if (bytes.length === 0 || bytes.length > NAME_BYTES_MAX)
    throw new RangeError(`a header's name must have 1 to ${NAME_BYTES_MAX} bytes`);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function encodeValue(header: AwsHeader): Buffer {
  switch (header.type) {
    case "boolean":
      return Buffer.of(header.value ? TRUE : FALSE);
    case "byte":
      return typed(BYTE, 1, (bytes) => bytes.writeInt8(header.value, 1));
    case "short":
      return typed(SHORT, 2, (bytes) => bytes.writeInt16BE(header.value, 1));
    case "integer":
      return typed(INTEGER, 4, (bytes) => bytes.writeInt32BE(header.value, 1));
    case "long":
      return typed(LONG, 8, (bytes) => bytes.writeBigInt64BE(header.value, 1));
    case "timestamp":
      return typed(TIMESTAMP, 8, (bytes) => bytes.writeBigInt64BE(header.value, 1));
    case "uuid":
      return Buffer.concat([Buffer.of(UUID), uuidBytes(header.value)]);
    case "string":
      return sized(STRING, Buffer.from(header.value, "utf8"));
    case "bytes":
      return sized(BYTES, header.value);
  }
}

function typed(type: number, size: number, write: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(1 + size);
  bytes[0] = type;
  write(bytes);
  return bytes;
}

function sized(type: number, value: Buffer): Buffer {
  if (value.length > VALUE_BYTES_MAX)
    throw new RangeError(`a header's value must have at most ${VALUE_BYTES_MAX} bytes`);
  const head = Buffer.of(type, value.length >> 8, value.length & 0xff);
  return Buffer.concat([head, value]);
}

function uuidBytes(uuid: string): Buffer {
  const bytes = Buffer.from(uuid.replaceAll("-", ""), "hex");
  if (bytes.length !== 16) throw new RangeError("a UUID must have 16 bytes");
  return bytes;
}
