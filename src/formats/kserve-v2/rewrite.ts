import { editJson, type JsonEdit } from "../../wire/json/index.ts";
import type { EndpointMatch, RequestChanges, RewrittenRequest } from "../format.ts";
import { joinElements, splitElements } from "../tensors/index.ts";
import { JSON_LENGTH_HEADER } from "./body.ts";
import type { InferRequest } from "./message.ts";
import type { TensorList, WireTensor } from "./tensors.ts";

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
  const { body, inputs, ...rest } = request;
  const edits: JsonEdit[] =
    model === undefined || body.model_name === undefined ? [] : [{ pointer: "/model_name", value: model }];
  const pathname = model === undefined ? undefined : endpoint.pathFor(model);
  if (edits.length === 0 && texts.length === 0) return { bytes, pathname, asksForUsage: false };
  const changes = texts.map(({ part, text }) => ({ pointer: part.pointer, text }));
  const changed = withTexts({ ...rest, list: "inputs", tensors: inputs }, changes, edits);
  return {
    bytes: changed.bytes,
    ...(request.tail === undefined ? {} : { headers: [[JSON_LENGTH_HEADER, String(changed.jsonBytes)]] }),
    pathname,
    asksForUsage: false,
  };
}

/** A body with tensors, in its JSON or behind it. */
export type TensorBody = Pick<InferRequest, "document" | "tail"> & {
  readonly list: TensorList;
  readonly tensors: readonly WireTensor[];
};

/** A body anew, and how much of it is JSON. */
export type ChangedBody = { readonly bytes: Buffer; readonly jsonBytes: number };

/**
 * Puts other texts in the place of those at some pointers, which are those of a body that is all JSON.
 *
 * @param more edits of the JSON
 * @throws JsonEditError when a change does not fit
 */
export function withTexts(
  { document, tail, list, tensors }: TensorBody,
  texts: readonly { readonly pointer: string; readonly text: string }[],
  more: readonly JsonEdit[] = [],
): ChangedBody {
  const inTail = new Map<WireTensor, Map<number, Buffer>>();
  const edits: JsonEdit[] = [...more];
  for (const { pointer, text } of texts) {
    const element = elementIn(list, tensors, pointer);
    if (element === undefined) edits.push({ pointer, value: text });
    else {
      const changed = inTail.get(element.tensor) ?? new Map<number, Buffer>();
      changed.set(element.index, Buffer.from(text, "utf8"));
      inTail.set(element.tensor, changed);
    }
  }
  const pieces = tensors.flatMap((tensor) => {
    if (tensor.values.in !== "tail") return [];
    const changed = inTail.get(tensor);
    if (changed === undefined) return tensor.values.bytes;
    const piece = withElements(tensor, tensor.values.bytes, changed);
    if (piece.length !== tensor.values.bytes.length)
      edits.push({ pointer: `/${list}/${tensor.index}/parameters/binary_data_size`, value: piece.length });
    return piece;
  });
  const json = editJson(document, edits);
  return { bytes: tail === undefined ? json : Buffer.concat([json, ...pieces]), jsonBytes: json.length };
}

/** The element in the tail that a pointer names. */
function elementIn(
  list: TensorList,
  tensors: readonly WireTensor[],
  pointer: string,
): { readonly tensor: WireTensor; readonly index: number } | undefined {
  const [, found, place, element] = /^\/([a-z]+)\/([0-9]+)\/data\/([0-9]+)$/.exec(pointer) ?? [];
  const tensor = found === list ? tensors[Number(place)] : undefined;
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
