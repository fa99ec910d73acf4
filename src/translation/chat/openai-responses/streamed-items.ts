import type { JsonObject } from "../../../exchange/json.ts";
import type { ReasoningPart, StreamPart, ToolCallPart } from "../conversation.ts";
import {
  callItem,
  type ItemIds,
  type ItemStatus,
  messageItem,
  reasoningItem,
  refusalContent,
  summaryPart,
  textContent,
} from "./items.ts";

/** Writes one event of a response. */
export type Emit = (type: string, members: JsonObject) => void;

/** An item of the output while it is streamed. Parts are named by their number in the answer. */
export type StreamedItem = {
  readonly hasRefusal: boolean;
  /** Whether a part that begins belongs to it. */
  takes(begins: StreamPart): boolean;
  begin(part: number, begins: StreamPart): void;
  add(part: number, text: string): void;
  /** False where it has no place for a signature. */
  sign(signature: string): boolean;
  end(part: number): void;
  /** Closes it if all of its parts have ended: another item begins. */
  closeIfWhole(): void;
  close(status: ItemStatus): void;
  /** As it is at its end. */
  whole(): JsonObject;
};

/** Opens the item for a part; undefined for what a response cannot answer with. */
export function streamedItem(
  begins: StreamPart,
  index: number,
  ids: ItemIds,
  emit: Emit,
): StreamedItem | undefined {
  if (begins.kind === "text" || begins.kind === "refusal")
    return new StreamedMessage(ids.next("msg"), index, emit);
  if (begins.kind === "reasoning") return new StreamedReasoning(ids.next("rs", begins.id), index, emit);
  return begins.kind === "tool_call" ? new StreamedCall(ids.next("fc"), begins, index, emit) : undefined;
}

/** What all items have in common: they are added, and they are done once. */
abstract class Streamed implements StreamedItem {
  readonly id: string;
  protected readonly index: number;
  readonly #emit: Emit;
  #status: ItemStatus = "in_progress";
  protected readonly open = new Set<number>();

  constructor(id: string, index: number, emit: Emit) {
    this.id = id;
    this.index = index;
    this.#emit = emit;
  }

  get hasRefusal(): boolean {
    return false;
  }

  abstract takes(begins: StreamPart): boolean;
  abstract begin(part: number, begins: StreamPart): void;
  abstract add(part: number, text: string): void;
  protected abstract item(status: ItemStatus): JsonObject;
  protected abstract endPart(part: number): void;

  sign(_signature: string): boolean {
    return false;
  }

  end(part: number): void {
    if (this.open.delete(part)) this.endPart(part);
  }

  closeIfWhole(): void {
    if (this.open.size === 0) this.close("completed");
  }

  close(status: ItemStatus): void {
    if (this.isClosed) return;
    for (const part of [...this.open]) this.end(part);
    this.#status = status;
    this.#emit("response.output_item.done", { output_index: this.index, item: this.whole() });
  }

  whole(): JsonObject {
    return this.item(this.#status);
  }

  protected get isClosed(): boolean {
    return this.#status !== "in_progress";
  }

  protected announce(item: JsonObject): void {
    this.#emit("response.output_item.added", { output_index: this.index, item });
  }

  /** An event about a piece of the item. */
  protected tell(type: string, members: JsonObject): void {
    this.#emit(type, { item_id: this.id, output_index: this.index, ...members });
  }
}

type Content = { readonly index: number; readonly kind: "text" | "refusal"; text: string };

/** Texts and refusals that follow each other. */
class StreamedMessage extends Streamed {
  readonly #contents = new Map<number, Content>();

  constructor(id: string, index: number, emit: Emit) {
    super(id, index, emit);
    this.announce(messageItem(id, [], "in_progress"));
  }

