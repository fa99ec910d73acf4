import type { JsonValue } from "../../exchange/json.ts";
import { tensorFault } from "./tensor.ts";

/**
 * Dimensions of one tensor. NumPy ends at 64, TensorFlow at 254 of which none of its operations takes more than 8, and a JSON text
 * here is nested at most 64 deep.
 */
export const TENSOR_DIMENSIONS_MAX = 32;

/**
 * Elements of one tensor: 256 MB of FP32, more than any body that is held whole. It keeps every product of sizes far below
 * 2^53, and bounds what is made of a tensor whose elements take no bytes.
 */
export const TENSOR_ELEMENTS_MAX = 64 * 1024 * 1024;

/**
 * A shape as JSON has it: a list of whole numbers from zero up.
 *
 * @throws RegentError body_invalid, naming the tensor
 */
export function readShape(name: string, value: JsonValue | undefined): readonly number[] {
  if (value === undefined) throw tensorFault(name, "shape is missing");
  if (!Array.isArray(value)) throw tensorFault(name, "shape must be a list");
  for (const size of value as readonly JsonValue[]) {
    if (typeof size !== "number" || !Number.isSafeInteger(size))
      throw tensorFault(name, "shape must hold whole numbers");
  }
  return value as readonly number[];
}

/**
 * How many elements a shape wants: the product of its sizes, 1 for a scalar, 0 where one size is 0.
 *
 * @throws RegentError body_invalid, naming the tensor, for a negative size and beyond the limits
 */
export function elementCount(name: string, shape: readonly number[]): number {
  if (shape.length > TENSOR_DIMENSIONS_MAX)
    throw tensorFault(name, `more than ${TENSOR_DIMENSIONS_MAX} dimensions`);
  let count = 1;
  // A zero makes the tensor empty, whatever the other sizes are.
  for (const size of shape) {
    if (size < 0) throw tensorFault(name, `shape ${shapeText(shape)} has a negative size`);
    if (size > TENSOR_ELEMENTS_MAX || !Number.isInteger(size)) throw tooLarge(name);
    if (size === 0) count = 0;
  }
  for (const size of shape) {
    count *= size;
    if (count > TENSOR_ELEMENTS_MAX) throw tooLarge(name);
  }
  return count;
}

/** @throws RegentError body_invalid, naming the tensor, unless there are as many elements as the shape wants */
export function assertCount(name: string, shape: readonly number[], given: number): void {
  const wanted = elementCount(name, shape);
  if (given !== wanted)
    throw tensorFault(name, `shape ${shapeText(shape)} wants ${wanted} elements, ${given} given`);
}

/** As in messages: `[2,3]`. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(",")}]`;
}

/** Values of nested lists in row-major order, and the sizes of the lists: none for a value that is no list. */
export type Nested = { readonly shape: readonly number[]; readonly leaves: readonly JsonValue[] };

/**
 * Takes nested lists apart. The sizes below an empty list are not known and not in the shape.
 *
 * @throws RegentError body_invalid, naming the tensor, where lists of one level differ in length, or some hold values and
 *   others lists
 */
export function flatten(name: string, value: JsonValue): Nested {
  if (!Array.isArray(value)) return { shape: [], leaves: [value] };
  if (!hasLists(value)) return { shape: [value.length], leaves: value };
  const shape: number[] = [];
  let level: readonly JsonValue[] = [value];
  while (Array.isArray(level[0])) {
    const size = level[0].length as number;
    const below: JsonValue[] = [];
    for (const list of level) {
      if (!Array.isArray(list) || list.length !== size) throw tensorFault(name, "ragged");
      for (const element of list as readonly JsonValue[]) below.push(element);
    }
    shape.push(size);
    level = below;
  }
  if (hasLists(level)) throw tensorFault(name, "ragged");
  return { shape, leaves: level };
}

/** A plain loop: this and the ones over values meet every number of a tensor. */
function hasLists(values: readonly JsonValue[]): boolean {
  for (let index = 0; index < values.length; index++) if (Array.isArray(values[index])) return true;
  return false;
}

function tooLarge(name: string) {
  return tensorFault(name, `more than ${TENSOR_ELEMENTS_MAX} elements`);
}
