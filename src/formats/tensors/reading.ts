import { isUtf8 } from "node:buffer";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import type { DataTensor } from "./tensor.ts";

/** A tensor as `regent read` prints it. */
export function tensorReading(tensor: DataTensor, shape: JsonValue = tensor.shape): JsonObject {
  const data = dataReading(tensor);
  return { name: tensor.name, datatype: tensor.datatype, shape, count: data.length, data };
}

/**
 * The values of a tensor as `regent read` prints them: `{"int"}` for an integer past 2^53-1, `{"float"}` for a value that JSON has
 * not, `{"b64"}` for bytes that are not UTF-8.
 */
export function dataReading({ datatype, data }: DataTensor): JsonValue[] {
  if (Array.isArray(data)) return (data as readonly Buffer[]).map(bytesReading);
  const numbers: ArrayLike<number | bigint> = data as Exclude<DataTensor["data"], readonly Buffer[]>;
  return Array.from(numbers, (value) => (datatype === "BOOL" ? value !== 0 : numberReading(value)));
}

function bytesReading(bytes: Buffer): JsonValue {
  return isUtf8(bytes) ? bytes.toString("utf8") : { b64: bytes.toString("base64") };
}

function numberReading(value: number | bigint): JsonValue {
  if (typeof value === "bigint") {
    const short = Number(value);
    return Number.isSafeInteger(short) ? short : { int: String(value) };
  }
  if (!Number.isFinite(value)) return { float: String(value) };
  return Object.is(value, -0) ? MINUS_ZERO : value;
}

/** `JSON.stringify(-0)` is `0`. */
const MINUS_ZERO = (JSON as unknown as { rawJSON(text: string): JsonValue }).rawJSON("-0.0");