  override get hasRefusal(): boolean {
    return [...this.#contents.values()].some(({ kind }) => kind === "refusal");
  }

  takes({ kind }: StreamPart): boolean {
    return !this.isClosed && (kind === "text" || kind === "refusal");
  }

  begin(part: number, begins: StreamPart): void {
    if (begins.kind !== "text" && begins.kind !== "refusal") return;
    const content: Content = { index: this.#contents.size, kind: begins.kind, text: "" };
    this.#contents.set(part, content);
    this.open.add(part);
    this.tell("response.content_part.added", { content_index: content.index, part: contentOf(content) });
    this.add(part, begins.text);
  }

  add(part: number, text: string): void {
    const content = this.#contents.get(part);
    if (content === undefined || text === "" || this.isClosed) return;
    content.text += text;
    const type = content.kind === "text" ? "response.output_text.delta" : "response.refusal.delta";
    this.tell(type, { content_index: content.index, delta: text, ...logprobsOf(content) });
  }

  protected endPart(part: number): void {
    const content = this.#contents.get(part);
    if (content === undefined) return;
    const { index, kind, text } = content;
    const whole = kind === "text" ? { text, ...logprobsOf(content) } : { refusal: text };
    const type = kind === "text" ? "response.output_text.done" : "response.refusal.done";
    this.tell(type, { content_index: index, ...whole });
    this.tell("response.content_part.done", { content_index: index, part: contentOf(content) });
  }

  protected item(status: ItemStatus): JsonObject {
    return messageItem(this.id, [...this.#contents.values()].map(contentOf), status);
  }
}

function contentOf({ kind, text }: Content): JsonObject {
  return kind === "text" ? textContent(text) : refusalContent(text);
}

/** Events of texts have the member, and those of refusals have not. */
function logprobsOf({ kind }: Content): JsonObject {
  return kind === "text" ? { logprobs: [] } : {};
}

/** What is thought under one id; what has none is an item each. */
class StreamedReasoning extends Streamed {
  readonly #texts = new Map<number, { readonly index: number; text: string }>();
  #sealed: Pick<ReasoningPart, "signature" | "encrypted"> = {};

  constructor(id: string, index: number, emit: Emit) {
    super(id, index, emit);
    this.announce(reasoningItem(id, [], {}));
  }

  takes(begins: StreamPart): boolean {
    return !this.isClosed && begins.kind === "reasoning" && begins.id === this.id;
  }

  /** A part that has no text so far is told with its first piece: it may only bring what is encrypted. */
  begin(part: number, begins: StreamPart): void {
    if (begins.kind !== "reasoning") return;
    if (begins.encrypted !== undefined) this.#sealed = { encrypted: begins.encrypted };
    this.open.add(part);
    this.add(part, begins.text);
  }

  add(part: number, text: string): void {
    if (text === "" || this.isClosed || !this.open.has(part)) return;
    const known = this.#texts.get(part) ?? this.#first(part);
    known.text += text;
    this.tell("response.reasoning_summary_text.delta", { summary_index: known.index, delta: text });
  }

  #first(part: number): { readonly index: number; text: string } {
    const summary = { index: this.#texts.size, text: "" };
    this.#texts.set(part, summary);
    this.tell("response.reasoning_summary_part.added", {
      summary_index: summary.index,
      part: summaryPart(""),
    });
    return summary;
  }

  override sign(signature: string): boolean {
    this.#sealed = { signature: (this.#sealed.signature ?? "") + signature };
    return true;
  }

  protected endPart(part: number): void {
    const known = this.#texts.get(part);
    if (known === undefined) return;
    const place = { summary_index: known.index };
    this.tell("response.reasoning_summary_text.done", { ...place, text: known.text });
    this.tell("response.reasoning_summary_part.done", { ...place, part: summaryPart(known.text) });
  }

  protected item(): JsonObject {
    return reasoningItem(
      this.id,
      [...this.#texts.values()].map(({ text }) => text),
      this.#sealed,
    );
  }
}

class StreamedCall extends Streamed {
  readonly #call: ToolCallPart;
  #arguments = "";

  constructor(id: string, call: ToolCallPart, index: number, emit: Emit) {
    super(id, index, emit);
    this.#call = call;
    this.announce(callItem(id, { ...call, arguments: "" }, "in_progress"));
  }

  takes(): boolean {
    return false;
  }

  begin(part: number, begins: StreamPart): void {
    this.open.add(part);
    if (begins.kind === "tool_call") this.add(part, begins.arguments);
  }

  add(_part: number, text: string): void {
    if (text === "" || this.isClosed) return;
    this.#arguments += text;
    this.tell("response.function_call_arguments.delta", { delta: text });
  }

  protected endPart(): void {
    this.tell("response.function_call_arguments.done", {
      arguments: this.#arguments,
      name: this.#call.name,
    });
  }

  protected item(status: ItemStatus): JsonObject {
    return callItem(this.id, { ...this.#call, arguments: this.#arguments }, status);
  }
}
