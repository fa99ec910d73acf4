import { isUtf8 } from "node:buffer";
import type { JsonValue } from "../../exchange/json.ts";
import { JSON_NUMBER_DIGITS_MAX } from "../../wire/json/index.ts";
import { DATATYPES, type Datatype } from "./datatype.ts";
import { fromBfloat, fromHalf, toBfloat, toHalf } from "./float16.ts";
import { assertCount, flatten } from "./shape.ts";
import { type BigArray, type DataTensor, emptyData, type TensorData, tensorFault } from "./tensor.ts";

/**
 * The values of a tensor from its JSON: flat or nested lists in row-major order, or one value alone. Booleans for BOOL, whole numbers in
 * range for integers, numbers for floats (the nearest value of the datatype), texts for BYTES (their UTF-8).
 *
 * @param spelling the JSON text of `value`, asked for only where `JSON.parse` may have lost digits of it
 * @throws RegentError body_invalid, naming the tensor
 */
export function decodeJson(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  value: JsonValue,
  spelling: () => string,
): TensorData {
  const { leaves } = flatten(name, value);
  assertCount(name, shape, leaves.length);
  return decodeLeaves(name, datatype, leaves, spelling);
}

/**
 * The same for values that are in one list already.
 *
 * @param spelling a JSON text with the same numbers in the same order, and no others
 * @throws RegentError body_invalid, naming the tensor
 */
export function decodeLeaves(
  name: string,
  datatype: Datatype,
  leaves: readonly JsonValue[],
  spelling: () => string,
): TensorData {
  if (datatype === "BYTES") return leaves.map((leaf) => Buffer.from(textOf(name, leaf), "utf8"));
  if (datatype === "BOOL") return Uint8Array.from(leaves, (leaf) => (flagOf(name, leaf) ? 1 : 0));
  const { kind } = DATATYPES[datatype];
  if (kind === "float") return floatsOf(name, datatype, leaves);
  if (datatype === "INT64" || datatype === "UINT64") return bigOf(name, datatype, leaves, spelling);
  return integersOf(name, datatype, leaves);
}

/** How values that JSON has not are written: not at all, or as the tokens that TensorFlow Serving takes and sends. */
export type Nonfinite = "refused" | "tokens";

/**
 * The values of a tensor as JSON texts, each of which reads back as the very same value of the datatype: no digit of an integer is lost,
 * and a float has no digits more than it needs.
 *
 * @throws RegentError body_invalid, naming the tensor, for bytes that are not UTF-8, and for NaN and infinities where
 *   they are refused
 */
export function encodeJson({ name, datatype, data }: DataTensor, nonfinite: Nonfinite): string[] {
  if (Array.isArray(data)) return (data as readonly Buffer[]).map((bytes) => quoted(name, bytes));
  const numbers: ArrayLike<number | bigint> = data as Exclude<TensorData, readonly Buffer[]>;
  if (datatype === "BOOL") return Array.from(numbers, (value) => (value === 0 ? "false" : "true"));
  return Array.from(numbers, (value) => {
    if (typeof value === "bigint") return String(value);
    if (!Number.isFinite(value) && nonfinite === "refused")
      throw tensorFault(name, `${value} has no place in JSON`);
    return floatText(datatype, value);
  });
}

/** Whether all elements of a BYTES tensor are texts, so that {@link encodeJson} can write them. */
export function isText(data: readonly Buffer[]): boolean {
  return data.every((bytes) => isUtf8(bytes));
}

/** Puts values that {@link encodeJson} wrote into lists by a shape; the one value itself for a scalar. */
export function nest(values: readonly string[], shape: readonly number[]): string {
  let level = values;
  for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
    const size = shape[dimension] as number;
    const lists = shape.slice(0, dimension).reduce((product, outer) => product * outer, 1);
    level = Array.from(
      { length: lists },
      (_, list) => `[${level.slice(list * size, (list + 1) * size).join(",")}]`,
    );
  }
  return level[0] ?? "";
}

function textOf(name: string, value: JsonValue): string {
  if (typeof value !== "string") throw wrongKind(name, "BYTES", value);
  return value;
}

function flagOf(name: string, value: JsonValue): boolean {
  if (typeof value !== "boolean") throw wrongKind(name, "BOOL", value);
  return value;
}

