import { isUtf8 } from "node:buffer";
import { BufferReader } from "protobufjs";
import { RequestParseError } from "../request-parse-error.ts";
import { enumText, type FieldShape, type GrpcMethods, type MessageShape, zeroText } from "./descriptors.ts";
import { isWellKnown, wellKnownText } from "./well-known.ts";

/** Messages in messages: what protobuf's own readers take unless told otherwise. */
export const NESTING_MAX = 100;

/**
 * Values of one body, those of lists and maps and those of unknown fields included. Two bytes on the wire can be a value,
 * and in the memory of a policy one takes a hundred.
 */
export const VALUES_MAX = 100_000;

/** Wire types (https://protobuf.dev/programming-guides/encoding/#structure). */
const WIRE = { varint: 0, i64: 1, len: 2, startGroup: 3, endGroup: 4, i32: 5 } as const;

/** One value as it stands on the wire: JSON text, or the bytes of a message that is not read yet. */
type Value = { readonly text: string; readonly zero: boolean } | Buffer;

/**
 * A protobuf message as JSON text, in the way of Go's `protojson`: names in lower camel case, 64-bit integers as texts,
 * bytes in base64, enumerations by name, what was not set left out, Google's well-known types in their own forms.
 * @throws RequestParseError when the bytes are not this message, or hold too many values, or nest too deep
 */
export function messageJson(bytes: Buffer, shape: MessageShape, types: GrpcMethods): string {
  try {
    return new MessageRenderer(types).render([bytes], shape, 0);
  } catch (error) {
    if (error instanceof RequestParseError) throw error;
    // What the reader throws at bytes that end too soon or begin with no tag.
    throw new RequestParseError(`proto: cannot parse invalid wire-format data: ${(error as Error).message}`);
  }
}

/** Renders one body, and counts what it has read of it. */
class MessageRenderer {
  readonly #types: GrpcMethods;
  #values = 0;

  constructor(types: GrpcMethods) {
    this.#types = types;
  }

  /** A message may come in pieces that count together: protobuf merges what is sent twice. */
  render(pieces: readonly Buffer[], shape: MessageShape, depth: number): string {
    const members = this.#members(pieces, shape, depth);
    if (isWellKnown(shape)) {
      return wellKnownText(shape, members, (name, bytes) => this.#any(name, bytes, depth));
    }
    const texts = [...members].map(([field, text]) => `${JSON.stringify(field.jsonName)}:${text}`);
    return `{${texts.join(",")}}`;
  }

  #members(pieces: readonly Buffer[], shape: MessageShape, depth: number): Map<FieldShape, string> {
    if (depth > NESTING_MAX) throw new RequestParseError("proto: exceeded max recursion depth");
    const values = new Map<FieldShape, Value[]>();
    for (const piece of pieces) this.#read(piece, shape, values, depth);
    const members = new Map<FieldShape, string>();
    for (const field of shape.fields.values()) {
      const found = values.get(field);
      const text = found === undefined ? undefined : this.#fieldText(field, found, depth);
      if (text !== undefined) members.set(field, text);
      if (found === undefined && field.required)
        throw new RequestParseError(`proto: required field ${field.fullName} not set`);
    }
    return members;
  }

