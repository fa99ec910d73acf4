import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import { WORD_CHARS_MAX } from "../../../formats/bounds.ts";
import { parse } from "../../../formats/loose.ts";
import { initialSse, SSE_EVENT_BYTES_MAX, type SseEvent, stepSse } from "../../../wire/sse.ts";
import type { AnswerFacts, Warn } from "../../translation.ts";
import type { StreamEvent } from "../conversation.ts";
import type { ChatStreamReader } from "../dialect.ts";
import { dropped } from "../members.ts";
import { readFailure } from "../openai-chat/failure.ts";
import { readFinish } from "./finish.ts";
import { objectsOf } from "./read-output.ts";
import { readHead } from "./reply.ts";
import { PartReader } from "./stream-parts.ts";
import { readUsage } from "./usage.ts";

/** Reads the typed events of a response (https://platform.openai.com/docs/api-reference/responses-streaming). */
export function readStream({ status }: AnswerFacts, warn: Warn): ChatStreamReader {
  const sse = initialSse();
  const reader = new ResponseReader(status, warn);
  return {
    push(chunk) {
      const { events, oversized } = stepSse(sse, chunk);
      for (const event of events) {
        const fault = reader.read(event);
        if (fault !== undefined) return { events: reader.give(), fault };
      }
      const fault = oversized ? `an event is larger than ${SSE_EVENT_BYTES_MAX} bytes` : undefined;
      return { events: reader.give(), fault };
    },
    finish: () => reader.give(),
  };
}

/** Events of a stream that tell of the response as a whole. */
const BEGINNINGS: ReadonlySet<string> = new Set([
  "response.created",
  "response.queued",
  "response.in_progress",
]);
const ENDINGS: ReadonlySet<string> = new Set([
  "response.completed",
  "response.incomplete",
  "response.cancelled",
]);
/** Events that only say that something goes on. */
const IDLE: ReadonlySet<string> = new Set(["keepalive", "ping", "response.heartbeat"]);

/** What one event after the other means. What is told of a part goes to {@link PartReader}. */
class ResponseReader {
  readonly #events: StreamEvent[] = [];
  readonly #parts: PartReader;
  readonly #status: number;
  readonly #warn: Warn;
  #isBegun = false;
  #isOver = false;

  constructor(status: number, warn: Warn) {
    this.#status = status;
    this.#warn = warn;
    this.#parts = new PartReader((event) => this.#events.push(event), warn);
  }

  /** The events since the last call. */
  give(): StreamEvent[] {
    return this.#events.splice(0);
  }

  /** Takes an event. Gives the reason when the stream cannot be read on. */
  read({ type, data }: SseEvent): string | undefined {
    const event = this.#isOver || data === "[DONE]" ? undefined : parse(data);
    if (!isJsonObject(event)) return undefined;
    const name = typeof event.type === "string" ? event.type : type;
    const { response } = event;
    if (name === "error" || name === "response.failed" || isJsonObject(event.error)) this.#fail(name, event);
    else if (BEGINNINGS.has(name) && isJsonObject(response)) this.#begin(response);
    else if (ENDINGS.has(name) && isJsonObject(response)) return this.#end(response);
    else if (this.#parts.takes(name)) {
      this.#begin({});
      return this.#parts.read(name, event);
    } else if (!IDLE.has(name)) this.#tellUnknown(name);
    return undefined;
  }

  #begin(response: JsonObject): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    const { serviceTier: _tier, ...head } = readHead(response);
    this.#events.push({ event: "start", ...head });
  }

  /** Some servers tell only here what the answer was. */
  #end(response: JsonObject): string | undefined {
    this.#begin(response);
    for (const [index, item] of objectsOf(response.output).entries()) {
      const fault = this.#parts.whole(index, item);
      if (fault !== undefined) return fault;
    }
    this.#parts.endAll();
    const usage = readUsage(response);
    if (usage !== undefined) this.#events.push({ event: "usage", usage });
    this.#events.push({ event: "finish", choice: 0, ...readFinish(response, this.#parts.hasCalls) });
    this.#over({ event: "end" });
    return undefined;
  }

  #fail(name: string, event: JsonObject): void {
    const failure = readFailure({ error: failureIn(name, event) }, this.#status);
    this.#over({ event: "failure", failure: failure ?? UNKNOWN_FAILURE });
  }

  #over(event: StreamEvent): void {
    this.#isOver = true;
    this.#events.push(event);
  }

  #tellUnknown(name: string): void {
    const known = /^[a-z_.]+$/.test(name) && name.length <= WORD_CHARS_MAX ? name : "other";
    dropped(this.#warn, `/${known}`, "an event of this type has no counterpart");
  }
}

const UNKNOWN_FAILURE = { type: null, message: "The model's server failed.", code: null, status: 500 };

/** The object that says what went wrong: in the response, in the event, or the event itself. */
function failureIn(name: string, event: JsonObject): JsonValue {
  const { response, error } = event;
  if (isJsonObject(response) && isJsonObject(response.error)) return response.error;
  if (isJsonObject(error)) return error;
  return name === "error" ? { ...event, type: null } : {};
}
