import type { PatchOperation } from "../../exchange/decision.ts";
import type { JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "./document.ts";
import { parsePointer } from "./pointer.ts";
import { JsonEditError, JsonTree, type Node, type Slot } from "./tree.ts";

/** Operations of one patch: policy writes a handful; each may touch the whole body. */
export const PATCH_OPERATIONS_MAX = 256;

/**
 * Applies an RFC 6902 patch to the bytes: operations in order, each on what the ones before it left, all or none. What
 * no operation names stays as it was written; `move` and `copy` keep the spelling of what they carry.
 *
 * @throws JsonEditError when an operation cannot be made or a `test` fails
 */
export function applyPatch(document: JsonDocument, operations: readonly PatchOperation[]): Buffer {
  if (operations.length > PATCH_OPERATIONS_MAX) {
    throw new JsonEditError("", `would be patched by more than ${PATCH_OPERATIONS_MAX} operations`);
  }
  if (operations.length === 0) return document.bytes;
  const tree = new JsonTree(document);
  for (const operation of operations) applyOperation(tree, operation);
  return tree.render();
}

function applyOperation(tree: JsonTree, { op, path, from = "", value = null }: PatchOperation): void {
  switch (op) {
    case "add":
      add(tree, path, tree.fresh(value));
      break;
    case "remove":
      take(tree, path);
      break;
    case "replace":
      tree.put(slotAt(tree, path), value);
      break;
    case "copy":
      add(tree, path, tree.copy(slotAt(tree, from).node, path));
      break;
    case "move":
      move(tree, from, path);
      break;
    case "test":
      test(tree, path, value);
  }
}

function move(tree: JsonTree, from: string, path: string): void {
  if (path.startsWith(`${from}/`)) throw new JsonEditError(path, "lies inside what is moved");
  if (path === from) slotAt(tree, from);
  else add(tree, path, take(tree, from));
}

function test(tree: JsonTree, path: string, value: JsonValue): void {
  const found = tree.read(slotAt(tree, path).node);
  if (!jsonEqual(found, value)) throw new JsonEditError(path, "is not what the patch expects");
}

function add(tree: JsonTree, path: string, node: Node): void {
  const tokens = tokensOf(path);
  const last = tokens.at(-1);
  if (last === undefined) {
    tree.root.node = node;
    return;
  }
  const parent = tree.branchAt(tokens.slice(0, -1), path);
  const item = parent.kind === "array" ? undefined : parent.find(last);
  if (parent.kind === "array") parent.insert(parent.placeOf(last, path), node);
  else if (item === undefined) parent.append(last, node);
  else item.slot.node = node;
}

function take(tree: JsonTree, path: string): Node {
  const tokens = tokensOf(path);
  const last = tokens.at(-1);
  if (last === undefined) throw new JsonEditError(path, "cannot be removed");
  const parent = tree.branchAt(tokens.slice(0, -1), path);
  const item = parent.itemOf(last, path);
  parent.remove(item);
  return item.slot.node;
}

function slotAt(tree: JsonTree, path: string): Slot {
  return tree.slotAt(tokensOf(path), path);
}

/** A patch is RFC 6902: it has no pointers to keys. */
function tokensOf(path: string): readonly string[] {
  const parsed = parsePointer(path);
  if (parsed === undefined || parsed.isKey) throw new JsonEditError(path, "is not a JSON pointer");
  return parsed.tokens;
}

/** RFC 6902 4.6: equal numbers, equal texts, the same members in any order. */
function jsonEqual(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = Object.entries(a);
  const right = new Map(Object.entries(b));
  return (
    left.length === right.size &&
    left.every(([key, value]) => right.has(key) && jsonEqual(value, right.get(key) as JsonValue))
  );
}
