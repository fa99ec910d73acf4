import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import {
  DATATYPES,
  type Datatype,
  decodeLeaves,
  emptyData,
  type NumberArray,
  type TensorData,
  tensorFault,
} from "../../formats/tensors/index.ts";
import { base64In } from "../../formats/tfserving/values.ts";

/** The value that a token stands for which JSON has not; undefined for any other leaf. */
export type TokenOf = (leaf: JsonValue) => number | undefined;

/**
 * The values of a tensor from the leaves of nested lists: as JSON has them, bytes also in base64, and floats
 * also as tokens.
 *
 * @param spelling the numbers among the leaves as they were written, in order
 * @throws RegentError body_invalid, naming the tensor
 */
export function dataOfLeaves(
  name: string,
  datatype: Datatype,
  leaves: readonly JsonValue[],
  tokenOf: TokenOf,
  spelling: () => readonly string[],
): TensorData {
  if (datatype === "BYTES") return leaves.map((leaf) => bytesOf(name, leaf));
  const tokens = tokensIn(leaves, tokenOf);
  const [first] = tokens;
  const { kind } = DATATYPES[datatype];
  if (first !== undefined && kind !== "float") throw tensorFault(name, `${first[1]} given for ${datatype}`);
  const numbers = first === undefined ? leaves : leaves.map((leaf, index) => (tokens.has(index) ? 0 : leaf));
  assertNoObjects(name, datatype, numbers);
  const data = decodeLeaves(name, datatype, numbers, () => spelling().join(","));
  for (const [index, value] of tokens) (data as NumberArray)[index] = value;
  return data;
}

function tokensIn(leaves: readonly JsonValue[], tokenOf: TokenOf): ReadonlyMap<number, number> {
  const tokens = new Map<number, number>();
  for (const [index, leaf] of leaves.entries()) {
    const value = tokenOf(leaf);
    if (value !== undefined) tokens.set(index, value);
  }
  return tokens;
}

function assertNoObjects(name: string, datatype: Datatype, leaves: readonly JsonValue[]): void {
  if (leaves.some((leaf) => base64In(leaf) !== undefined))
    throw tensorFault(name, `bytes given for ${datatype}`);
}

function bytesOf(name: string, leaf: JsonValue): Buffer {
  if (typeof leaf === "string") return Buffer.from(leaf, "utf8");
  const base64 = base64In(leaf);
  if (base64 !== undefined) return Buffer.from(base64, "base64");
  throw tensorFault(name, `${kindOf(leaf)} given for BYTES`);
}

/**
 * The datatype that leaves look like where nobody says it: INT64 for whole numbers without a point, FP32 for others as far
 * as it keeps them, FP64 beyond, BOOL, BYTES.
 *
 * @throws RegentError body_invalid, naming the tensor, for a mixture and for what no tensor holds
 */
export function guessDatatype(
  name: string,
  leaves: readonly JsonValue[],
  tokenOf: TokenOf,
  spelling: () => readonly string[],
): Datatype {
  const kinds = new Set(leaves.map((leaf) => (tokenOf(leaf) === undefined ? kindOf(leaf) : "number")));
  const [kind = "number"] = kinds;
  if (kinds.size > 1) throw tensorFault(name, `${[...kinds].sort().join(" and ")} in one tensor`);
  if (kind === "boolean") return "BOOL";
  if (kind === "text" || kind === "bytes") return "BYTES";
  if (kind !== "number") throw tensorFault(name, `${kind} is no value of a tensor`);
  return guessNumbers(leaves, tokenOf, spelling());
}

function guessNumbers(leaves: readonly JsonValue[], tokenOf: TokenOf, spelling: readonly string[]): Datatype {
  const isWhole = leaves.length > 0 && leaves.every((leaf) => tokenOf(leaf) === undefined);
  if (isWhole && spelling.every((text) => !/[.eE]/.test(text))) {
    if (spelling.every((text) => isIn("INT64", text))) return "INT64";
    return spelling.every((text) => isIn("UINT64", text)) ? "UINT64" : "FP64";
  }
  return spelling.every(isShort) ? "FP32" : "FP64";
}

/** Characters of the longest integer of 64 bits. Past them there is no need to read one. */
const INTEGER_CHARS_MAX = 20;

function isIn(datatype: Datatype, text: string): boolean {
  const [min, max] = DATATYPES[datatype].range as readonly [bigint, bigint];
  if (text.length > INTEGER_CHARS_MAX) return false;
  const value = BigInt(text);
  return value >= min && value <= max;
}

/** Significant digits that every FP32 keeps. */
const FP32_DIGITS = 6;

/** Whether FP32 holds a number so that its digits come out again. */
function isShort(text: string): boolean {
  const value = Number(text);
  const single = Math.fround(value);
  return single === value || (Number.isFinite(single) && Number(single.toPrecision(FP32_DIGITS)) === value);
}

function kindOf(leaf: JsonValue): string {
  if (leaf === null) return "null";
  if (typeof leaf === "string") return "text";
  if (base64In(leaf) !== undefined) return "text";
  return isJsonObject(leaf) ? "an object" : typeof leaf;
}

/** An array of a datatype without values. */
export function noData(datatype: Datatype): TensorData {
  return datatype === "BYTES" ? [] : emptyData(datatype, 0);
}
