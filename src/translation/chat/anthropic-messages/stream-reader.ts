import type { Usage } from "../../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import { CONTENT_BLOCKS_MAX } from "../../../formats/anthropic-messages/answer.ts";
import { finishKind } from "../../../formats/anthropic-messages/finish.ts";
import { readUsage } from "../../../formats/anthropic-messages/usage.ts";
import { keptWord } from "../../../formats/bounds.ts";
import { mergeUsage, parse } from "../../../formats/loose.ts";
import type { SseEvent } from "../../../wire/sse.ts";
import type { AnswerFacts, Warn } from "../../translation.ts";
import { answeredArguments } from "../arguments.ts";
import type { StreamEvent, StreamPart } from "../conversation.ts";
import type { ChatStreamReader } from "../dialect.ts";
import { type EventsReader, sseReader } from "../event-reader.ts";
import { tellUnread, textOf } from "../loose.ts";
import { defined, dropped } from "../members.ts";
import { readFailure } from "./failure.ts";
import { MEMBERS } from "./read-reply.ts";
import { wholeUsage } from "./usage.ts";

/** The events of a message (https://platform.claude.com/docs/en/build-with-claude/streaming). */
export function readStream(facts: AnswerFacts, warn: Warn): ChatStreamReader {
  return sseReader(new MessageReader(facts, warn));
}

/** `input`: what a call began with, which counts if no piece of it follows: `{}` of one without arguments. */
type Block = { readonly part: number; input: string };

class MessageReader implements EventsReader {
  readonly #warn: Warn;
  readonly #status: number;
  #blocks = new Map<number, Block>();
  #parts = 0;
  #usage: Usage | undefined;
  #isStarted = false;
  #isFinished = false;

  constructor({ status }: AnswerFacts, warn: Warn) {
    this.#status = status;
    this.#warn = warn;
  }

