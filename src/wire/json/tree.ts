import type { JsonValue } from "../../exchange/json.ts";
import type { JsonDocument, Span } from "./document.ts";
import type { Layout, Member } from "./layout.ts";
import { arrayIndex } from "./pointer.ts";

/** The largest text that edits may make: far above any body a route accepts, far below what hurts. */
export const JSON_EDITED_BYTES_MAX = 64 * 1024 * 1024;

/** Members that `copy` may multiply: each copy of a copy doubles them. */
export const JSON_COPIED_ITEMS_MAX = 100_000;

/** An edit that cannot be made. The message names the place, never the text there. */
export class JsonEditError extends Error {
  override readonly name = "JsonEditError";
  readonly pointer: string;

  constructor(pointer: string, problem: string) {
    super(`${pointer === "" ? "the whole text" : pointer} ${problem}`);
    this.pointer = pointer;
  }
}

/** Bytes of the original, or new text. */
type Piece = Span | string;

/** A value: bytes of the original, a new value, or a container that was taken apart because something in it changes. */
export type Node =
  | { readonly kind: "span"; readonly span: Span }
  | { readonly kind: "fresh"; readonly value: JsonValue }
  | Branch;

/** Where a value stands. */
export type Slot = { node: Node };

/** A member or element: what stands in front of the value (white space, key, colon), the value, and what stands after it. */
export type Item = { key: string | undefined; before: Piece[]; readonly slot: Slot; readonly after: Piece };

/**
 * A JSON text laid over the bytes it was read from. Only containers on the way to a change are taken apart; everything
 * else is copied as it stands when the tree is rendered.
 */
export class JsonTree {
  readonly root: Slot;
  readonly #document: JsonDocument;
  readonly #rootSpan: Span;
  #copied = 0;