  /** Undefined for a zero that is not told from nothing. */
  #fieldText(field: FieldShape, values: readonly Value[], depth: number): string | undefined {
    if (values.length === 0) return undefined;
    if (field.repeated && field.kind === "message" && field.message.isMapEntry) {
      return this.#mapText(field.message, values, depth);
    }
    if (field.repeated) return `[${values.map((value) => this.#valueText(field, [value], depth)).join(",")}]`;
    const last = values.at(-1);
    if (last === undefined || (!Buffer.isBuffer(last) && last.zero && !field.presence)) return undefined;
    return this.#valueText(field, values, depth);
  }

  /** Of several scalars the last counts, of several messages all. */
  #valueText(field: FieldShape, values: readonly Value[], depth: number): string {
    if (field.kind === "message")
      return this.render(values.filter(Buffer.isBuffer), field.message, depth + 1);
    const last = values.at(-1);
    return last === undefined || Buffer.isBuffer(last) ? zeroText(field) : last.text;
  }

  #mapText(entry: MessageShape, values: readonly Value[], depth: number): string {
    const [key, value] = [entry.fields.get(1), entry.fields.get(2)];
    if (key === undefined || value === undefined)
      throw new RequestParseError(`proto: ${entry.fullName} is no entry of a map`);
    const members = new Map<string, string>();
    for (const bytes of values) {
      if (!Buffer.isBuffer(bytes)) continue;
      const read = new Map<FieldShape, Value[]>();
      this.#read(bytes, entry, read, depth + 1);
      const name = this.#valueText(key, read.get(key) ?? [], depth);
      members.set(
        name.startsWith('"') ? name : `"${name}"`,
        this.#valueText(value, read.get(value) ?? [], depth + 1),
      );
    }
    return `{${[...members].map(([name, text]) => `${name}:${text}`).join(",")}}`;
  }

  #any(fullName: string, bytes: Buffer, depth: number): string | undefined {
    const shape = this.#types.message(fullName);
    return shape === undefined || !isWellKnown(shape) ? undefined : this.render([bytes], shape, depth + 1);
  }

  #read(bytes: Buffer, shape: MessageShape, into: Map<FieldShape, Value[]>, depth: number): void {
    const reader = new BufferReader(bytes);
    while (reader.pos < reader.len) {
      const tag = reader.tag();
      const field = shape.fields.get(tag >>> 3);
      const wire = tag & 7;
      if (field === undefined || !fits(field, wire)) this.#skip(reader, tag, depth);
      else this.#readField(reader, field, tag, into, depth);
    }
  }

  #readField(
    reader: BufferReader,
    field: FieldShape,
    tag: number,
    into: Map<FieldShape, Value[]>,
    depth: number,
  ): void {
    if (field.oneof !== undefined) this.#forgetOthers(field, into, depth);
    const known = into.get(field);
    const values = known ?? [];
    if (known === undefined) into.set(field, values);
    if (field.kind === "message") {
      this.#count();
      values.push(field.group ? this.#group(reader, tag, depth) : view(reader));
    } else if (isPacked(field, tag & 7)) {
      const packed = new BufferReader(view(reader));
      while (packed.pos < packed.len) {
        this.#count();
        values.push(scalar(packed, field));
      }
    } else {
      this.#count();
      values.push(scalar(reader, field));
    }
  }

  /** Of the members of a oneof the last one on the wire counts; what does not count must be well-formed all the same. */
  #forgetOthers(field: FieldShape, into: Map<FieldShape, Value[]>, depth: number): void {
    for (const [other, values] of into) {
      if (other === field || other.oneof !== field.oneof) continue;
      this.#valueText(other, values, depth);
      into.delete(other);
    }
  }

  /** The bytes between the tags of a group. */
  #group(reader: BufferReader, tag: number, depth: number): Buffer {
    const start = reader.pos;
    const end = this.#skipGroup(reader, tag >>> 3, depth);
    return (reader.buf as Buffer).subarray(start, end);
  }

  /** Where the end tag begins; the reader stands behind it. */
  #skipGroup(reader: BufferReader, number: number, depth: number): number {
    for (;;) {
      const at = reader.pos;
      const tag = reader.tag();
      if ((tag & 7) === WIRE.endGroup) {
        if (tag >>> 3 !== number) throw new RequestParseError("proto: mismatching end group marker");
        return at;
      }
      this.#skip(reader, tag, depth + 1);
    }
  }

  #skip(reader: BufferReader, tag: number, depth: number): void {
    this.#count();
    const number = tag >>> 3;
    if (number === 0) throw new RequestParseError("proto: illegal tag 0");
    if (depth > NESTING_MAX) throw new RequestParseError("proto: exceeded max recursion depth");
    if ((tag & 7) === WIRE.varint) assertVarint(reader);
    if ((tag & 7) === WIRE.startGroup) this.#skipGroup(reader, number, depth);
    // Without a group in it this takes one step; an end without a beginning is refused.
    else reader.skipType(tag & 7);
  }

  #count(): void {
    this.#values++;
    if (this.#values > VALUES_MAX)
      throw new RequestParseError(`the gRPC message has more than ${VALUES_MAX} values`);
  }
}

