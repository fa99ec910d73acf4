import { editJson, type JsonEdit } from "../../wire/json/index.ts";
import type { EndpointMatch, RequestChanges, RewrittenRequest } from "../format.ts";
import { joinElements, splitElements } from "../tensors/index.ts";
import { JSON_LENGTH_HEADER } from "./body.ts";
import type { InferRequest } from "./message.ts";
import type { WireTensor } from "./tensors.ts";

/**
 * Changes texts and the model. In the JSON on its original bytes; behind it the elements that change, with the size of their tensor
 * in the JSON and the length of the JSON in its header.
 *
 * @throws JsonEditError when a change does not fit
 */
export function rewrite(
  request: InferRequest,
  bytes: Buffer,
  endpoint: EndpointMatch,
  { texts, model }: RequestChanges,
): RewrittenRequest {
  const { document, body, tail, inputs } = request;
  const inTail = new Map<WireTensor, Map<number, Buffer>>();
  const edits: JsonEdit[] = [];
  for (const { part, text } of texts) {
    const element = elementIn(inputs, part.pointer);
    if (element === undefined) edits.push({ pointer: part.pointer, value: text });
    else {
      const changed = inTail.get(element.tensor) ?? new Map<number, Buffer>();
      changed.set(element.index, Buffer.from(text, "utf8"));
      inTail.set(element.tensor, changed);
    }
  }
  const pieces = inputs.flatMap((tensor) => {
    if (tensor.values.in !== "tail") return [];
    const changed = inTail.get(tensor);
    if (changed === undefined) return tensor.values.bytes;
    const piece = withElements(tensor, tensor.values.bytes, changed);
    if (piece.length !== tensor.values.bytes.length)
      edits.push({ pointer: `/inputs/${tensor.index}/parameters/binary_data_size`, value: piece.length });
    return piece;
  });
  if (model !== undefined && body.model_name !== undefined)
    edits.push({ pointer: "/model_name", value: model });
  const pathname = model === undefined ? undefined : endpoint.pathFor(model);
  if (edits.length === 0 && inTail.size === 0) return { bytes, pathname, asksForUsage: false };
  const json = editJson(document, edits);
  if (tail === undefined) return { bytes: json, pathname, asksForUsage: false };
  return {
    bytes: Buffer.concat([json, ...pieces]),
    headers: [[JSON_LENGTH_HEADER, String(json.length)]],
    pathname,
    asksForUsage: false,
  };
}

/** The element in the tail that a pointer names. */
function elementIn(
  inputs: readonly WireTensor[],
  pointer: string,
): { readonly tensor: WireTensor; readonly index: number } | undefined {
  const [, input, element] = /^\/inputs\/([0-9]+)\/data\/([0-9]+)$/.exec(pointer) ?? [];
  const tensor = inputs[Number(input)];
  return tensor?.values.in === "tail" ? { tensor, index: Number(element) } : undefined;
}

function withElements(
  { name, shape }: WireTensor,
  bytes: Buffer,
  changed: ReadonlyMap<number, Buffer>,
): Buffer {
  return joinElements(
    splitElements(name, shape, bytes).map((element, index) => changed.get(index) ?? element),
  );
}
