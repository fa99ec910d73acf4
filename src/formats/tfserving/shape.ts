import type { JsonValue } from "../../exchange/json.ts";

/** Sizes of nested lists. */
export type NestedShape = {
  /** As far down as all lists of a level have the same length; none for a value that is no list. */
  readonly shape: readonly number[];
  /** Whether lists of one level differ, so that the value is no tensor. */
  readonly isRagged: boolean;
};

/** Any object counts as one value. Takes time linear in the number of values. */
export function shapeOf(value: JsonValue): NestedShape {
  const shape: number[] = [];
  let level: readonly JsonValue[] = [value];
  while (level.some((element) => Array.isArray(element))) {
    const size = Array.isArray(level[0]) ? (level[0] as readonly JsonValue[]).length : -1;
    if (!level.every((element) => Array.isArray(element) && element.length === size))
      return { shape, isRagged: true };
    shape.push(size);
    level = (level as readonly (readonly JsonValue[])[]).flat();
  }
  return { shape, isRagged: false };
}

/** As `regent read` prints it: null for what is no tensor. */
export function shapeReading(value: JsonValue): readonly number[] | null {
  const { shape, isRagged } = shapeOf(value);
  return isRagged ? null : shape;
}
