import { RegentError } from "../../exchange/errors.ts";
import type { JsonObject } from "../../exchange/json.ts";
import type { Datatype } from "./datatype.ts";

/** A tensor with all its values. */
export type DataTensor = {
  readonly name: string;
  readonly datatype: Datatype;
  /** Elements in each dimension, none of them negative; none at all for a scalar, which has one element. */
  readonly shape: readonly number[];
  readonly data: TensorData;
  /** The tensor's own `parameters`, where it has any. */
  readonly parameters?: JsonObject;
};

/**
 * The values of a tensor in row-major order, each of them exact. The array is the one of the datatype:
 *
 * | datatype | array |
 * | --- | --- |
 * | BOOL | `Uint8Array` of 0 and 1 |
 * | UINT8, UINT16, UINT32, INT8, INT16, INT32 | the typed array of that name |
 * | UINT64, INT64 | `BigUint64Array`, `BigInt64Array` |
 * | FP16, BF16, FP32 | `Float32Array`, which holds every value of all three |
 * | FP64 | `Float64Array` |
 * | BYTES | one `Buffer` an element, whether it is text or not |
 */
export type TensorData = NumberArray | BigArray | readonly Buffer[];

export type NumberArray =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array;

export type BigArray = BigInt64Array | BigUint64Array;

/** An array of zeros for as many elements of a datatype; a plain array for BYTES. */
export function emptyData(datatype: Exclude<Datatype, "BYTES">, count: number): NumberArray | BigArray {
  return new ARRAYS[datatype](count);
}

const ARRAYS = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Float32Array,
  BF16: Float32Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const;

/**
 * The error for a tensor that is none: `NAME: PROBLEM`, code body_invalid. A reader of answers catches it, because there the fault is
 * the upstream's.
 */
export function tensorFault(name: string, problem: string): RegentError {
  return new RegentError("body_invalid", `${name}: ${problem}`);
}