function floatsOf(name: string, datatype: Datatype, leaves: readonly JsonValue[]): TensorData {
  const data = datatype === "FP64" ? new Float64Array(leaves.length) : new Float32Array(leaves.length);
  for (let index = 0; index < leaves.length; index++) {
    const leaf = leaves[index] as JsonValue;
    if (typeof leaf !== "number") throw wrongKind(name, datatype, leaf);
    const value = nearest(datatype, leaf);
    if (!Number.isFinite(value)) throw outOfRange(name, datatype, leaf);
    data[index] = value;
  }
  return data;
}

/** The value of a float datatype that is nearest to a number. */
function nearest(datatype: Datatype, value: number): number {
  switch (datatype) {
    case "FP16":
      return fromHalf(toHalf(value));
    case "BF16":
      return fromBfloat(toBfloat(value));
    case "FP32":
      return Math.fround(value);
    default:
      return value;
  }
}

function integersOf(
  name: string,
  datatype: Exclude<Datatype, "BYTES">,
  leaves: readonly JsonValue[],
): TensorData {
  const [min, max] = DATATYPES[datatype].range as readonly [bigint, bigint];
  const [low, high] = [Number(min), Number(max)];
  const data = emptyData(datatype, leaves.length);
  for (let index = 0; index < leaves.length; index++) {
    const value = wholeOf(name, datatype, leaves[index] as JsonValue);
    if (value < low || value > high) throw outOfRange(name, datatype, value);
    data[index] = value;
  }
  return data;
}

function bigOf(
  name: string,
  datatype: "INT64" | "UINT64",
  leaves: readonly JsonValue[],
  spelling: () => string,
): TensorData {
  const [min, max] = DATATYPES[datatype].range as readonly [bigint, bigint];
  const data = emptyData(datatype, leaves.length) as BigArray;
  let exact: readonly string[] | undefined;
  for (let index = 0; index < leaves.length; index++) {
    const leaf = leaves[index] as JsonValue;
    let value: bigint;
    if (Number.isSafeInteger(leaf)) {
      value = BigInt(leaf as number);
      // Only what is below 0 can be out of range, and only for one of the two.
      if (value >= 0n || min < 0n) {
        data[index] = value;
        continue;
      }
    } else {
      wholeOf(name, datatype, leaf);
      exact ??= numbersIn(spelling());
      value = exactOf(name, exact[index] ?? "");
    }
    if (value < min || value > max) throw outOfRange(name, datatype, value);
    data[index] = value;
  }
  return data;
}

function wholeOf(name: string, datatype: Datatype, value: JsonValue): number {
  if (typeof value !== "number") throw wrongKind(name, datatype, value);
  // Infinity is what JSON.parse makes of a number past all doubles.
  if (!Number.isInteger(value) && Number.isFinite(value))
    throw tensorFault(name, `${value} is no whole number`);
  return value;
}

/** The numbers of a JSON text without texts in it, as they are spelt. */
export function numbersIn(text: string): readonly string[] {
  return text.match(/-?[0-9][0-9.eE+-]*/g) ?? [];
}

/** Readers do not agree about large integers with a point or an exponent. */
function exactOf(name: string, spelt: string): bigint {
  if (spelt.length > JSON_NUMBER_DIGITS_MAX || !/^-?[0-9]+$/.test(spelt))
    throw tensorFault(name, "an integer past 2^53 must be spelt with its digits alone");
  return BigInt(spelt);
}

function wrongKind(name: string, datatype: Datatype, value: JsonValue) {
  return tensorFault(name, `${kindOf(value)} given for ${datatype}`);
}

function kindOf(value: JsonValue): string {
  if (value === null) return "null";
  return typeof value === "string" ? "text" : typeof value;
}

function outOfRange(name: string, datatype: Datatype, value: number | bigint) {
  return tensorFault(name, `${value} is out of range for ${datatype}`);
}

function quoted(name: string, bytes: Buffer): string {
  if (!isUtf8(bytes)) throw tensorFault(name, "bytes that are no text have no place in JSON");
  return JSON.stringify(bytes.toString("utf8"));
}

/** Significant digits that tell every value of a float datatype from its neighbours. */
const DIGITS: { readonly [datatype: string]: number } = { FP16: 5, BF16: 4, FP32: 9 };

function floatText(datatype: Datatype, value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  const most = DIGITS[datatype];
  if (most === undefined || Number.isSafeInteger(value) || !Number.isFinite(value)) return String(value);
  for (let digits = 1; digits < most; digits++) {
    const short = Number(value.toPrecision(digits));
    if (nearest(datatype, short) === value) return String(short);
  }
  return String(Number(value.toPrecision(most)));
}
