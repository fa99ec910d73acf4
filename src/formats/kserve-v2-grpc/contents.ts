import { DATATYPES, type Datatype, emptyData, type TensorData, tensorFault } from "../tensors/index.ts";
import { expect, FIXED32, FIXED64, type Field, LENGTH_DELIMITED, VARINT, VarintReader } from "./wire.ts";

/** The field of `InferTensorContents` that holds the values of a datatype; FP16 and BF16 are only sent raw. */
export const CONTENTS_FIELD: Readonly<Record<Datatype, number | undefined>> = {
  BOOL: 1,
  INT8: 2,
  INT16: 2,
  INT32: 2,
  INT64: 3,
  UINT8: 4,
  UINT16: 4,
  UINT32: 4,
  UINT64: 5,
  FP32: 6,
  FP64: 7,
  BYTES: 8,
  FP16: undefined,
  BF16: undefined,
};

/** How many values fields hold, packed or one by one. @throws RegentError body_invalid */
export function countValues(datatype: Datatype, bytes: Buffer, fields: readonly Field[]): number {
  let count = 0;
  for (const field of fields) count += datatype === "BYTES" ? 1 : countIn(datatype, bytes, field);
  return count;
}

function countIn(datatype: Datatype, bytes: Buffer, field: Field): number {
  const single = singleType(datatype);
  if (field.wireType === single) return 1;
  expect(field, LENGTH_DELIMITED);
  const length = field.end - field.start;
  if (single !== VARINT) {
    const size = single === FIXED32 ? 4 : 8;
    if (length % size !== 0) throw tensorFault("contents", `${length} bytes are no values of ${size} bytes`);
    return length / size;
  }
  // The last byte of a varint is the one without the upper bit.
  let count = 0;
  for (let at = field.start; at < field.end; at++) if ((bytes[at] as number) < 0x80) count++;
  return count;
}

/** How a value stands that is not packed. */
function singleType(datatype: Datatype): number {
  if (datatype === "FP32") return FIXED32;
  return datatype === "FP64" ? FIXED64 : VARINT;
}

/** The values of fields. @throws RegentError body_invalid, naming the tensor */
export function decodeContents(
  name: string,
  datatype: Datatype,
  bytes: Buffer,
  fields: readonly Field[],
): TensorData {
  if (datatype === "BYTES") return fields.map(({ start, end }) => bytes.subarray(start, end));
  const data = emptyData(datatype, countValues(datatype, bytes, fields)) as {
    [index: number]: number | bigint;
  };
  let index = 0;
  for (const { start, end } of fields) {
    if (datatype === "FP32") for (let at = start; at < end; at += 4) data[index++] = bytes.readFloatLE(at);
    else if (datatype === "FP64")
      for (let at = start; at < end; at += 8) data[index++] = bytes.readDoubleLE(at);
    else index = decodeVarints(name, datatype, new VarintReader(bytes, start, end), data, index);
  }
  return data as TensorData;
}

/** Puts all values into the array from `index` on, and gives the index behind them. */
function decodeVarints(
  name: string,
  datatype: Datatype,
  reader: VarintReader,
  data: { [index: number]: number | bigint },
  from: number,
): number {
  const [min = 0n, max = 0n] = DATATYPES[datatype].range ?? [];
  const [least, greatest, isSigned] = [Number(min), Number(max), min < 0n];
  let index = from;
  while (reader.hasMore) {
    reader.next();
    if (datatype === "BOOL") data[index++] = reader.low === 0 && reader.high === 0 ? 0 : 1;
    else if (datatype === "UINT64") data[index++] = reader.bigint;
    else if (datatype === "INT64") data[index++] = BigInt.asIntN(64, reader.bigint);
    else {
      const value = isSigned ? reader.low | 0 : reader.low;
      if (value < least || value > greatest)
        throw tensorFault(name, `${value} is out of range for ${datatype}`);
      data[index++] = value;
    }
  }
  return index;
}

/** Whether values have to be looked at one by one to know that the datatype has them. */
export function isNarrow(datatype: Datatype): boolean {
  const { kind, elementBytes = 0 } = DATATYPES[datatype];
  return kind === "int" && elementBytes < 4;
}