  constructor(document: JsonDocument) {
    this.#document = document;
    this.#rootSpan = document.rootSpan();
    this.root = { node: { kind: "span", span: this.#rootSpan } };
  }

  fresh(value: JsonValue): Node {
    return { kind: "fresh", value };
  }

  put(slot: Slot, value: JsonValue): void {
    slot.node = this.fresh(value);
  }

  /** The container that tokens lead to, taken apart. */
  branchAt(tokens: readonly string[], pointer: string): Branch {
    const node = this.open(this.slotAt(tokens, pointer));
    if (node === undefined) throw new JsonEditError(pointer, "lies in a value that has no members");
    return node;
  }

  slotAt(tokens: readonly string[], pointer: string): Slot {
    let slot = this.root;
    for (const token of tokens) {
      const branch = this.open(slot);
      const item = branch?.find(token);
      if (item === undefined) throw new JsonEditError(pointer, "does not exist");
      slot = item.slot;
    }
    return slot;
  }

  /** Takes the container in a slot apart; undefined when it holds none. */
  open(slot: Slot): Branch | undefined {
    const { node } = slot;
    if (node instanceof Branch) return node;
    const branch = node.kind === "span" ? this.#openSpan(node.span) : openFresh(node.value);
    if (branch !== undefined) slot.node = branch;
    return branch;
  }

  #openSpan(span: Span): Branch | undefined {
    const layout = this.#document.layoutAt(span.start);
    return layout === undefined ? undefined : Branch.ofLayout(layout);
  }

  /** A value of its own that changes apart from the one it was copied from. */
  copy(node: Node, pointer: string): Node {
    if (!(node instanceof Branch)) return node;
    this.#copied += node.items.length;
    if (this.#copied > JSON_COPIED_ITEMS_MAX) throw new JsonEditError(pointer, "would copy too much");
    return node.cloned((child) => this.copy(child, pointer));
  }

  /** What a value says. */
  read(node: Node): JsonValue {
    return JSON.parse(this.#join(this.#render(node)).toString("utf8")) as JsonValue;
  }

  render(): Buffer {
    const { start, end } = this.#rootSpan;
    const around = (from: number, to: number): Span => ({ start: from, end: to });
    const parts = new Parts();
    parts.add(around(0, start));
    renderNode(this.root.node, parts);
    parts.add(around(end, this.#document.bytes.length));
    return this.#join(parts);
  }

  #render(node: Node): Parts {
    const parts = new Parts();
    renderNode(node, parts);
    return parts;
  }

  #join(parts: Parts): Buffer {
    const { bytes } = this.#document;
    const buffers = parts.list.map((part) =>
      typeof part === "string" ? Buffer.from(part, "utf8") : bytes.subarray(part.start, part.end),
    );
    const length = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    if (length > JSON_EDITED_BYTES_MAX)
      throw new JsonEditError("", `would be longer than ${JSON_EDITED_BYTES_MAX} bytes`);
    return Buffer.concat(buffers, length);
  }
}

/** An object or array that was taken apart. */
export class Branch {
  readonly kind: "object" | "array";
  readonly items: Item[];
  /** Empty in an array. */
  readonly #byKey: Map<string, Item>;
  /** The brackets, with the white space of an empty container behind the first. */
  readonly #opening: Piece;
  readonly #closing: Piece;

  constructor(kind: Branch["kind"], items: Item[], opening: Piece, closing: Piece) {
    this.kind = kind;
    this.items = items;
    this.#byKey = new Map();
    for (const item of items) if (item.key !== undefined) this.#byKey.set(item.key, item);
    this.#opening = opening;
    this.#closing = closing;
  }

  static ofLayout(layout: Layout): Branch {
    const inner = layout.members.length === 0 ? layout.end - 1 : layout.start + 1;
    return new Branch(
      layout.kind,
      layout.members.map(itemOfMember),
      { start: layout.start, end: inner },
      { start: layout.end - 1, end: layout.end },
    );
  }

  cloned(copy: (node: Node) => Node): Branch {
    const items = this.items.map((item) => ({
      ...item,
      before: [...item.before],
      slot: { node: copy(item.slot.node) },
    }));
    return new Branch(this.kind, items, this.#opening, this.#closing);
  }

  find(token: string): Item | undefined {
    return this.kind === "array"
      ? this.items[arrayIndex(token)]
      : this.items.find((item) => item.key === token);
  }

  itemOf(token: string, pointer: string): Item {
    const item = this.find(token);
    if (item === undefined) throw new JsonEditError(pointer, "does not exist");
    return item;
  }

  /** The element in front of which `add` puts one; undefined for the end. */
  placeOf(token: string, pointer: string): Item | undefined {
    if (token === "-" || arrayIndex(token) === this.items.length) return undefined;
    return this.itemOf(token, pointer);
  }

  insert(before: Item | undefined, key: string | undefined, node: Node): void {
    if (key !== undefined && this.find(key) !== undefined)
      throw new JsonEditError(`/${key}`, "would be there twice");
    const item: Item = {
      key,
      before: key === undefined ? [] : [JSON.stringify(key), ":"],
      slot: { node },
      after: "",
    };
    this.items.splice(before === undefined ? this.items.length : this.items.indexOf(before), 0, item);
    if (key !== undefined) this.#byKey.set(key, item);
  }

  remove(item: Item): void {
    this.items.splice(this.items.indexOf(item), 1);
    if (item.key !== undefined) this.#byKey.delete(item.key);
  }

  rename(item: Item, key: string, pointer: string): void {
    if (item.key === undefined) throw new JsonEditError(pointer, "is an element, which has no key");
    if (item.key === key) return;
    if (this.find(key) !== undefined) throw new JsonEditError(pointer, "would repeat a key");
    this.#byKey.delete(item.key);
    this.#byKey.set(key, item);
    item.key = key;
    item.before.splice(-2, 1, JSON.stringify(key));
  }

  render(parts: Parts): void {
    parts.add(this.#opening);
    for (const [index, { before, slot, after }] of this.items.entries()) {
      if (index > 0) parts.comma(before[0]);
      for (const piece of before) parts.add(piece);
      renderNode(slot.node, parts);
      parts.add(after);
    }
    parts.add(this.#closing);
  }
}

function itemOfMember(member: Member): Item {
  const { key, keyStart, keyEnd, start, end, from, to } = member;
  const before: Piece[] =
    key === undefined
      ? [{ start: from, end: start }]
      : [
          { start: from, end: keyStart },
          { start: keyStart, end: keyEnd },
          { start: keyEnd, end: start },
        ];
  return {
    key,
    before,
    slot: { node: { kind: "span", span: { start, end } } },
    after: { start: end, end: to },
  };
}

function openFresh(value: JsonValue): Branch | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) {
    const items = (value as readonly JsonValue[]).map((element) => freshItem(undefined, element));
    return new Branch("array", items, "[", "]");
  }
  return new Branch(
    "object",
    Object.entries(value).map(([key, member]) => freshItem(key, member)),
    "{",
    "}",
  );
}

function freshItem(key: string | undefined, value: JsonValue): Item {
  const before = key === undefined ? [] : [JSON.stringify(key), ":"];
  return { key, before, slot: { node: { kind: "fresh", value } }, after: "" };
}

function renderNode(node: Node, parts: Parts): void {
  if (node instanceof Branch) node.render(parts);
  else parts.add(node.kind === "span" ? node.span : JSON.stringify(node.value));
}

/** Collects pieces and joins the ones that lie side by side in the original, so that little is copied. */
class Parts {
  readonly list: Piece[] = [];
  #last: { start: number; end: number } | undefined;

  add(piece: Piece): void {
    if (typeof piece === "string") {
      if (piece === "") return;
      this.list.push(piece);
      this.#last = undefined;
    } else if (this.#last?.end === piece.start) {
      this.#last.end = piece.end;
    } else if (piece.end > piece.start) {
      this.#last = { ...piece };
      this.list.push(this.#last);
    }
  }

  /** A comma in front of an item: the original one where both its neighbours are original. */
  comma(next: Piece | undefined): void {
    const last = this.#last;
    if (last !== undefined && typeof next === "object" && next.start === last.end + 1) last.end++;
    else this.add(",");
  }
}
