import { BuiltinError } from "./builtin.ts";
import { decimalOf, integerOf } from "./decimal.ts";
import {
  isArray,
  isNumber,
  isObject,
  numberText,
  type RegoArray,
  type RegoNumber,
  type RegoObject,
  RegoSet,
  type RegoValue,
} from "./value.ts";

type Args = readonly RegoValue[];

/** The argument at an index as a string, or a builtin error. The others below do the same for their types. */
export function stringAt(args: Args, index: number): string {
  const value = args[index];
  if (typeof value !== "string") throw wrongType(args, index, "string");
  return value;
}

export function booleanAt(args: Args, index: number): boolean {
  const value = args[index];
  if (typeof value !== "boolean") throw wrongType(args, index, "boolean");
  return value;
}

export function numberAt(args: Args, index: number): RegoNumber {
  const value = args[index] as RegoValue;
  if (!isNumber(value)) throw wrongType(args, index, "number");
  return value;
}

/** The nearest JavaScript number; an error where there is none (1e400). */
export function floatAt(args: Args, index: number): number {
  const value = Number(numberText(numberAt(args, index)));
  if (!Number.isFinite(value)) throw new BuiltinError(`operand ${index + 1} is out of range`);
  return value;
}

/** A safe integer written without fraction or exponent, as OPA's IntOperand. */
export function integerAt(args: Args, index: number): number {
  const value = numberAt(args, index);
  if (typeof value !== "number" || !Number.isSafeInteger(value))
    throw new BuiltinError(`operand ${index + 1} must be integer number but got floating-point number`);
  return value;
}

/** An integer of any size; `1e3` and `2.0` are integers too. */
export function bigIntegerAt(args: Args, index: number): bigint {
  const integer = integerOf(decimalOf(numberAt(args, index)));
  if (integer === undefined)
    throw new BuiltinError(`operand ${index + 1} must be integer number but got floating-point number`);
  return integer;
}

export function arrayAt(args: Args, index: number): RegoArray {
  const value = args[index] as RegoValue;
  if (!isArray(value)) throw wrongType(args, index, "array");
  return value;
}

export function objectAt(args: Args, index: number): RegoObject {
  const value = args[index] as RegoValue;
  if (!isObject(value)) throw wrongType(args, index, "object");
  return value;
}

/** The elements of an array or a set. */
export function collectionAt(args: Args, index: number): RegoArray {
  const value = args[index] as RegoValue;
  if (value instanceof RegoSet) return value.items;
  if (isArray(value)) return value;
  throw wrongType(args, index, "one of {array, set}");
}

/** The strings of an array or a set. */
export function stringsAt(args: Args, index: number): readonly string[] {
  return collectionAt(args, index).map((item) => {
    if (typeof item !== "string") throw wrongType(args, index, "array or set of strings");
    return item;
  });
}

function wrongType(args: Args, index: number, expected: string): BuiltinError {
  return new BuiltinError(`operand ${index + 1} must be ${expected} but got ${typeName(args[index])}`);
}

/** Rego's name of a value's type. */
export function typeName(value: RegoValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (typeof value === "boolean" || typeof value === "string") return typeof value;
  if (isNumber(value)) return "number";
  if (value instanceof RegoSet) return "set";
  return isArray(value) ? "array" : "object";
}