  read({ type, data }: SseEvent): readonly StreamEvent[] | { readonly fault: string } {
    const event = parse(data);
    if (!isJsonObject(event)) return [];
    if (this.#parts > CONTENT_BLOCKS_MAX) return { fault: `more than ${CONTENT_BLOCKS_MAX} content blocks` };
    switch (event.type ?? type) {
      case "message_start":
        return this.#start(event.message);
      case "content_block_start":
        return this.#begin(event.index, event.content_block);
      case "content_block_delta":
        return this.#continue(event.index, event.delta);
      case "content_block_stop":
        return this.#endBlock(event.index);
      case "message_delta":
        return this.#finish(event);
      case "message_stop":
        return this.#end();
      default:
        return this.#other(event, type);
    }
  }

  /** With its reason to stop a message is whole: only the marker is missing. */
  finish(): readonly StreamEvent[] {
    return this.#isFinished ? this.#end() : [];
  }

  /** A second start begins anew; what was given out stays, so its parts end. */
  #start(message: JsonValue | undefined): StreamEvent[] {
    const events = this.#endAll();
    if (!isJsonObject(message)) return events;
    if (!this.#isStarted)
      events.push({ event: "start", ...defined({ id: kept(message.id), model: kept(message.model) }) });
    this.#isStarted = true;
    events.push(...this.#report(message.usage));
    return events;
  }

  #begin(index: JsonValue | undefined, content: JsonValue | undefined): StreamEvent[] {
    if (typeof index !== "number" || !isJsonObject(content)) return [];
    const begins = this.#partOf(content);
    if (begins === undefined) return [];
    const events = this.#endBlock(index);
    const part = this.#parts++;
    const input = begins.kind === "tool_call" ? begins.arguments : "";
    this.#blocks.set(index, { part, input });
    events.push({
      event: "part_start",
      choice: 0,
      part,
      begins: begins.kind === "tool_call" ? { ...begins, arguments: "" } : begins,
    });
    const signature = content.type === "thinking" ? textOf(content.signature) : undefined;
    if (signature !== undefined) events.push({ event: "signature", choice: 0, part, signature });
    return events;
  }

  #partOf(content: JsonObject): StreamPart | undefined {
    const known = MEMBERS.get(textOf(content.type) ?? "");
    if (known === undefined) {
      dropped(this.#warn, "/content_block", "blocks of what the provider runs by itself have no counterpart");
      return undefined;
    }
    tellUnread(content, known, "/content_block", this.#warn);
    switch (content.type) {
      case "text":
        return { kind: "text", text: textOf(content.text) ?? "" };
      case "thinking":
        return { kind: "reasoning", text: textOf(content.thinking) ?? "" };
      case "redacted_thinking":
        return { kind: "reasoning", text: "", encrypted: textOf(content.data) ?? "" };
      default:
        return {
          kind: "tool_call",
          id: kept(content.id) ?? `call_${this.#parts}`,
          name: kept(content.name) ?? "",
          arguments: answeredArguments(content.input),
        };
    }
  }

  #continue(index: JsonValue | undefined, delta: JsonValue | undefined): StreamEvent[] {
    const block = typeof index === "number" ? this.#blocks.get(index) : undefined;
    if (block === undefined || !isJsonObject(delta)) return [];
    const { part } = block;
    if (delta.type === "signature_delta") {
      const signature = textOf(delta.signature);
      return signature === undefined ? [] : [{ event: "signature", choice: 0, part, signature }];
    }
    const text = textOf(DELTAS.get(delta.type)?.(delta));
    if (text === undefined) {
      if (!DELTAS.has(delta.type)) dropped(this.#warn, "/delta", "a delta of this type has no counterpart");
      return [];
    }
    block.input = "";
    return [{ event: "delta", choice: 0, part, text }];
  }

  #endBlock(index: JsonValue | undefined): StreamEvent[] {
    const block = typeof index === "number" ? this.#blocks.get(index) : undefined;
    if (block === undefined) return [];
    this.#blocks.delete(index as number);
    const { part, input } = block;
    const events: StreamEvent[] = [{ event: "part_end", choice: 0, part }];
    if (input !== "") events.unshift({ event: "delta", choice: 0, part, text: input });
    return events;
  }

  #endAll(): StreamEvent[] {
    return [...this.#blocks.keys()].flatMap((index) => this.#endBlock(index));
  }

  #finish({ delta, usage }: JsonObject): StreamEvent[] {
    const events = this.#report(usage);
    const reason = isJsonObject(delta) ? kept(delta.stop_reason) : undefined;
    if (reason === undefined || this.#isFinished) return events;
    this.#isFinished = true;
    const stopSequence = isJsonObject(delta) ? textOf(delta.stop_sequence) : undefined;
    events.push(...this.#endAll(), {
      event: "finish",
      choice: 0,
      finish: finishKind(reason),
      rawFinish: reason,
      ...defined({ stopSequence }),
    });
    return events;
  }

  /** The counts of `message_delta` replace those of `message_start`, count by count. */
  #report(usage: JsonValue | undefined): StreamEvent[] {
    const reported = readUsage(usage);
    if (reported === undefined) return [];
    this.#usage = mergeUsage(this.#usage, reported) as Usage;
    return [{ event: "usage", usage: wholeUsage(this.#usage) }];
  }

  #end(): StreamEvent[] {
    return [...this.#endAll(), { event: "end" }];
  }

  /** The clients go by the name of an error event. Pings, and events that are not known, say nothing. */
  #other(event: JsonObject, name: string): StreamEvent[] {
    const isError = name === "error" || event.type === "error";
    if (!isError) return [];
    const failure = readFailure({ ...event, type: "error" }, this.#status);
    return failure === undefined ? [] : [{ event: "failure", failure }];
  }
}

function kept(value: JsonValue | undefined): string | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : keptWord(text);
}

/** What deltas hold, by their type. */
const DELTAS: ReadonlyMap<JsonValue | undefined, (delta: JsonObject) => JsonValue | undefined> = new Map([
  ["text_delta", ({ text }) => text],
  ["thinking_delta", ({ thinking }) => thinking],
  ["input_json_delta", ({ partial_json: piece }) => piece],
]);
