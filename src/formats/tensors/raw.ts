import { endianness } from "node:os";
import { DATATYPES, type Datatype } from "./datatype.ts";
import { fromBfloat, fromHalf, toBfloat, toHalf } from "./float16.ts";
import { elementCount } from "./shape.ts";
import {
  type BigArray,
  type DataTensor,
  emptyData,
  type NumberArray,
  type TensorData,
  tensorFault,
} from "./tensor.ts";

/** Bytes of the length in front of each element of a raw BYTES tensor. */
export const BYTES_PREFIX = 4;

/**
 * The values of a tensor from its raw form: little end first, row-major, without padding; of BYTES each element behind
 * its length. The numbers are copied, the elements of BYTES are views.
 *
 * @throws RegentError body_invalid, naming the tensor
 */
export function decodeRaw(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  bytes: Buffer,
): TensorData {
  assertRawSize(name, datatype, shape, bytes);
  if (datatype === "BYTES") return splitElements(name, shape, bytes);
  if (datatype === "BOOL") return Uint8Array.from(bytes, (byte) => (byte === 0 ? 0 : 1));
  const own = littleEnd(bytes, DATATYPES[datatype].elementBytes as number);
  if (datatype === "FP16") return Float32Array.from(new Uint16Array(own), fromHalf);
  if (datatype === "BF16") return Float32Array.from(new Uint16Array(own), fromBfloat);
  const data = emptyData(datatype, 0).constructor as new (buffer: ArrayBuffer) => NumberArray | BigArray;
  return new data(own);
}

/** The raw form of a tensor, its size in `binary_data_size`. */
export function encodeRaw({ datatype, data }: DataTensor): Buffer {
  if (Array.isArray(data)) return joinElements(data as readonly Buffer[]);
  const numbers = data as NumberArray | BigArray;
  if (datatype === "FP16") return encodeWords(numbers as Float32Array, toHalf);
  if (datatype === "BF16") return encodeWords(numbers as Float32Array, toBfloat);
  const bytes = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  return Buffer.from(littleEnd(bytes, numbers.BYTES_PER_ELEMENT));
}

/**
 * Checks that raw bytes are as many as the shape wants, without reading them. For BYTES, whose elements say their own lengths, only that there
 * is room for these; {@link splitElements} tells the rest.
 *
 * @throws RegentError body_invalid, naming the tensor
 */
export function assertRawSize(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  bytes: Buffer,
): void {
  const count = elementCount(name, shape);
  const { elementBytes } = DATATYPES[datatype];
  if (
    elementBytes === undefined ? bytes.length >= count * BYTES_PREFIX : bytes.length === count * elementBytes
  )
    return;
  const least = elementBytes === undefined ? "at least " : "";
  const wanted = count * (elementBytes ?? BYTES_PREFIX);
  throw tensorFault(
    name,
    `${count} elements of ${datatype} take ${least}${wanted} bytes, ${bytes.length} given`,
  );
}

/**
 * The elements of a raw BYTES tensor, as views: each behind its length in 4 bytes, little end first.
 *
 * @throws RegentError body_invalid, naming the tensor, unless the elements use up the bytes
 */
export function splitElements(name: string, shape: readonly number[], bytes: Buffer): Buffer[] {
  const count = elementCount(name, shape);
  const elements: Buffer[] = [];
  let at = 0;
  while (elements.length < count) {
    if (bytes.length - at < BYTES_PREFIX)
      throw tensorFault(name, `element ${elements.length} has no length, ${bytes.length - at} bytes left`);
    const length = bytes.readUInt32LE(at);
    at += BYTES_PREFIX;
    if (length > bytes.length - at)
      throw tensorFault(name, `element ${elements.length} has ${length} bytes, ${bytes.length - at} left`);
    elements.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (at < bytes.length) throw tensorFault(name, `${bytes.length - at} bytes behind the last element`);
  return elements;
}

/** The raw form of a BYTES tensor. */
export function joinElements(elements: readonly Buffer[]): Buffer {
  return Buffer.concat(
    elements.flatMap((element) => {
      const length = Buffer.allocUnsafe(BYTES_PREFIX);
      length.writeUInt32LE(element.length);
      return [length, element];
    }),
  );
}

function encodeWords(values: Float32Array, bitsOf: (value: number) => number): Buffer {
  const bytes = Buffer.allocUnsafe(2 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt16LE(bitsOf(value), 2 * index);
  return bytes;
}

/** A copy that begins where every typed array may, in the order of this machine. */
function littleEnd(bytes: Buffer, elementBytes: number): ArrayBuffer {
  const own = new ArrayBuffer(bytes.length);
  const copy = Buffer.from(own);
  bytes.copy(copy);
  if (endianness() === "BE") swap(copy, elementBytes);
  return own;
}

function swap(bytes: Buffer, elementBytes: number): void {
  if (elementBytes === 2) bytes.swap16();
  else if (elementBytes === 4) bytes.swap32();
  else if (elementBytes === 8) bytes.swap64();
}
