import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import { keptWord } from "../../../formats/bounds.ts";
import { ANSWER_PARTS_MAX } from "../../../formats/openai-responses/answer.ts";
import type { Warn } from "../../translation.ts";
import type { StreamEvent, StreamPart } from "../conversation.ts";
import { defined, dropped } from "../members.ts";
import { objectsOf, readCall, tellExtras, textOf } from "./read-output.ts";
import { readSeal } from "./signature.ts";

/** A part that has begun. */
type Part = { readonly number: number; readonly kind: StreamPart["kind"]; chars: number; isOpen: boolean };

/** An item of the output as far as it was told: its parts by their place in it. */
type Item = { readonly parts: Map<string, Part>; type: string; id: string; sealed: boolean };

/** Pieces of parts, as `.delta` and `.done` bring them. */
type Pieces = {
  readonly kind: "text" | "refusal" | "reasoning" | "tool_call";
  /** The list of the item that the part is in. */
  readonly list: "content" | "summary" | "call";
  /** Where `.done` has the whole. */
  readonly whole: string;
};

const PIECES: ReadonlyMap<string, Pieces> = new Map<string, Pieces>([
  ["response.output_text", { kind: "text", list: "content", whole: "text" }],
  ["response.refusal", { kind: "refusal", list: "content", whole: "refusal" }],
  ["response.reasoning_text", { kind: "reasoning", list: "content", whole: "text" }],
  ["response.reasoning_summary_text", { kind: "reasoning", list: "summary", whole: "text" }],
  ["response.function_call_arguments", { kind: "tool_call", list: "call", whole: "arguments" }],
]);

const ITEM_EVENTS: ReadonlySet<string> = new Set(["response.output_item.added", "response.output_item.done"]);

/** Events that bring a part as a whole, or say that it begins. Its text comes apart, or in the item. */
const PART_EVENTS: ReadonlySet<string> = new Set([
  "response.content_part.added",
  "response.content_part.done",
  "response.reasoning_summary_part.added",
  "response.reasoning_summary_part.done",
]);

/**
 * The parts of a streamed answer. Servers leave out some of the events: whatever brings more of a part than was there is
 * taken, so the whole answer comes through by its deltas, by what is `.done`, or by its items.
 */
export class PartReader {
  hasCalls = false;
  readonly #items = new Map<number, Item>();
  readonly #emit: (event: StreamEvent) => void;
  readonly #warn: Warn;
  #parts = 0;
  #last = 0;

  constructor(emit: (event: StreamEvent) => void, warn: Warn) {
    this.#emit = emit;
    this.#warn = warn;
  }

  takes(name: string): boolean {
    return ITEM_EVENTS.has(name) || PART_EVENTS.has(name) || PIECES.has(baseOf(name));
  }

  /** Takes an event. Gives the reason when an answer cannot be like that. */
  read(name: string, event: JsonObject): string | undefined {
    const index = this.#indexOf(event);
    this.#last = index;
    const pieces = PIECES.get(baseOf(name));
    if (pieces !== undefined) this.#piece(index, pieces, name.endsWith(".done"), event);
    else if (PART_EVENTS.has(name)) this.#part(index, event);
    else if (isJsonObject(event.item)) {
      if (name.endsWith(".done")) return this.whole(index, event.item);
      this.#begin(index, event.item);
    }
    return this.#fault();
  }

  /** An item as it is in the end. */
  whole(index: number, item: JsonObject): string | undefined {
    const known = this.#begin(index, item);
    if (known.type === "function_call") {
      this.#put(known, "call/0", { ...readCall(item), arguments: "" }, readCall(item).arguments);
    }
    if (known.type === "message") this.#contents(known, item);
    if (known.type === "reasoning") this.#reasoning(known, item);
    for (const part of known.parts.values()) this.#end(part);
    return this.#fault();
  }

  endAll(): void {
    for (const { parts } of this.#items.values()) for (const part of parts.values()) this.#end(part);
  }

  #fault(): string | undefined {
    return this.#parts + this.#items.size > ANSWER_PARTS_MAX
      ? "the answer has too many items or parts"
      : undefined;
  }

  /** Which item an event is about: by its place, else by its id, else the last. */
  #indexOf({ output_index: index, item_id: id, item }: JsonObject): number {
    if (typeof index === "number") return index;
    const name = keptWord(textOf(id)) || textOf(isJsonObject(item) ? item.id : undefined);
    if (name === "") return this.#last;
    for (const [known, { id: itemId }] of this.#items) if (itemId === name) return known;
    return this.#items.size;
  }

