import { RegentError } from "../../../exchange/errors.ts";
import { KEPT_BYTES_MAX } from "../../../formats/bounds.ts";
import type { FinishKind } from "../../../formats/finish.ts";
import { mergeUsage } from "../../../formats/loose.ts";
import type { AnswerFacts, Warn } from "../../translation.ts";
import type { StreamEvent, StreamPart, ToolCallPart, WholeUsage } from "../conversation.ts";
import type { ChatStreamWriter } from "../dialect.ts";
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
  return new PieceWriter(facts, warn);
}

/** A part that has begun. */
type Open = { readonly kind: StreamPart["kind"]; call: ToolCallPart | undefined };

class PieceWriter implements ChatStreamWriter {
  readonly #warn: Warn;
  readonly #open = new Map<string, Open>();
  /** Why each candidate that was begun has finished, as far as it is known. */
  readonly #finished = new Map<number, FinishKind | undefined>();
  #head: { readonly modelVersion?: string; readonly createTime: string; readonly responseId: string };
  #usage: WholeUsage | undefined;
  /** Of the arguments of calls that have not ended. */
  #heldBytes = 0;

  constructor({ model, nowS, id }: AnswerFacts, warn: Warn) {
    this.#warn = warn;
    this.#head = { ...defined({ modelVersion: model }), createTime: timeOf(nowS), responseId: id };
  }

  write(event: StreamEvent): Buffer {
    switch (event.event) {
      case "start":
        this.#start(event);
        return NOTHING;
      case "part_start":
        return this.#begin(event.choice, event.part, event.begins);
      case "delta":
        return this.#continue(event.choice, event.part, event.text);
      case "signature":
        return this.#sign(event.choice, event.part, event.signature);
      case "part_end":
        return this.#endPart(event.choice, event.part);
      case "finish":
        if (event.stopSequence !== undefined)
          dropped(this.#warn, "/stop_sequence", "Gemini does not say which one was met");
        this.#finished.set(event.choice, event.finish);
        return NOTHING;
      case "usage":
        this.#usage = mergeUsage(this.#usage, event.usage);
        return NOTHING;
      case "failure":
        return eventOf(errorObject(event.failure));
      case "end":
        return this.#end();
    }
  }

  #start({ id, model, createdS }: Extract<StreamEvent, { event: "start" }>): void {
    this.#head = {
      ...this.#head,
      ...defined({
        modelVersion: model,
        responseId: id,
        createTime: createdS === undefined ? undefined : timeOf(createdS),
      }),
    };
  }

  #begin(choice: number, number: number, part: StreamPart): Buffer {
    const call = part.kind === "tool_call" ? part : undefined;
    if (!this.#finished.has(choice)) this.#finished.set(choice, undefined);
    assertCandidates(this.#finished.size);
    this.#open.set(`${choice}/${number}`, { kind: part.kind, call });
    if (call === undefined) return this.#parts(choice, writeAnswerPart(part, this.#warn));
    this.#hold(call.arguments);
    return NOTHING;
  }

  #continue(choice: number, number: number, text: string): Buffer {
    const open = this.#open.get(`${choice}/${number}`);
    if (open === undefined || text === "") return NOTHING;
    if (open.call !== undefined) {
      this.#hold(text);
      open.call = { ...open.call, arguments: open.call.arguments + text };
      return NOTHING;
    }
    return this.#parts(choice, [open.kind === "reasoning" ? { text, thought: true } : { text }]);
  }

  #sign(choice: number, number: number, signature: string): Buffer {
    const open = this.#open.get(`${choice}/${number}`);
    if (open?.call !== undefined) open.call = { ...open.call, signature };
    if (open?.kind !== "reasoning") return NOTHING;
    return this.#parts(choice, [{ text: "", thought: true, thoughtSignature: signature }]);
  }

  #endPart(choice: number, number: number): Buffer {
    const key = `${choice}/${number}`;
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

  /** Parts that are still open have no end of their own in every dialect. */
  #end(): Buffer {
    const rest = [...this.#open.keys()].map((key) => {
      const [choice, number] = key.split("/").map(Number) as [number, number];
      return this.#endPart(choice, number);
    });
    const candidates = [...this.#finished].map(([index, finish]) => ({
      content: { role: "model", parts: [] },
      finishReason: finishReason(finish ?? "stop", this.#warn),
      index,
    }));
    const last = defined({
      candidates: candidates.length === 0 ? [{ finishReason: "STOP", index: 0 }] : candidates,
      usageMetadata: this.#usage === undefined ? undefined : writeUsage(this.#usage),
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
