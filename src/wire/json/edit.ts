import type { JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "./document.ts";
import { parsePointer } from "./pointer.ts";
import { type Item, JsonEditError, JsonTree, type Slot } from "./tree.ts";

/**
 * One change to a JSON text. Pointers name places in the text as it was before any of the changes.
 * - `value`: replaces the value there. Where an object lacks the member, it is added at the end. With a key pointer
 *   (`/metadata/name~#`) the member is renamed and the value must be a string.
 * - `add`: as RFC 6902: in an array the value is put in front of the element named, or at the end for `-`.
 * - `remove`: the member or element goes.
 */
export type JsonEdit =
  | { readonly pointer: string; readonly value: JsonValue }
  | { readonly pointer: string; readonly add: JsonValue }
  | { readonly pointer: string; readonly remove: true };

/**
 * Changes exactly the bytes that the edits name: number spelling, key order, unknown members and white space elsewhere
 * stay as they are.
 *
 * @throws JsonEditError when a place does not exist, two edits meet at one place, or a key would be repeated
 */
export function editJson(document: JsonDocument, edits: readonly JsonEdit[]): Buffer {
  if (edits.length === 0) return document.bytes;
  assertApart(edits);
  const tree = new JsonTree(document);
  for (const apply of edits.map((edit) => prepare(tree, edit))) apply();
  return tree.render();
}

/** Finds the place of an edit while every pointer still means what it meant, and gives the change to make there. */
function prepare(tree: JsonTree, edit: JsonEdit): () => void {
  const { pointer } = edit;
  const parsed = parsePointer(pointer);
  if (parsed === undefined) throw new JsonEditError(pointer, "is not a JSON pointer");
  const last = parsed.tokens.at(-1);
  if (last === undefined) return () => tree.put(rootOf(tree, edit), newValue(edit));
  const parent = tree.branchAt(parsed.tokens.slice(0, -1), pointer);
  if (parsed.isKey) {
    const item = parent.itemOf(last, pointer);
    return () => parent.rename(item, newKey(edit), pointer);
  }
  if ("remove" in edit) {
    const item = parent.itemOf(last, pointer);
    return () => parent.remove(item);
  }
  if ("add" in edit && parent.kind === "array") {
    const before = parent.placeOf(last, pointer);
    return () => parent.insert(before, tree.fresh(edit.add));
  }
  const item: Item | undefined = parent.find(last);
  if (item !== undefined) return () => tree.put(item.slot, newValue(edit));
  if (parent.kind === "array") throw new JsonEditError(pointer, "names no element");
  return () => parent.append(last, tree.fresh(newValue(edit)));
}

function rootOf(tree: JsonTree, edit: JsonEdit): Slot {
  if ("remove" in edit) throw new JsonEditError(edit.pointer, "is the whole text, which cannot be removed");
  return tree.root;
}

function newValue(edit: JsonEdit): JsonValue {
  if ("remove" in edit) throw new JsonEditError(edit.pointer, "has no value");
  return "add" in edit ? edit.add : edit.value;
}

function newKey(edit: JsonEdit): string {
  if (!("value" in edit) || typeof edit.value !== "string")
    throw new JsonEditError(edit.pointer, "needs a text as the new key");
  return edit.value;
}

/** Two edits at one place, or one inside what another replaces, have no meaning that does not depend on their order. */
function assertApart(edits: readonly JsonEdit[]): void {
  if (edits.length === 1) return;
  const places = new Set<string>();
  for (const edit of edits) {
    if ("add" in edit) continue;
    if (places.has(edit.pointer)) throw new JsonEditError(edit.pointer, "is edited twice");
    places.add(edit.pointer);
  }
  for (const { pointer } of edits) {
    if (pointer.endsWith("~#") && removes(edits, pointer.slice(0, -2)))
      throw new JsonEditError(pointer, "is edited twice");
    for (
      let end = pointer.lastIndexOf("/");
      end >= 0;
      end = end === 0 ? -1 : pointer.lastIndexOf("/", end - 1)
    ) {
      if (places.has(pointer.slice(0, end))) throw new JsonEditError(pointer, "lies inside another edit");
    }
  }
}

function removes(edits: readonly JsonEdit[], pointer: string): boolean {
  return edits.some((edit) => "remove" in edit && edit.pointer === pointer);
}
