import { isUtf8 } from "node:buffer";
import { RegentError } from "../../exchange/errors.ts";

/**
 * The protobuf wire format (https://protobuf.dev/programming-guides/encoding/), field by field with the places of the bytes, so
 * that a field is replaced without touching the ones that are not known here.
 */

/** Fields of one body, nested ones included: each is an object here, however few bytes it has. JSON bodies have as many values. */
export const PROTOBUF_FIELDS_MAX = 250_000;

/** Wire types. Groups have been deprecated since before gRPC, and nothing that is read here has them. */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

/** A field and where it lies in its message's bytes, however deeply it is nested. */
export type Field = {
  readonly number: number;
  readonly wireType: number;
  /** Behind the tag: of a length-delimited field its length, of others the value. */
  readonly lengthAt: number;
  /** The value. */
  readonly start: number;
  readonly end: number;
};

/** How many fields may still be read. */
export type FieldBudget = { left: number };

export function fieldBudget(): FieldBudget {
  return { left: PROTOBUF_FIELDS_MAX };
}

/**
 * The fields of the message between two places.
 *
 * @throws RegentError body_invalid for bytes that are none, and beyond the budget
 */
export function readFields(bytes: Buffer, start: number, end: number, budget: FieldBudget): Field[] {
  const fields: Field[] = [];
  const reader = new VarintReader(bytes, start, end);
  while (reader.at < end) {
    if (budget.left-- <= 0) throw fault(`more than ${PROTOBUF_FIELDS_MAX} fields`);
    const tag = reader.unsigned32();
    const number = tag >>> 3;
    const wireType = tag & 7;
    if (number === 0) throw fault("a field without a number");
    const lengthAt = reader.at;
    const from = startOf(reader, wireType);
    const to = endOf(reader, wireType, from);
    if (to > end) throw fault("a field that is cut short");
    reader.at = to;
    fields.push({ number, wireType, lengthAt, start: from, end: to });
  }
  return fields;
}

function startOf(reader: VarintReader, wireType: number): number {
  if (wireType !== LENGTH_DELIMITED) return reader.at;
  const { at } = reader;
  reader.unsigned32();
  const start = reader.at;
  reader.at = at;
  return start;
}

function endOf(reader: VarintReader, wireType: number, from: number): number {
  switch (wireType) {
    case VARINT:
      reader.next();
      return reader.at;
    case FIXED64:
      return from + 8;
    case LENGTH_DELIMITED:
      return from + reader.unsigned32();
    case FIXED32:
      return from + 4;
    default:
      throw fault(`a field of the wire type ${wireType}`);
  }
}

/** Reads varints one behind the other; the last one is in `low` and `high`. */
export class VarintReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  at: number;
  /** The lower and upper 32 bits, unsigned. */
  low = 0;
  high = 0;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
  }

  get hasMore(): boolean {
    return this.at < this.#end;
  }

  /** @throws RegentError body_invalid when it is cut short, or longer than any value of 64 bits */
  next(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.#end) throw fault("a number that is cut short");
      const byte = this.#bytes[this.at++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else {
        if (byte > 1) throw fault("a number of more than 64 bits");
        high |= byte << 31;
      }
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw fault("a number of more than 64 bits");
  }

  /** @throws RegentError body_invalid */
  unsigned32(): number {
    this.next();
    if (this.high !== 0) throw fault("a length of more than 32 bits");
    return this.low;
  }

  get bigint(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low);
  }
}

/** @throws RegentError body_invalid unless the field is a text in UTF-8 */
export function textOf(bytes: Buffer, field: Field): string {
  expect(field, LENGTH_DELIMITED);
  const value = bytes.subarray(field.start, field.end);
  if (!isUtf8(value)) throw fault("a text that is not UTF-8");
  return value.toString("utf8");
}

/** @throws RegentError body_invalid unless the field has this wire type */
export function expect({ number, wireType }: Field, expected: number): void {
  if (wireType !== expected) throw fault(`the wire type ${wireType} for field ${number}`);
}

/** Another value for a length-delimited field: the last one of `path`, which goes from the outermost to it. */
export type FieldEdit = { readonly path: readonly Field[]; readonly value: Buffer };

/** Puts values in the place of others, and the lengths of what is around them right. All other bytes stay as they are. */
export function replaceFields(bytes: Buffer, edits: readonly FieldEdit[]): Buffer {
  return edits.length === 0 ? bytes : spliced(bytes, edits, 0, 0, bytes.length);
}

function spliced(
  bytes: Buffer,
  edits: readonly FieldEdit[],
  depth: number,
  start: number,
  end: number,
): Buffer {
  const byField = [...Map.groupBy(edits, ({ path }) => path[depth] as Field)].sort(
    ([a], [b]) => a.start - b.start,
  );
  const pieces: Buffer[] = [];
  let at = start;
  for (const [field, inside] of byField) {
    const own = inside.find(({ path }) => path.length === depth + 1);
    const value = own?.value ?? spliced(bytes, inside, depth + 1, field.start, field.end);
    pieces.push(bytes.subarray(at, field.lengthAt), varint(value.length), value);
    at = field.end;
  }
  return Buffer.concat([...pieces, bytes.subarray(at, end)]);
}

/** Of a number below 2^32. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Buffer.from([...bytes, rest]);
}

/** A length-delimited field with its tag. */
export function lengthDelimited(number: number, value: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | LENGTH_DELIMITED), varint(value.length), value]);
}

/** The error for bytes that are no message. */
export function fault(problem: string): RegentError {
  return new RegentError("body_invalid", `The message has ${problem}.`);
}
