import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import { keptWord, TOOL_CALLS_MAX } from "../../../formats/bounds.ts";
import { count, parse } from "../../../formats/loose.ts";
import { CHOICES_MAX } from "../../../formats/openai/answer.ts";
import type { SseEvent } from "../../../wire/sse.ts";
import type { AnswerFacts, Warn } from "../../translation.ts";
import type { StreamEvent } from "../conversation.ts";
import type { ChatStreamReader } from "../dialect.ts";
import { type EventsReader, sseReader } from "../event-reader.ts";
import { secondsOf, tellUnread, textOf } from "../loose.ts";
import { defined } from "../members.ts";
import { readFailure } from "./failure.ts";
import { StreamChoice } from "./stream-choice.ts";
import { readWholeUsage } from "./usage.ts";

/** Chat completion chunks (https://platform.openai.com/docs/api-reference/chat-streaming). */
export function readStream(facts: AnswerFacts, warn: Warn): ChatStreamReader {
  return sseReader(new ChunkReader(facts, warn));
}

class ChunkReader implements EventsReader {
  readonly #warn: Warn;
  readonly #status: number;
  readonly #choices = new Map<number, StreamChoice>();
  #calls = 0;
  #isStarted = false;

  constructor({ status }: AnswerFacts, warn: Warn) {
    this.#status = status;
    this.#warn = warn;
  }

  read({ type, data }: SseEvent): readonly StreamEvent[] | { readonly fault: string } {
    if (data === "[DONE]") return [...this.#finished(), { event: "end" }];
    const chunk = parse(data);
    if (!isJsonObject(chunk)) return [];
    const failure = readFailure(
      type === "error" && chunk.error === undefined ? { error: chunk } : chunk,
      this.#status,
    );
    if (failure !== undefined) return [{ event: "failure", failure }];
    const usage = readWholeUsage(chunk);
    const events = this.#start(chunk);
    if (Array.isArray(chunk.choices)) {
      for (const [position, choice] of (chunk.choices as readonly JsonValue[]).entries()) {
        if (!isJsonObject(choice)) continue;
        const fault = this.#choice(choice, position, events);
        if (fault !== undefined) return { fault };
      }
    }
    if (usage !== undefined) events.push({ event: "usage", usage });
    return events;
  }

  /** Some servers leave out the marker: the answer is whole when each choice has its reason to finish. */
  finish(): readonly StreamEvent[] {
    const choices = [...this.#choices.values()];
    const isWhole = choices.length > 0 && choices.every(({ isFinished }) => isFinished);
    return isWhole ? [...this.#finished(), { event: "end" }] : [];
  }

  #start(chunk: JsonObject): StreamEvent[] {
    if (this.#isStarted) return [];
    this.#isStarted = true;
    tellUnread(chunk, CHUNK_MEMBERS, "", this.#warn);
    const { id, model, created } = chunk;
    return [
      {
        event: "start",
        ...defined({
          id: kept(id),
          model: kept(model),
          createdS: secondsOf(created),
        }),
      },
    ];
  }

  #choice(body: JsonObject, position: number, events: StreamEvent[]): string | undefined {
    const index = count(body.index) ?? position;
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      if (this.#choices.size === CHOICES_MAX) return `more than ${CHOICES_MAX} choices`;
      choice = new StreamChoice(index, this.#warn);
      this.#choices.set(index, choice);
    }
    tellUnread(body, CHOICE_MEMBERS, "/choices", this.#warn);
    const before = choice.callCount;
    if (isJsonObject(body.delta)) choice.add(body.delta, events);
    this.#calls += choice.callCount - before;
    if (this.#calls > TOOL_CALLS_MAX) return `more than ${TOOL_CALLS_MAX} tool calls`;
    const reason = kept(body.finish_reason);
    if (reason !== undefined) choice.finish(reason, events);
    return undefined;
  }

  /** Parts that are still open end with the stream. */
  #finished(): StreamEvent[] {
    const events: StreamEvent[] = [];
    for (const choice of this.#choices.values()) choice.close(events);
    return events;
  }
}

function kept(value: JsonValue | undefined): string | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : keptWord(text);
}

const CHUNK_MEMBERS: ReadonlySet<string> = new Set([
  "id",
  "object",
  "created",
  "model",
  "choices",
  "usage",
  "service_tier",
  "system_fingerprint",
  "obfuscation",
  "x_groq",
]);
const CHOICE_MEMBERS: ReadonlySet<string> = new Set(["index", "delta", "finish_reason", "usage"]);