const WIRE_OF_KIND: { readonly [kind in FieldShape["kind"]]: number } = {
  double: WIRE.i64,
  float: WIRE.i32,
  int64: WIRE.varint,
  uint64: WIRE.varint,
  int32: WIRE.varint,
  fixed64: WIRE.i64,
  fixed32: WIRE.i32,
  bool: WIRE.varint,
  string: WIRE.len,
  bytes: WIRE.len,
  uint32: WIRE.varint,
  enum: WIRE.varint,
  sfixed32: WIRE.i32,
  sfixed64: WIRE.i64,
  sint32: WIRE.varint,
  sint64: WIRE.varint,
  message: WIRE.len,
};

/** A field that comes with another wire type than its own counts as an unknown one. */
function fits(field: FieldShape, wire: number): boolean {
  if (field.kind === "message") return wire === (field.group ? WIRE.startGroup : WIRE.len);
  return wire === WIRE_OF_KIND[field.kind] || isPacked(field, wire);
}

/** Numbers in a list may stand in one piece, whatever the descriptor says of it. */
function isPacked(field: FieldShape, wire: number): boolean {
  return field.repeated && wire === WIRE.len && WIRE_OF_KIND[field.kind] !== WIRE.len;
}

function view(reader: BufferReader): Buffer {
  return reader.bytes() as Buffer;
}

/** A number of more than 64 bits is refused: readers do not agree about what is left of it. */
function assertVarint({ buf, pos }: BufferReader): void {
  const last = pos + VARINT_BYTES_MAX - 1;
  for (let at = pos; at < last; at++) if ((buf[at] ?? 0) < 0x80) return;
  if ((buf[last] ?? 0) > 1) throw new RequestParseError("proto: variable length integer overflow");
}

const VARINT_BYTES_MAX = 10;

type ScalarField = Exclude<FieldShape, { readonly kind: "message" }>;

function scalar(reader: BufferReader, field: ScalarField): Value {
  if (WIRE_OF_KIND[field.kind] === WIRE.varint) assertVarint(reader);
  switch (field.kind) {
    case "string": {
      const bytes = view(reader);
      if (!isUtf8(bytes))
        throw new RequestParseError(`proto: field ${field.fullName} contains invalid UTF-8`);
      return { text: JSON.stringify(bytes.toString("utf8")), zero: bytes.length === 0 };
    }
    case "bytes": {
      const bytes = view(reader);
      return { text: `"${bytes.toString("base64")}"`, zero: bytes.length === 0 };
    }
    case "bool": {
      const value = reader.bool();
      return { text: String(value), zero: !value };
    }
    case "enum": {
      const value = reader.int32();
      return { text: enumText(field, value), zero: value === 0 };
    }
    case "double":
    case "float": {
      const value = reader[field.kind]();
      // A negative zero is a value, as in Go.
      return { text: floatText(value, field.kind), zero: Object.is(value, 0) };
    }
    case "int64":
    case "uint64":
    case "sint64":
    case "fixed64":
    case "sfixed64": {
      const digits = reader[field.kind]().toString();
      return { text: `"${digits}"`, zero: digits === "0" };
    }
    default: {
      const value = reader[field.kind]();
      return { text: String(value), zero: value === 0 };
    }
  }
}

/** The fewest digits that give the same number back. */
function floatText(value: number, kind: "double" | "float"): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  if (Object.is(value, -0)) return "-0";
  if (kind === "double") return String(value);
  for (let digits = 1; digits < FLOAT_DIGITS_MAX; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(Number(value.toPrecision(FLOAT_DIGITS_MAX)));
}

/** Nine digits tell every two numbers of 32 bits apart. */
const FLOAT_DIGITS_MAX = 9;
