import type { RequestChanges, RewrittenRequest } from "../format.ts";
import { joinElements, splitElements } from "../tensors/index.ts";
import type { InferBody } from "./body.ts";
import { frameOf } from "./frames.ts";
import type { WireTensor } from "./messages.ts";
import type { ReadMessages, TextPlace } from "./request.ts";
import { type Field, type FieldEdit, replaceFields } from "./wire.ts";

/**
 * Changes texts and the model: the fields that hold them, and the lengths around them. A message in which nothing changes
 * keeps its frame; another one goes on without compression. Compressed answers could not be read, so none are asked for.
 */
export function rewrite(
  { requests }: InferBody,
  { places }: ReadMessages,
  bytes: Buffer,
  { texts, model }: RequestChanges,
): RewrittenRequest {
  const changes = texts.flatMap(({ part, text }) => {
    const place = places.get(part.pointer);
    if (place === undefined) throw new TypeError(`no text at ${part.pointer}`);
    return { place, text: Buffer.from(text, "utf8") };
  });
  const frames = requests.map((request, index) => {
    const own = changes.filter(({ place }) => place.request === index);
    const edits = editsOf(request.bytes, own);
    if (model !== undefined && request.model !== undefined)
      edits.push({ path: request.model.path, value: Buffer.from(model, "utf8") });
    return edits.length === 0 ? request.frame : frameOf(replaceFields(request.bytes, edits));
  });
  const isSame = frames.every((frame, index) => frame === requests[index]?.frame);
  return {
    bytes: isSame ? bytes : Buffer.concat(frames),
    headers: [["grpc-accept-encoding", "identity"]],
    asksForUsage: false,
  };
}

/** Another text in a place. */
export type Change = { readonly place: TextPlace; readonly text: Buffer };

/** The edits that make changes to one message. */
export function editsOf(message: Buffer, changes: readonly Change[]): FieldEdit[] {
  return [...fieldEdits(changes), ...rawEdits(message, changes)];
}

function fieldEdits(changes: readonly Change[]): FieldEdit[] {
  return changes.flatMap(({ place, text }) => ("path" in place ? { path: place.path, value: text } : []));
}

/** All changes of one tensor make one edit of its raw contents. */
function rawEdits(bytes: Buffer, changes: readonly Change[]): FieldEdit[] {
  const byTensor = new Map<WireTensor, Map<number, Buffer>>();
  for (const { place, text } of changes) {
    if (!("tensor" in place)) continue;
    const elements = byTensor.get(place.tensor) ?? new Map<number, Buffer>();
    byTensor.set(place.tensor, elements.set(place.element, text));
  }
  return [...byTensor].map(([{ name, shape, values }, elements]) => {
    const { field } = values as { readonly field: Field };
    const raw = splitElements(name.text, shape, bytes.subarray(field.start, field.end));
    return { path: [field], value: joinElements(raw.map((old, index) => elements.get(index) ?? old)) };
  });
}
