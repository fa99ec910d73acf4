import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { contains, equalValues, lookup } from "./compare.ts";
import { isArray, isObject, type RegoArray, type RegoObject, RegoSet, type RegoValue } from "./value.ts";

export const objectBuiltins: readonly HostBuiltin[] = [
  { name: "object.subset", call: ([whole, part]) => subset(whole as RegoValue, part as RegoValue) },
];

function subset(whole: RegoValue, part: RegoValue): boolean {
  const known = nestedSubset(whole, part);
  if (known !== undefined) return known;
  if (isArray(whole) && part instanceof RegoSet) {
    // OPA looks for the last element of the set while it walks the array, so an empty array holds no set.
    return whole.length > 0 && part.items.every((item) => contains(whole, item));
  }
  throw new BuiltinError("both arguments object.subset must be of the same type or array and set");
}

/** Undefined when the two are not both objects, both sets or both arrays. */
function nestedSubset(whole: RegoValue, part: RegoValue): boolean | undefined {
  if (isObject(whole) && isObject(part)) return objectSubset(whole, part);
  if (whole instanceof RegoSet && part instanceof RegoSet)
    return part.items.every((item) => contains(whole.items, item));
  if (isArray(whole) && isArray(part)) return arraySubset(whole, part);
  return undefined;
}

function objectSubset(whole: RegoObject, part: RegoObject): boolean {
  for (const [key, wanted] of part) {
    const value = lookup(whole, key);
    if (value === undefined) return false;
    if (!equalValues(value, wanted) && nestedSubset(value, wanted) !== true) return false;
  }
  return true;
}

/** Whether the part stands in the whole as one piece. */
function arraySubset(whole: RegoArray, part: RegoArray): boolean {
  for (let start = 0; start + part.length <= whole.length; start++) {
    if (part.every((item, index) => equalValues(item, whole[start + index] as RegoValue))) return true;
  }
  return false;
}
