import type { JsonValue } from "../../exchange/json.ts";
import type { JsonDocument, Span } from "./document.ts";
import type { Layout, LayoutReader, Member } from "./layout.ts";
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

/** A value: bytes of the original, a new value, or a container in which something changes. */
export type Node =
  | { readonly kind: "span"; readonly span: Span }
  | { readonly kind: "fresh"; readonly value: JsonValue }
  | Branch;

/** Where a value stands. */
export type Slot = { node: Node };

/** A member or element: what stands in front of the value (white space, key, colon), the value, and what stands after it. */
export type Item = { key: string | undefined; before: Piece[]; readonly slot: Slot; readonly after: Piece };

/**
 * A JSON text laid over the bytes it was read from. Only containers on the way to a change are opened; everything else
 * is copied as it stands when the tree is rendered.
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

  /** The container that tokens lead to, opened. */
  branchAt(tokens: readonly string[], pointer: string): Branch {
    const branch = this.#open(this.slotAt(tokens, pointer));
    if (branch === undefined) throw new JsonEditError(pointer, "lies in a value that has no members");
    return branch;
  }

  slotAt(tokens: readonly string[], pointer: string): Slot {
    let slot = this.root;
    for (const token of tokens) {
      const item = this.#open(slot)?.find(token);
      if (item === undefined) throw new JsonEditError(pointer, "does not exist");
      slot = item.slot;
    }
    return slot;
  }

  /** Opens the container in a slot; undefined when it holds none. */
  #open(slot: Slot): Branch | undefined {
    const { node } = slot;
    if (node instanceof Branch) return node;
    const { layouts } = this.#document;
    const branch =
      node.kind === "span"
        ? Branch.ofOriginal(layouts, node.span.start)
        : Branch.ofFresh(layouts, node.value);
    if (branch !== undefined) slot.node = branch;
    return branch;
  }

  /** A value of its own that changes apart from the one it was copied from. */
  copy(node: Node, pointer: string): Node {
    if (!(node instanceof Branch)) return node;
    this.#copied += node.size;
    if (this.#copied > JSON_COPIED_ITEMS_MAX) throw new JsonEditError(pointer, "would copy too much");
    return node.cloned((child) => this.copy(child, pointer));
  }

  /** What a value says. */
  read(node: Node): JsonValue {
    const parts = new Parts();
    renderNode(node, parts);
    return JSON.parse(this.#join(parts).toString("utf8")) as JsonValue;
  }

  render(): Buffer {
    const { start, end } = this.#rootSpan;
    const parts = new Parts();
    parts.add({ start: 0, end: start });
    renderNode(this.root.node, parts);
    parts.add({ start: end, end: this.#document.bytes.length });
    return this.#join(parts);
  }

  #join(parts: Parts): Buffer {
    const { bytes } = this.#document;
    const buffers = parts.list.map((part) =>
      typeof part === "string" ? Buffer.from(part, "utf8") : bytes.subarray(part.start, part.end),
    );
    const length = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    if (length > JSON_EDITED_BYTES_MAX) {
      throw new JsonEditError("", `would be longer than ${JSON_EDITED_BYTES_MAX} bytes`);
    }
    return Buffer.concat(buffers, length);
  }
}

/** The members of a container that are looked at, among all the others that stay where they are. */
type Sparse = {
  readonly start: number;
  readonly end: number;
  /** By where the value begins. */
  readonly touched: Map<number, Touched>;
  readonly appended: Item[];
};

type Touched = { readonly member: Member; readonly item: Item };

/** All members of a container. */
type Full = {
  readonly items: Item[];
  readonly byKey: Map<string, Item>;
  readonly opening: Piece;
  readonly closing: Piece;
};

/**
 * An object or array in which something changes. While values are replaced and members appended, only those are known;
 * what moves members about needs all of them.
 */
export class Branch {
  readonly kind: "object" | "array";
  readonly #layouts: LayoutReader;
  #state: Sparse | Full;

  constructor(kind: Branch["kind"], layouts: LayoutReader, state: Sparse | Full) {
    this.kind = kind;
    this.#layouts = layouts;
    this.#state = state;
  }

  static ofOriginal(layouts: LayoutReader, start: number): Branch | undefined {
    const bounds = layouts.boundsAt(start);
    if (bounds === undefined) return undefined;
    return new Branch(bounds.kind, layouts, { start, end: bounds.end, touched: new Map(), appended: [] });
  }

  static ofFresh(layouts: LayoutReader, value: JsonValue): Branch | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    if (Array.isArray(value)) {
      const items = (value as readonly JsonValue[]).map((element) =>
        freshItem(undefined, { kind: "fresh", value: element }),
      );
      return new Branch("array", layouts, fullOf(items, "[", "]"));
    }
    const items = Object.entries(value).map(([key, member]) =>
      freshItem(key, { kind: "fresh", value: member }),
    );
    return new Branch("object", layouts, fullOf(items, "{", "}"));
  }

  /** Members that are kept in mind, and so have to be copied. */
  get size(): number {
    return "items" in this.#state
      ? this.#state.items.length
      : this.#state.touched.size + this.#state.appended.length + 1;
  }

  cloned(copy: (node: Node) => Node): Branch {
    const clone = (item: Item): Item => ({
      ...item,
      before: [...item.before],
      slot: { node: copy(item.slot.node) },
    });
    const state = this.#state;
    if ("items" in state) {
      return new Branch(
        this.kind,
        this.#layouts,
        fullOf(state.items.map(clone), state.opening, state.closing),
      );
    }
    const touched = new Map<number, Touched>();
    for (const [start, { member, item }] of state.touched) touched.set(start, { member, item: clone(item) });
    return new Branch(this.kind, this.#layouts, { ...state, touched, appended: state.appended.map(clone) });
  }

  find(token: string): Item | undefined {
    const state = this.#state;
    if ("items" in state)
      return this.kind === "array" ? state.items[arrayIndex(token)] : state.byKey.get(token);
    const member = this.#layouts.find(state.start, token);
    if (member === undefined) return state.appended.find(({ key }) => key === token);
    const touched = state.touched.get(member.start) ?? { member, item: itemOfMember(member) };
    state.touched.set(member.start, touched);
    return touched.item;
  }

  itemOf(token: string, pointer: string): Item {
    const item = this.find(token);
    if (item === undefined) throw new JsonEditError(pointer, "does not exist");
    return item;
  }

  /** Adds a member that is not there yet. */
  append(key: string, node: Node): void {
    if (this.find(key) !== undefined) throw new JsonEditError(`/${key}`, "would be there twice");
    const item = freshItem(key, node);
    if (!("items" in this.#state)) this.#state.appended.push(item);
    else {
      this.#state.items.push(item);
      this.#state.byKey.set(key, item);
    }
  }

  /** The element in front of which `add` puts one; undefined for the end. */
  placeOf(token: string, pointer: string): Item | undefined {
    const { items } = this.#full();
    if (token === "-" || arrayIndex(token) === items.length) return undefined;
    return this.itemOf(token, pointer);
  }

  /** Puts an element in front of another, or at the end. */
  insert(before: Item | undefined, node: Node): void {
    const { items } = this.#full();
    items.splice(before === undefined ? items.length : items.indexOf(before), 0, freshItem(undefined, node));
  }

  remove(item: Item): void {
    const { items, byKey } = this.#full();
    items.splice(items.indexOf(item), 1);
    if (item.key !== undefined) byKey.delete(item.key);
  }

  rename(item: Item, key: string, pointer: string): void {
    if (item.key === undefined) throw new JsonEditError(pointer, "is an element, which has no key");
    if (item.key === key) return;
    if (this.find(key) !== undefined) throw new JsonEditError(pointer, "would repeat a key");
    const { byKey } = this.#full();
    byKey.delete(item.key);
    byKey.set(key, item);
    item.key = key;
    item.before.splice(-2, 1, JSON.stringify(key));
  }

  /** Writes all members down. Items that were handed out stay the ones they are. */
  #full(): Full {
    const state = this.#state;
    if ("items" in state) return state;
    const layout = this.#layouts.at(state.start) as Layout;
    const items = layout.members.map(
      (member) => state.touched.get(member.start)?.item ?? itemOfMember(member),
    );
    const opened = layout.members.length === 0 ? state.end - 1 : state.start + 1;
    const full = fullOf(
      [...items, ...state.appended],
      { start: state.start, end: opened },
      { start: state.end - 1, end: state.end },
    );
    this.#state = full;
    return full;
  }

  render(parts: Parts): void {
    if ("items" in this.#state) renderFull(this.#state, parts);
    else renderSparse(this.#state, this.#layouts, parts);
  }
}

function fullOf(items: Item[], opening: Piece, closing: Piece): Full {
  const byKey = new Map<string, Item>();
  for (const item of items) if (item.key !== undefined) byKey.set(item.key, item);
  return { items, byKey, opening, closing };
}

function renderFull({ items, opening, closing }: Full, parts: Parts): void {
  parts.add(opening);
  for (const [index, item] of items.entries()) {
    if (index > 0) parts.comma(item.before[0]);
    renderItem(item, parts);
  }
  parts.add(closing);
}

function renderSparse({ start, end, touched, appended }: Sparse, layouts: LayoutReader, parts: Parts): void {
  let at = start;
  for (const { member, item } of [...touched.values()].sort((a, b) => a.member.start - b.member.start)) {
    parts.add({ start: at, end: member.start });
    renderNode(item.slot.node, parts);
    at = member.end;
  }
  if (appended.length > 0) {
    const lastEnd = layouts.lastEnd(end);
    parts.add({ start: at, end: lastEnd });
    at = lastEnd;
    for (const [index, item] of appended.entries()) {
      if (index > 0 || lastEnd > start + 1) parts.add(",");
      renderItem(item, parts);
    }
  }
  parts.add({ start: at, end });
}

function renderItem({ before, slot, after }: Item, parts: Parts): void {
  for (const piece of before) parts.add(piece);
  renderNode(slot.node, parts);
  parts.add(after);
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

function freshItem(key: string | undefined, node: Node): Item {
  return { key, before: key === undefined ? [] : [JSON.stringify(key), ":"], slot: { node }, after: "" };
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
