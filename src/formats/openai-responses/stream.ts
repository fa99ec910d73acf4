import { isJsonObject, type JsonObject } from "../../exchange/json.ts";
import type { SseEvent } from "../../wire/sse.ts";
import { type EventFate, type EventReader, eventStream } from "../event-stream.ts";
import { parse } from "../loose.ts";
import { errorOf, readError } from "../openai/error.ts";
import { ResponseBuilder } from "./answer.ts";
import type { PieceKind } from "./item.ts";

/**
 * The typed events of a response (https://platform.openai.com/docs/api-reference/responses-streaming). Events of types
 * that are not known are passed on; what they add to the answer is counted.
 */
export const stream = eventStream(({ keepText }) => new ResponseEvents(keepText));

class ResponseEvents implements EventReader {
  doneMarker = false;
  readonly #answer: ResponseBuilder;

  constructor(keepText: boolean) {
    this.#answer = new ResponseBuilder(keepText);
  }

  /** A `[DONE]`, which some servers add, is no end: clients wait for the event that says how the response ended. */
  get complete(): boolean {
    return this.#answer.hasError || this.#answer.isFinished;
  }

  read({ type, data }: SseEvent): EventFate {
    if (data === "[DONE]") {
      this.doneMarker = true;
      return "shown";
    }
    const event = parse(data);
    if (!isJsonObject(event)) return "unparsed";
    const fault = this.#take(typeof event.type === "string" ? event.type : type, event);
    return fault === undefined ? "shown" : { fault: `the answer has ${fault}` };
  }

  answer() {
    return this.#answer.answer();
  }

  progress() {
    return this.#answer.progress();
  }

  #take(type: string, event: JsonObject): string | undefined {
    this.#answer.fail(readError(event));
    if (type === "error") this.#answer.fail(errorOf({ ...event, type: null }));
    if (isJsonObject(event.response)) return this.#answer.take(event.response, ENDS.has(type));
    const piece = PIECES.get(type.replace(/\.(delta|done)$/, ""));
    if (piece !== undefined) return this.#piece(piece, type.endsWith(".done"), event);
    if (PARTS.has(type)) return this.#part(event);
    const { item, delta } = event;
    if (isJsonObject(item)) {
      return this.#answer.change(event.output_index, item.id, (known) => known.take(item));
    }
    if (typeof delta === "string" && !NO_TOKENS.has(type)) this.#answer.count(delta);
    return undefined;
  }

  #piece({ kind, list, whole }: PieceEvents, isDone: boolean, event: JsonObject): string | undefined {
    const text = isDone ? event[whole] : event.delta;
    if (typeof text !== "string") return undefined;
    const place = list === undefined ? kind : `${list}/${indexOf(event)}`;
    return this.#answer.change(event.output_index, event.item_id, (item) =>
      isDone ? item.put(place, kind, text) : item.append(place, kind, text),
    );
  }

  #part(event: JsonObject): string | undefined {
    const list = event.summary_index === undefined ? "content" : "summary";
    const place = `${list}/${indexOf(event)}`;
    return this.#answer.change(event.output_index, event.item_id, (item) => item.putPart(place, event.part));
  }
}

/** Which part of an item an event is about. Some servers leave it out where there is only one. */
function indexOf({ content_index: content, summary_index: summary }: JsonObject): number {
  return [content, summary].find((index) => typeof index === "number") ?? 0;
}

/** Events that tell of a response that has ended. */
const ENDS: ReadonlySet<string> = new Set([
  "response.completed",
  "response.incomplete",
  "response.failed",
  "response.cancelled",
]);

/** Events that bring one part, empty or whole. */
const PARTS: ReadonlySet<string> = new Set([
  "response.content_part.added",
  "response.content_part.done",
  "response.reasoning_summary_part.added",
  "response.reasoning_summary_part.done",
]);

/** Events with pieces that the model did not write, or that are no text. */
const NO_TOKENS: ReadonlySet<string> = new Set([
  "response.audio.delta",
  "response.shell_call_output_content.delta",
]);

/** A pair of events, `.delta` and `.done`, that bring a piece of an item. */
type PieceEvents = {
  readonly kind: PieceKind;
  /** The list of the item that the piece is in; undefined where the item has one such piece. */
  readonly list?: "content" | "summary";
  /** Where `.done` has the whole piece. */
  readonly whole: string;
};

const PIECES: ReadonlyMap<string, PieceEvents> = new Map([
  ["response.output_text", { kind: "text", list: "content", whole: "text" }],
  ["response.refusal", { kind: "refusal", list: "content", whole: "refusal" }],
  ["response.reasoning_text", { kind: "reasoning", list: "content", whole: "text" }],
  ["response.reasoning_summary_text", { kind: "summary", list: "summary", whole: "text" }],
  ["response.function_call_arguments", { kind: "arguments", whole: "arguments" }],
  ["response.mcp_call_arguments", { kind: "arguments", whole: "arguments" }],
  ["response.custom_tool_call_input", { kind: "arguments", whole: "input" }],
  ["response.code_interpreter_call_code", { kind: "arguments", whole: "code" }],
]);
