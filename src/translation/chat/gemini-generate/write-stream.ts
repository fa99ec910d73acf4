import { RegentError } from "../../../exchange/errors.ts";
import { KEPT_BYTES_MAX } from "../../../formats/bounds.ts";
import type { FinishKind } from "../../../formats/finish.ts";
import type { AnswerFacts, Warn } from "../../translation.ts";
import type { Failure, StreamPart, ToolCallPart, WholeUsage } from "../conversation.ts";
import type { ChatStreamWriter } from "../dialect.ts";
import { type EventsWriter, eventWriter, type Finish, type PartPlace, type Start } from "../event-writer.ts";
import { defined, dropped } from "../members.ts";
import { assertCandidates } from "./candidates.ts";
import { errorObject } from "./failure.ts";
import { finishReason } from "./finish.ts";
import { writeUsage } from "./usage.ts";
import { writeAnswerPart, writeCall } from "./write-answer-part.ts";

/**
 * A stream of GenerateContentResponses. Calls come whole, when their arguments are. Why the candidates finished and what
 * was used comes in the last event: with it an answer is whole, so it must not come before the end.
 */
export function writeStream(facts: AnswerFacts, warn: Warn): ChatStreamWriter {
  return eventWriter(new PieceWriter(facts, warn));
}

/** A part that has begun. */
type Open = { readonly kind: StreamPart["kind"]; call: ToolCallPart | undefined };

class PieceWriter implements EventsWriter {
  readonly #warn: Warn;
  readonly #open = new Map<string, Open>();
  /** Why each candidate that was begun has finished, as far as it is known. */
  readonly #finished = new Map<number, FinishKind | undefined>();
  #head: { readonly modelVersion?: string; readonly createTime: string; readonly responseId: string };
  /** Of the arguments of calls that have not ended. */
  #heldBytes = 0;

  constructor({ model, nowS, id }: AnswerFacts, warn: Warn) {
    this.#warn = warn;
    this.#head = { ...defined({ modelVersion: model }), createTime: timeOf(nowS), responseId: id };
  }

  start({ id, model, createdS }: Start): undefined {
    this.#head = {
      ...this.#head,
      ...defined({
        modelVersion: model,
        responseId: id,
        createTime: createdS === undefined ? undefined : timeOf(createdS),
      }),
    };
  }

  begin({ choice, part: number }: PartPlace, part: StreamPart): Buffer | undefined {
    const call = part.kind === "tool_call" ? part : undefined;
    if (!this.#finished.has(choice)) this.#finished.set(choice, undefined);
    assertCandidates(this.#finished.size);
    this.#open.set(`${choice}/${number}`, { kind: part.kind, call });
    if (call === undefined) return this.#parts(choice, writeAnswerPart(part, this.#warn));
    this.#hold(call.arguments);
    return undefined;
  }

  add({ choice, part }: PartPlace, text: string): Buffer | undefined {
    const open = this.#open.get(`${choice}/${part}`);
    if (open === undefined || text === "") return undefined;
    if (open.call !== undefined) {
      this.#hold(text);
      open.call = { ...open.call, arguments: open.call.arguments + text };
      return undefined;
    }
    return this.#parts(choice, [open.kind === "reasoning" ? { text, thought: true } : { text }]);
  }

  sign({ choice, part }: PartPlace, signature: string): Buffer | undefined {
    const open = this.#open.get(`${choice}/${part}`);
    if (open?.call !== undefined) open.call = { ...open.call, signature };
    if (open?.kind !== "reasoning") return undefined;
    return this.#parts(choice, [{ text: "", thought: true, thoughtSignature: signature }]);
  }

  endPart({ choice, part }: PartPlace): Buffer {
    const key = `${choice}/${part}`;
    const call = this.#open.get(key)?.call;
    this.#open.delete(key);
    if (call === undefined) return NOTHING;
    this.#heldBytes -= Buffer.byteLength(call.arguments, "utf8");
    return this.#parts(choice, [writeCall(call, this.#warn)]);
  }

  /** @throws RegentError upstream_invalid when calls that come at once are larger than what is kept of an answer */
  #hold(text: string): void {
    this.#heldBytes += Buffer.byteLength(text, "utf8");
    if (this.#heldBytes > KEPT_BYTES_MAX)
      throw new RegentError("upstream_invalid", `The calls have more than ${KEPT_BYTES_MAX} bytes.`);
  }

  #parts(choice: number, parts: readonly object[]): Buffer {
    if (parts.length === 0) return NOTHING;
    return eventOf({ candidates: [{ content: { role: "model", parts }, index: choice }], ...this.#head });
  }

  finish({ choice, finish, stopSequence }: Finish): undefined {
    if (stopSequence !== undefined)
      dropped(this.#warn, "/stop_sequence", "Gemini does not say which one was met");
    this.#finished.set(choice, finish);
  }

  fail(failure: Failure): Buffer {
    return eventOf(errorObject(failure));
  }

  /** Parts that are still open have no end of their own in every dialect. */
  end(usage: WholeUsage | undefined): Buffer {
    const rest = [...this.#open.keys()].map((key) => {
      const [choice, part] = key.split("/").map(Number) as [number, number];
      return this.endPart({ choice, part });
    });
    const candidates = [...this.#finished].map(([index, finish]) => ({
      content: { role: "model", parts: [] },
      finishReason: finishReason(finish ?? "stop", this.#warn),
      index,
    }));
    const last = defined({
      candidates: candidates.length === 0 ? [{ finishReason: "STOP", index: 0 }] : candidates,
      usageMetadata: usage === undefined ? undefined : writeUsage(usage),
    });
    return Buffer.concat([...rest, eventOf({ ...last, ...this.#head })]);
  }
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function eventOf(data: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(data)}\n\n`);
}

const NOTHING = Buffer.alloc(0);
