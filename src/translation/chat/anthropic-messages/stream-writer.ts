import { RegentError } from "../../../exchange/errors.ts";
import type { AnswerFacts, Warn } from "../../translation.ts";
import type { Failure, StreamPart, WholeUsage } from "../conversation.ts";
import type { ChatStreamWriter } from "../dialect.ts";
import {
  type EventsWriter,
  type Finish,
  type PartPlace,
  type Start,
  singleAnswerWriter,
} from "../event-writer.ts";
import { changed, dropped } from "../members.ts";
import { errorObject } from "./failure.ts";
import { stopReason } from "./finish.ts";
import { writeUsage } from "./usage.ts";

/**
 * The events of a message. Blocks come one after another: what belongs to a part behind the open one waits until that one
 * ends, and the reason to stop waits for the usage, which stands in the same event.
 */
export function writeStream(facts: AnswerFacts, warn: Warn): ChatStreamWriter {
  return singleAnswerWriter(new MessageWriter(facts, warn), "Anthropic answers once", warn);
}

/**
 * Bytes of parts that wait for the open one to end: the arguments of calls that are made at once, a few kilobytes in
 * practice. Beyond it the stream ends with an error.
 */
export const WAITING_BYTES_MAX = 1024 * 1024;

type Part = { readonly number: number; readonly waiting: Buffer[]; isEnded: boolean };

class MessageWriter implements EventsWriter {
  readonly #facts: AnswerFacts;
  readonly #warn: Warn;
  /** In the order in which they began; the first is the open one. */
  readonly #parts: Part[] = [];
  #kinds = new Map<number, StreamPart["kind"]>();
  #blocks = 0;
  #waitingBytes = 0;
  #hasCalls = false;
  #hasRefusal = false;
  #finish: Finish | undefined;

  constructor(facts: AnswerFacts, warn: Warn) {
    this.#facts = facts;
    this.#warn = warn;
  }

  /** Counts that are not known yet are null: zeros would be counts, and an answer that never says more would cost nothing. */
  start({ id, model }: Start, usage: WholeUsage | undefined): Buffer {
    const message = {
      id: id ?? `msg_${this.#facts.id}`,
      type: "message",
      role: "assistant",
      model: model ?? this.#facts.model ?? "",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: {
        input_tokens: null,
        output_tokens: null,
        ...(usage === undefined ? {} : writeUsage(usage)),
      },
    };
    return eventOf("message_start", { type: "message_start", message });
  }

  begin({ part: number }: PartPlace, begins: StreamPart): Buffer | undefined {
    const content = this.#blockOf(begins);
    if (content === undefined) return undefined;
    this.#kinds.set(number, begins.kind);
    this.#parts.push({ number, waiting: [], isEnded: false });
    const index = this.#blocks++;
    const start = blockEvent("content_block_start", index, { content_block: content });
    const first = "text" in begins ? begins.text : begins.kind === "tool_call" ? begins.arguments : "";
    const opened = this.#give(number, start);
    const delta = first === "" ? NOTHING : this.#deliver(number, deltaOf(begins.kind, first));
    return Buffer.concat([opened, delta]);
  }

  #blockOf(begins: StreamPart): object | undefined {
    switch (begins.kind) {
      case "refusal":
        changed(this.#warn, "/refusal", "a refusal becomes text");
        this.#hasRefusal = true;
        return { type: "text", text: "" };
      case "text":
        return { type: "text", text: "" };
      case "reasoning":
        return begins.encrypted === undefined
          ? { type: "thinking", thinking: "", signature: "" }
          : { type: "redacted_thinking", data: begins.encrypted };
      case "tool_call":
        this.#hasCalls = true;
        if (begins.signature !== undefined)
          dropped(this.#warn, "/signature", "Anthropic's calls have no signature");
        return { type: "tool_use", id: begins.id, name: begins.name, input: {} };
      default:
        dropped(this.#warn, "/content", `Anthropic's answers have no ${begins.kind}`);
        return undefined;
    }
  }

  add({ part }: PartPlace, text: string): Buffer {
    return this.#deliver(part, deltaOf(this.#kinds.get(part), text));
  }

  sign({ part: number }: PartPlace, signature: string): Buffer | undefined {
    if (this.#kinds.get(number) === "reasoning")
      return this.#deliver(number, { type: "signature_delta", signature });
    dropped(this.#warn, "/signature", "only thinking has a signature");
    return undefined;
  }

  #deliver(number: number, delta: object): Buffer {
    const place = this.#parts.findIndex((part) => part.number === number);
    if (place < 0) return NOTHING;
    const index = this.#blocks - this.#parts.length + place;
    return this.#give(number, blockEvent("content_block_delta", index, { delta }));
  }

  /** Out, if the part is the open one; else it waits. */
  #give(number: number, bytes: Buffer): Buffer {
    const part = this.#parts.find((candidate) => candidate.number === number);
    if (part === this.#parts[0] || part === undefined) return bytes;
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > WAITING_BYTES_MAX)
      throw new RegentError("upstream_invalid", `more than ${WAITING_BYTES_MAX} bytes of calls at once`);
    part.waiting.push(bytes);
    return NOTHING;
  }

  /** What waits behind a part that ends comes out, up to one that is still open. */
  endPart({ part: number }: PartPlace): Buffer {
    const ended = this.#parts.find((part) => part.number === number);
    if (ended === undefined) return NOTHING;
    ended.isEnded = true;
    const pieces: Buffer[] = [];
    while (this.#parts[0]?.isEnded === true) {
      const index = this.#blocks - this.#parts.length;
      const { number: gone } = this.#parts.shift() as Part;
      this.#kinds.delete(gone);
      pieces.push(blockEvent("content_block_stop", index, {}));
      const next = this.#parts[0];
      if (next === undefined) break;
      pieces.push(...next.waiting);
      this.#waitingBytes -= next.waiting.reduce((bytes, piece) => bytes + piece.length, 0);
      next.waiting.length = 0;
    }
    return Buffer.concat(pieces);
  }

  finish(finish: Finish): undefined {
    this.#finish ??= finish;
  }

  fail(failure: Failure): Buffer {
    return eventOf("error", errorObject(failure));
  }

  end(reported: WholeUsage | undefined): Buffer {
    const open = this.#parts.map(({ number }) => number);
    const ended = open.map((part) => this.endPart({ choice: 0, part }));
    const { finish, stopSequence } = this.#finish ?? {};
    const told = {
      hasCalls: this.#hasCalls,
      hasRefusal: this.#hasRefusal,
      hasStopSequence: stopSequence !== undefined,
    };
    const delta = {
      stop_reason: stopReason(finish, told, this.#warn),
      stop_sequence: stopSequence ?? null,
    };
    const usage = reported === undefined ? {} : writeUsage(reported);
    return Buffer.concat([
      ...ended,
      eventOf("message_delta", { type: "message_delta", delta, usage }),
      eventOf("message_stop", { type: "message_stop" }),
    ]);
  }
}

function deltaOf(kind: StreamPart["kind"] | undefined, text: string): object {
  if (kind === "reasoning") return { type: "thinking_delta", thinking: text };
  if (kind === "tool_call") return { type: "input_json_delta", partial_json: text };
  return { type: "text_delta", text };
}

function blockEvent(type: string, index: number, rest: object): Buffer {
  return eventOf(type, { type, index, ...rest });
}

function eventOf(name: string, data: object): Buffer {
  return Buffer.from(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}

const NOTHING = Buffer.alloc(0);
