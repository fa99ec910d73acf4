import type { Warn } from "../translation.ts";
import type { TensorValue } from "./value.ts";

/** Which tensors of a model are meant. */
export type Side = "inputs" | "outputs";

/** The name of a tensor for a dialect that demands one. */
export function demandedName({ name, pointer }: TensorValue, side: Side, warn: Warn): string {
  if (name !== undefined) return name;
  const invented = side === "inputs" ? "input_0" : "output_0";
  warn({ code: "invented", member: pointer, message: `a tensor without a name is called ${invented}` });
  return invented;
}