  #itemAt(index: number): Item {
    const known = this.#items.get(index);
    if (known !== undefined) return known;
    const item: Item = { parts: new Map(), type: "", id: "", sealed: false };
    this.#items.set(index, item);
    return item;
  }

  #begin(index: number, item: JsonObject): Item {
    const known = this.#itemAt(index);
    if (known.type === "") {
      known.type = textOf(item.type);
      known.id = keptWord(textOf(item.id));
      if (known.type === "function_call") this.#open(known, "call/0", { ...readCall(item) });
      else if (known.type !== "message" && known.type !== "reasoning")
        dropped(this.#warn, "/item", "an item of a tool that the provider ran has no counterpart");
    }
    return known;
  }

  #piece(index: number, { kind, list, whole }: Pieces, isDone: boolean, event: JsonObject): void {
    const item = this.#itemAt(index);
    const text = isDone ? event[whole] : event.delta;
    if (typeof text !== "string") return;
    const place = `${list}/${list === "call" ? 0 : placeOf(event)}`;
    // A call of which nobody said the name cannot be told.
    if (kind === "tool_call" && !item.parts.has(place)) return;
    if (kind === "text") tellExtras(event, "", this.#warn);
    if (list === "summary" && hasContent(item)) {
      dropped(this.#warn, "/summary", "the reasoning itself is there");
      return;
    }
    const begins = this.#beginning(kind, item);
    if (isDone) this.#put(item, place, begins, text);
    else this.#add(this.#open(item, place, begins), text);
  }

  #beginning(kind: Pieces["kind"], { id }: Item): StreamPart {
    if (kind === "reasoning") return { kind, text: "", ...defined({ id: id === "" ? undefined : id }) };
    return kind === "tool_call" ? { kind, id: "", name: "", arguments: "" } : { kind, text: "" };
  }

  /** A part that begins or is done. An empty one is told only once there is something in it. */
  #part(index: number, event: JsonObject): void {
    const { part } = event;
    if (!isJsonObject(part)) return;
    const list = event.summary_index === undefined ? "content" : "summary";
    this.#content(this.#itemAt(index), `${list}/${placeOf(event)}`, part);
  }

  #contents(item: Item, { content }: JsonObject): void {
    for (const [index, part] of objectsOf(content).entries()) this.#content(item, `content/${index}`, part);
  }

  #content(item: Item, place: string, part: JsonObject): void {
    const kind = KINDS.get(textOf(part.type));
    if (kind === undefined) {
      dropped(this.#warn, "/part", "content of this type has no counterpart");
      return;
    }
    const text = textOf(kind === "refusal" ? part.refusal : part.text);
    tellExtras(part, "/part", this.#warn);
    if (text !== "" || kind !== "reasoning") this.#put(item, place, this.#beginning(kind, item), text);
  }

  #reasoning(item: Item, whole: JsonObject): void {
    this.#contents(item, whole);
    if (!hasContent(item)) {
      for (const [index, part] of objectsOf(whole.summary).entries())
        this.#content(item, `summary/${index}`, part);
    }
    const { signature, encrypted } = readSeal(textOf(whole.encrypted_content));
    if (item.sealed) return;
    const last = [...item.parts.values()].at(-1);
    item.sealed = signature !== undefined || encrypted !== undefined;
    if (signature !== undefined) {
      const part = last ?? this.#open(item, "seal", this.#beginning("reasoning", item));
      this.#emit({ event: "signature", choice: 0, part: part.number, signature });
    } else if (encrypted !== undefined) {
      this.#open(item, "seal", {
        kind: "reasoning",
        text: "",
        encrypted,
        ...defined({ id: item.id || undefined }),
      });
    }
  }

  #open(item: Item, place: string, begins: StreamPart): Part {
    const known = item.parts.get(place);
    if (known !== undefined) return known;
    const { kind } = begins;
    if (kind === "tool_call") this.hasCalls = true;
    const chars = kind === "tool_call" ? begins.arguments.length : 0;
    // The parts of an item come one after the other.
    for (const earlier of item.parts.values()) this.#end(earlier);
    const part = { number: this.#parts++, kind, chars, isOpen: true };
    item.parts.set(place, part);
    this.#emit({ event: "part_start", choice: 0, part: part.number, begins });
    return part;
  }

  #add(part: Part, text: string): void {
    if (text === "" || !part.isOpen) return;
    part.chars += text.length;
    this.#emit({ event: "delta", choice: 0, part: part.number, text });
  }

  /** The whole of a part: what is there already is not said again. */
  #put(item: Item, place: string, begins: StreamPart, text: string): void {
    const part = this.#open(item, place, begins);
    if (text.length > part.chars) this.#add(part, text.slice(part.chars));
  }

  #end(part: Part): void {
    if (!part.isOpen) return;
    part.isOpen = false;
    this.#emit({ event: "part_end", choice: 0, part: part.number });
  }
}

const KINDS: ReadonlyMap<string, "text" | "refusal" | "reasoning"> = new Map([
  ["output_text", "text"],
  ["text", "text"],
  ["refusal", "refusal"],
  ["reasoning_text", "reasoning"],
  ["summary_text", "reasoning"],
] as const);

/** Whether the reasoning itself was told, and not only a summary of it. */
function hasContent({ parts }: Item): boolean {
  return parts.has("content/0");
}

function baseOf(name: string): string {
  return name.replace(/\.(delta|done)$/, "");
}

/** Which part of an item an event is about. Some servers leave it out where there is only one. */
function placeOf({ content_index: content, summary_index: summary }: JsonObject): JsonValue {
  return [content, summary].find((index) => typeof index === "number") ?? 0;
}
