import { RegentError } from "../../exchange/errors.ts";
import { elementCount, type Nonfinite, nest, tensorFault } from "../../formats/tensors/index.ts";
import type { Layout } from "../../formats/tfserving/layout.ts";
import type { TensorValue } from "./value.ts";

/** Whether tensors have one batch size, so that rows can hold them. */
export function fitRows(tensors: readonly TensorValue[]): boolean {
  const [first] = tensors;
  const batch = first?.shape[0];
  if (batch === undefined) return false;
  // Rows that are not there have no names.
  if (batch === 0 && tensors.length > 1) return false;
  return tensors.every(({ shape }) => shape[0] === batch);
}

/**
 * Tensors as JSON: one without its name, several with theirs.
 *
 * @throws RegentError body_invalid, naming the tensor
 */
export function writeNested(tensors: readonly TensorValue[], layout: Layout, nonfinite: Nonfinite): string {
  return layout === "row" ? writeRows(tensors, nonfinite) : writeColumns(tensors, nonfinite);
}

function writeColumns(tensors: readonly TensorValue[], nonfinite: Nonfinite): string {
  const [only] = tensors;
  if (only !== undefined && tensors.length === 1) return nestedText(only, nonfinite);
  return `{${tensors.map((tensor) => `${key(tensor)}:${nestedText(tensor, nonfinite)}`).join(",")}}`;
}

function writeRows(tensors: readonly TensorValue[], nonfinite: Nonfinite): string {
  const [first] = tensors;
  if (first === undefined) throw new RegentError("body_invalid", "there are no tensors");
  if (tensors.length === 1 && first.shape.length > 0) return nestedText(first, nonfinite);
  const [batch] = first.shape;
  const other = tensors.find(({ shape }) => shape[0] !== batch || shape.length === 0);
  if (batch === undefined || other !== undefined) {
    const of = (other ?? first).shape[0];
    throw tensorFault(
      (other ?? first).name ?? "",
      of === undefined ? "a scalar has no rows" : `${of} rows, ${first.name ?? ""} has ${batch}`,
    );
  }
  const columns = tensors.map((tensor) => ({ name: key(tensor), rows: rowsOf(tensor, batch, nonfinite) }));
  const rows = Array.from(
    { length: batch },
    (_, index) => `{${columns.map(({ name, rows }) => `${name}:${rows[index]}`).join(",")}}`,
  );
  return `[${rows.join(",")}]`;
}

/** The JSON of each element of the batch. */
function rowsOf({ name, shape, texts }: TensorValue, batch: number, nonfinite: Nonfinite): string[] {
  const inner = shape.slice(1);
  const size = elementCount(name ?? "", inner);
  const values = texts(nonfinite);
  return Array.from({ length: batch }, (_, row) => nest(values.slice(row * size, (row + 1) * size), inner));
}

function nestedText({ shape, texts }: TensorValue, nonfinite: Nonfinite): string {
  return nest(texts(nonfinite), shape);
}

function key({ name }: TensorValue): string {
  if (name === undefined) throw new RegentError("body_invalid", "a tensor has no name");
  return JSON.stringify(name);
}
