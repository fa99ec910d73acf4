import { isJsonObject, type JsonObject } from "../../../exchange/json.ts";
import { KEPT_BYTES_MAX, keptWord, TOOL_CALLS_MAX } from "../../../formats/bounds.ts";
import { Call } from "../../../formats/gemini-generate/call.ts";
import { finishKind } from "../../../formats/gemini-generate/finish.ts";
import type { ArgumentsRoom } from "../../../formats/gemini-generate/partial-arguments.ts";
import type { Warn } from "../../translation.ts";
import type { Part, StreamEvent } from "../conversation.ts";
import { textOf } from "../loose.ts";
import { AnswerParts } from "./answer-parts.ts";

/** A part of which more may come. */
type Open = { readonly kind: "text" | "reasoning"; readonly part: number };

/** A call whose arguments come in pieces: other dialects want JSON text, which there is only at its end. */
type Growing = { readonly call: Call; readonly first: JsonObject; readonly signature: string | undefined };

/** One candidate of a stream: what its pieces mean. */
export class StreamCandidate {
  isFinished = false;
  readonly #choice: number;
  readonly #answer: AnswerParts;
  readonly #room: ArgumentsRoom;
  #parts = 0;
  #calls = 0;
  #open: Open | undefined;
  #growing: Growing | undefined;

  /** @param room of the arguments of all calls of the stream */
  constructor(choice: number, id: string, room: ArgumentsRoom, warn: Warn) {
    this.#choice = choice;
    this.#room = room;
    this.#answer = new AnswerParts(choice, id, warn);
  }

  /** Gives the reason when there can be no such part. */
  add(part: JsonObject, events: StreamEvent[]): string | undefined {
    if (isJsonObject(part.functionCall))
      return this.#call(part.functionCall, textOf(part.thoughtSignature), events);
    for (const read of this.#answer.read(part)) {
      if (read.kind === "text" || read.kind === "reasoning") this.#speak(read, events);
      else this.#whole(read, events);
    }
    return undefined;
  }

  /** A call that was still growing is what it is by now. */
  finish(reason: string, events: StreamEvent[]): void {
    this.#endGrowing(events);
    this.#endOpen(events);
    this.isFinished = true;
    const rawFinish = keptWord(reason);
    const finish = finishKind(reason, this.#calls > 0);
    events.push({ event: "finish", choice: this.#choice, finish, rawFinish });
  }

  #speak(read: Extract<Part, { kind: "text" | "reasoning" }>, events: StreamEvent[]): void {
    const choice = this.#choice;
    const { kind, text } = read;
    if (this.#open?.kind === kind) {
      if (text !== "") events.push({ event: "delta", choice, part: this.#open.part, text });
    } else {
      this.#endOpen(events);
      this.#open = { kind, part: this.#parts++ };
      events.push({ event: "part_start", choice, part: this.#open.part, begins: { kind, text } });
    }
    if (read.kind === "reasoning" && read.signature !== undefined)
      events.push({ event: "signature", choice, part: this.#open.part, signature: read.signature });
  }

  #whole(part: Part, events: StreamEvent[]): void {
    if (part.kind === "tool_result" || part.kind === "text" || part.kind === "reasoning") return;
    this.#endOpen(events);
    const number = this.#parts++;
    events.push(
      { event: "part_start", choice: this.#choice, part: number, begins: part },
      { event: "part_end", choice: this.#choice, part: number },
    );
  }

  #call(piece: JsonObject, signature: string | undefined, events: StreamEvent[]): string | undefined {
    let growing = this.#growing;
    if (growing === undefined || !growing.call.isContinuedBy(piece)) {
      this.#endGrowing(events);
      if (++this.#calls > TOOL_CALLS_MAX) return `more than ${TOOL_CALLS_MAX} tool calls`;
      growing = { call: new Call(piece, true, this.#room), first: piece, signature };
    }
    this.#growing = growing;
    const fault = growing.call.add(piece);
    if (fault !== undefined) return fault;
    if (growing.call.outputBytes > KEPT_BYTES_MAX) return `more than ${KEPT_BYTES_MAX} bytes of arguments`;
    if (!growing.call.isOpen) this.#endGrowing(events);
    return undefined;
  }

  #endGrowing(events: StreamEvent[]): void {
    if (this.#growing === undefined) return;
    const { call, first, signature } = this.#growing;
    this.#growing = undefined;
    const args = JSON.stringify(call.toolCall().arguments);
    this.#whole(this.#answer.call(first, signature, args), events);
  }

  #endOpen(events: StreamEvent[]): void {
    if (this.#open === undefined) return;
    events.push({ event: "part_end", choice: this.#choice, part: this.#open.part });
    this.#open = undefined;
  }
}
