import { isUtf8 } from "node:buffer";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import type { EndpointMatch, RequestDescription } from "../format.ts";
import { invalid } from "../members.ts";
import { countOf, type Layout, layoutOf, type NestedTensor, tensorsIn } from "./layout.ts";
import { requestTensors } from "./request.ts";
import { shapeReading } from "./shape.ts";
import { base64In, leavesOf } from "./values.ts";

/**
 * @param nonfinite how many values JSON has not
 * @throws RegentError body_invalid
 */
export function describeRequest(
  { value }: JsonDocument,
  _endpoint: EndpointMatch,
  nonfinite = 0,
): RequestDescription {
  if (!isJsonObject(value)) throw invalid("The body must be a JSON object");
  const found = layoutOf(value, "instances", "inputs");
  const details =
    found === undefined
      ? { examples: countOf(value.examples ?? null), ...describeNested(requestTensors(value)) }
      : describeLayout(found.layout, found.value, "instances");
  return {
    toolCalls: [],
    details: {
      ...details,
      ...(value.signature_name === undefined ? {} : { signature: value.signature_name }),
      ...nonfiniteReading(nonfinite),
    },
  };
}

/** Tensors in one of the two layouts: how they lie, how many rows there are, names, sizes and bytes. */
export function describeLayout(
  layout: Layout,
  value: JsonValue,
  rows: "instances" | "predictions",
): JsonObject {
  return {
    layout,
    ...(layout === "row" ? { [rows]: countOf(value) } : {}),
    ...describeNested(tensorsIn(layout, value)),
  };
}

export function nonfiniteReading(count: number): JsonObject {
  return count === 0 ? {} : { nonfinite: count };
}

/** One tensor without a name has a shape, several with names have names and shapes. */
function describeNested(tensors: readonly NestedTensor[]): JsonObject {
  const [first] = tensors;
  if (first?.name === "" && tensors.length === 1) {
    const binary = binaryIn(first.value);
    return { shape: shapeReading(first.value), ...(binary.length === 0 ? {} : { binary }) };
  }
  const binaries = tensors
    .map(({ name, value }) => [name, binaryIn(value)] as const)
    .filter(([, binary]) => binary.length > 0);
  return {
    names: tensors.map(({ name }) => name),
    shapes: Object.fromEntries(tensors.map(({ name, value }) => [name, shapeReading(value)])),
    ...(binaries.length === 0 ? {} : { binary: Object.fromEntries(binaries) }),
  };
}

/** What stands in base64, as text where it is one. */
function binaryIn(value: JsonValue): JsonValue[] {
  const found: JsonValue[] = [];
  for (const leaf of leavesOf(value, "lists")) {
    const base64 = base64In(leaf);
    if (base64 === undefined) continue;
    const bytes = Buffer.from(base64, "base64");
    found.push(isUtf8(bytes) ? bytes.toString("utf8") : { b64: bytes.toString("base64") });
  }
  return found;
}
