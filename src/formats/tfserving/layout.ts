import type { Tensor } from "../../exchange/inference.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import { shapeOf } from "./shape.ts";
import { isNamed } from "./values.ts";

/** A tensor as nested lists; its name is empty where the body has none, because the model has only one. */
export type NestedTensor = { readonly name: string; readonly value: JsonValue };

/** Row: one value or object of names for each element of the batch. Columnar: one value, or an object of names, for all. */
export type Layout = "row" | "columnar";

/** The tensors of a body in the order of their names, each with all rows that have it. */
export function tensorsIn(layout: Layout, value: JsonValue): readonly NestedTensor[] {
  if (layout === "columnar") return isNamed(value) ? entriesOf(value) : [{ name: "", value }];
  if (!isRows(value)) return [{ name: "", value }];
  const columns = new Map<string, JsonValue[]>();
  for (const row of value) {
    for (const [name, element] of Object.entries(row)) {
      const column = columns.get(name);
      if (column === undefined) columns.set(name, [element]);
      else column.push(element);
    }
  }
  return [...columns].map(([name, rows]) => ({ name, value: rows }));
}

/** Whether all elements of a batch are objects of names. */
function isRows(value: JsonValue): value is readonly JsonObject[] {
  return Array.isArray(value) && value.length > 0 && (value as readonly JsonValue[]).every(isNamed);
}

function entriesOf(object: JsonObject): NestedTensor[] {
  return Object.entries(object).map(([name, value]) => ({ name, value }));
}

/** What policy is told of tensors. Of a ragged one it has the sizes that all of its lists share. */
export function describeTensors(tensors: readonly NestedTensor[]): Tensor[] {
  return tensors.map(({ name, value }) => ({ name, shape: shapeOf(value).shape }));
}

/** How many elements a batch has, null where it is no list. */
export function countOf(value: JsonValue): number | null {
  return Array.isArray(value) ? value.length : null;
}

/** The value that a body has its tensors in, and how they lie; undefined when it has none. */
export function layoutOf(
  body: JsonObject,
  rowKey: "instances" | "predictions",
  columnKey: "inputs" | "outputs",
): { readonly layout: Layout; readonly value: JsonValue } | undefined {
  const row = ownMember(body, rowKey);
  if (row !== undefined) return { layout: "row", value: row };
  const column = ownMember(body, columnKey);
  return column === undefined ? undefined : { layout: "columnar", value: column };
}

function ownMember(body: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(body, key) ? body[key] : undefined;
}
