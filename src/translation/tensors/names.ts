import { RegentError } from "../../exchange/errors.ts";
import { tensorFault } from "../../formats/tensors/index.ts";
import type { Warn } from "../translation.ts";
import type { TensorFacts } from "./signature.ts";
import type { TensorValue } from "./value.ts";

/** Which tensors of a model are meant. */
export type Side = "inputs" | "outputs";

/**
 * Gives a tensor that its dialect leaves without a name the only one that it can have by the signature.
 *
 * @throws RegentError body_invalid, naming the tensor, for one that the model has not, and where several could be meant
 */
export function nameIn(
  name: string | undefined,
  side: Side,
  signature: ReadonlyMap<string, TensorFacts> | undefined,
): { readonly name: string | undefined; readonly facts?: TensorFacts | undefined } {
  if (signature === undefined) return { name };
  if (name !== undefined) {
    const facts = signature.get(name);
    if (facts === undefined) throw tensorFault(name, `the model has no such ${side.slice(0, -1)}`);
    return { name, facts };
  }
  const [only, ...others] = signature;
  if (only !== undefined && others.length === 0) return { name: only[0], facts: only[1] };
  const names = [...signature.keys()].join(", ");
  throw new RegentError("body_invalid", `the ${side} have no names, and the model has ${names || "none"}`);
}

/** @throws RegentError body_invalid, naming the tensor, when one of the signature is not there */
export function assertAllThere(
  tensors: readonly TensorValue[],
  signature: ReadonlyMap<string, TensorFacts> | undefined,
): void {
  const names = new Set(tensors.map(({ name }) => name));
  for (const name of signature?.keys() ?? []) if (!names.has(name)) throw tensorFault(name, "missing");
}

/** The name of a tensor for a dialect that demands one. */
export function demandedName({ name, pointer }: TensorValue, side: Side, warn: Warn): string {
  if (name !== undefined) return name;
  const invented = side === "inputs" ? "input_0" : "output_0";
  warn({ code: "invented", member: pointer, message: `a tensor without a name is called ${invented}` });
  return invented;
}
