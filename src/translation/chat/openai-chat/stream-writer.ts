import type { AnswerFacts, Warn } from "../../translation.ts";
import type { Failure, StreamPart, WholeUsage } from "../conversation.ts";
import type { ChatStreamWriter } from "../dialect.ts";
import { type EventsWriter, eventWriter, type Finish, type PartPlace, type Start } from "../event-writer.ts";
import { dropped } from "../members.ts";
import { writeCallSignature } from "./call-signature.ts";
import { errorObject } from "./failure.ts";
import { finishReason } from "./finish.ts";
import { writeUsage } from "./usage.ts";

/** Chat completion chunks of OpenAI's, ended by `[DONE]`; the usage before it only for clients that asked. */
export function writeStream(facts: AnswerFacts, warn: Warn): ChatStreamWriter {
  return eventWriter(new ChunkWriter(facts, warn));
}

/** What is known of a part that has begun. */
type Part = { readonly kind: StreamPart["kind"]; readonly call: number; hasText: boolean };

type Choice = { readonly parts: Map<number, Part>; calls: number; hasRole: boolean };

class ChunkWriter implements EventsWriter {
  readonly #facts: AnswerFacts;
  readonly #warn: Warn;
  readonly #choices = new Map<number, Choice>();
  #head: { id: string; model: string; created: number };

  constructor(facts: AnswerFacts, warn: Warn) {
    this.#facts = facts;
    this.#warn = warn;
    this.#head = { id: `chatcmpl-${facts.id}`, model: facts.model ?? "", created: facts.nowS };
  }

  start({ id, model, createdS }: Start): undefined {
    this.#head = {
      id: id ?? this.#head.id,
      model: model ?? this.#head.model,
      created: createdS ?? this.#head.created,
    };
  }

  begin({ choice: index, part: number }: PartPlace, part: StreamPart): Buffer | undefined {
    const choice = this.#choiceAt(index);
    const call = part.kind === "tool_call" ? choice.calls++ : -1;
    const hasText = part.kind === "tool_call" && part.arguments !== "";
    choice.parts.set(number, { kind: part.kind, call, hasText });
    switch (part.kind) {
      case "text":
      case "refusal":
        return this.#piece(index, { [part.kind === "text" ? "content" : "refusal"]: part.text });
      case "reasoning":
        return this.#beginReasoning(index, part);
      case "tool_call":
        return this.#piece(index, {
          tool_calls: [
            {
              index: call,
              id: part.id,
              type: "function",
              function: { name: part.name, arguments: part.arguments },
              ...writeCallSignature(part.signature),
            },
          ],
        });
      default:
        dropped(this.#warn, "/content", `OpenAI's streams have no ${part.kind}`);
        return undefined;
    }
  }

  #beginReasoning(index: number, part: Extract<StreamPart, { kind: "reasoning" }>): Buffer | undefined {
    const { text, encrypted } = part;
    if (encrypted !== undefined)
      return this.#piece(index, { thinking_blocks: [{ type: "redacted_thinking", data: encrypted }] });
    return text === "" ? undefined : this.#piece(index, { reasoning_content: text });
  }

  add({ choice: index, part: number }: PartPlace, text: string): Buffer | undefined {
    const part = this.#choiceAt(index).parts.get(number);
    if (part === undefined || text === "") return undefined;
    part.hasText = true;
    switch (part.kind) {
      case "text":
        return this.#piece(index, { content: text });
      case "refusal":
        return this.#piece(index, { refusal: text });
      case "reasoning":
        return this.#piece(index, { reasoning_content: text });
      case "tool_call":
        return this.#piece(index, { tool_calls: [{ index: part.call, function: { arguments: text } }] });
      default:
        return undefined;
    }
  }

  sign({ choice: index, part: number }: PartPlace, signature: string): Buffer | undefined {
    const part = this.#choiceAt(index).parts.get(number);
    if (part?.kind === "reasoning")
      return this.#piece(index, { thinking_blocks: [{ type: "thinking", thinking: "", signature }] });
    if (part?.kind === "tool_call")
      return this.#piece(index, { tool_calls: [{ index: part.call, ...writeCallSignature(signature) }] });
    dropped(this.#warn, "/signature", "only thinking and calls have a signature");
    return undefined;
  }

  /** Arguments are JSON: those of a call that has none are an empty object, not an empty text. */
  endPart({ choice: index, part: number }: PartPlace): Buffer | undefined {
    const { parts } = this.#choiceAt(index);
    const part = parts.get(number);
    parts.delete(number);
    if (part?.kind !== "tool_call" || part.hasText) return undefined;
    return this.#piece(index, { tool_calls: [{ index: part.call, function: { arguments: "{}" } }] });
  }

  finish({ choice: index, finish, stopSequence }: Finish): Buffer {
    if (stopSequence !== undefined)
      dropped(this.#warn, "/delta/stop_sequence", "OpenAI does not say which one was met");
    const choice = this.#choiceAt(index);
    const reason = finishReason(finish, choice.calls > 0, this.#warn) ?? "stop";
    return this.#chunk([{ index, delta: this.#roleOf(choice), logprobs: null, finish_reason: reason }]);
  }

  fail(failure: Failure): Buffer {
    return eventOf(errorObject(failure));
  }

  end(usage: WholeUsage | undefined): Buffer {
    if (!this.#facts.includeUsage || usage === undefined) return DONE;
    return Buffer.concat([this.#chunk([], writeUsage(usage)), DONE]);
  }

  #piece(index: number, delta: object): Buffer {
    const choice = this.#choiceAt(index);
    return this.#chunk([
      { index, delta: { ...this.#roleOf(choice), ...delta }, logprobs: null, finish_reason: null },
    ]);
  }

  /** The first chunk of a choice says who speaks. */
  #roleOf(choice: Choice): object {
    if (choice.hasRole) return {};
    choice.hasRole = true;
    return { role: "assistant" };
  }

  #choiceAt(index: number): Choice {
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      choice = { parts: new Map(), calls: 0, hasRole: false };
      this.#choices.set(index, choice);
    }
    return choice;
  }

  /** A client that asked for the usage gets null in every chunk but the last. */
  #chunk(choices: readonly object[], usage: object | null = null): Buffer {
    return eventOf({
      ...this.#head,
      object: "chat.completion.chunk",
      choices,
      ...(this.#facts.includeUsage ? { usage } : {}),
    });
  }
}

function eventOf(data: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(data)}\n\n`);
}

const DONE = Buffer.from("data: [DONE]\n\n");
