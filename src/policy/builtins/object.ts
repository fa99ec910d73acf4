import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { compareValues, equalValues, lookup, sorted } from "./compare.ts";
import { isArray, isObject, type RegoArray, type RegoObject, RegoSet, type RegoValue } from "./value.ts";

export const objectBuiltins: readonly HostBuiltin[] = [
  {
    name: "object.subset",
    call: ([whole, part], context) =>
      new SubsetTest(() => context.checkTime()).holds(whole as RegoValue, part as RegoValue),
  },
];

/** Comparisons between two looks at the clock: some 0.1 ms, more where the values are large. */
const COMPARISONS_PER_LOOK = 500;

class SubsetTest {
  readonly #checkTime: () => void;
  #comparisons = 0;

  constructor(checkTime: () => void) {
    this.#checkTime = checkTime;
  }

  holds(whole: RegoValue, part: RegoValue): boolean {
    const known = this.#nested(whole, part);
    if (known !== undefined) return known;
    if (isArray(whole) && part instanceof RegoSet) {
      // OPA looks for the last element of the set while it walks the array, so an empty array holds no set.
      return whole.length > 0 && this.#containsAll(whole, part.items);
    }
    throw new BuiltinError("both arguments object.subset must be of the same type or array and set");
  }

  /** Undefined when the two are not both objects, both sets or both arrays. */
  #nested(whole: RegoValue, part: RegoValue): boolean | undefined {
    if (isObject(whole) && isObject(part)) return this.#object(whole, part);
    if (whole instanceof RegoSet && part instanceof RegoSet)
      return this.#containsAll(whole.items, part.items);
    if (isArray(whole) && isArray(part)) return this.#array(whole, part);
    return undefined;
  }

  #object(whole: RegoObject, part: RegoObject): boolean {
    for (const [key, wanted] of part) {
      this.#count();
      const value = lookup(whole, key);
      if (value === undefined) return false;
      if (!equalValues(value, wanted) && this.#nested(value, wanted) !== true) return false;
    }
    return true;
  }

  #containsAll(whole: RegoArray, part: RegoArray): boolean {
    const ordered = sorted(whole);
    return part.every((item) => this.#isAmong(ordered, item));
  }

  #isAmong(ordered: RegoArray, item: RegoValue): boolean {
    let [low, high] = [0, ordered.length - 1];
    while (low <= high) {
      this.#count();
      const middle = (low + high) >> 1;
      const order = compareValues(ordered[middle] as RegoValue, item);
      if (order === 0) return true;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return false;
  }

  /** Whether the part stands in the whole as one piece. */
  #array(whole: RegoArray, part: RegoArray): boolean {
    for (let start = 0; start + part.length <= whole.length; start++) {
      this.#count();
      if (part.every((item, index) => this.#equal(item, whole[start + index] as RegoValue))) return true;
    }
    return false;
  }

  #equal(a: RegoValue, b: RegoValue): boolean {
    this.#count();
    return equalValues(a, b);
  }

  #count(): void {
    this.#comparisons += 1;
    if (this.#comparisons % COMPARISONS_PER_LOOK === 0) this.#checkTime();
  }
}
