import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import { keptWord, TOOL_CALLS_MAX } from "../../../formats/bounds.ts";
import { hasWords } from "../../../formats/openai/choice.ts";
import { finishKind } from "../../../formats/openai/finish.ts";
import type { Warn } from "../../translation.ts";
import { answeredArguments } from "../arguments.ts";
import type { ReasoningPart, StreamEvent } from "../conversation.ts";
import { tellUnread, textOf } from "../loose.ts";
import { dropped } from "../members.ts";
import { callSignature } from "./call-signature.ts";
import { blockOf, listOf, REASONING_MEMBERS, thinkingOf } from "./reply-reasoning.ts";

type Spoken = "text" | "reasoning" | "refusal";
type Call = { readonly id: string; readonly part: number };

/**
 * One choice of a streamed answer: which parts have begun. What is spoken ends when something else begins; calls stay open
 * until the choice is finished, because their pieces may come in turns.
 */
export class StreamChoice {
  isFinished = false;
  readonly #choice: number;
  readonly #warn: Warn;
  #parts = 0;
  #spoken: { readonly kind: Spoken; readonly part: number; isSigned: boolean } | undefined;
  readonly #calls: Call[] = [];
  /** The last call of each index. */
  readonly #callsByIndex = new Map<number, Call>();
  #openCalls = 0;

  constructor(choice: number, warn: Warn) {
    this.#choice = choice;
    this.#warn = warn;
  }

  get callCount(): number {
    return this.#calls.length;
  }

  add(delta: JsonObject, events: StreamEvent[]): void {
    tellUnread(delta, DELTA_MEMBERS, "/choices/delta", this.#warn);
    for (const part of reasoningOf(delta)) this.#reason(part, events);
    this.#content(delta.content, events);
    const refusal = textOf(delta.refusal);
    if (refusal !== undefined) this.#speak("refusal", refusal, events);
    if (isJsonObject(delta.function_call) && hasWords(delta.function_call))
      this.#call(-1, "", delta.function_call, events);
    if (!Array.isArray(delta.tool_calls)) return;
    for (const [position, call] of (delta.tool_calls as readonly JsonValue[]).entries()) {
      if (isJsonObject(call)) this.#toolCall(call, position, events);
      // The stream ends with them.
      if (this.#calls.length > TOOL_CALLS_MAX) return;
    }
  }

  finish(reason: string, events: StreamEvent[]): void {
    if (this.isFinished) return;
    this.close(events);
    this.isFinished = true;
    const finish = finishKind(reason) ?? undefined;
    events.push({ event: "finish", choice: this.#choice, finish, rawFinish: reason });
  }

  /** Ends what is open. */
  close(events: StreamEvent[]): void {
    this.#endSpoken(events);
    for (const { part } of this.#calls.slice(this.#openCalls))
      events.push({ event: "part_end", choice: this.#choice, part });
    this.#openCalls = this.#calls.length;
  }

  #content(content: JsonValue | undefined, events: StreamEvent[]): void {
    const text = textOf(content);
    if (text !== undefined) this.#speak("text", text, events);
    // Mistral's parts; its thinking is read with the rest of it.
    for (const part of listOf(content)) {
      const said = textOf(part.text);
      if (said !== undefined) this.#speak("text", said, events);
      else if (part.type !== "thinking" && part.type !== "text")
        dropped(this.#warn, "/choices/delta/content", "a part of this type has no counterpart");
    }
  }

  #reason({ text, signature, encrypted }: ReasoningPart, events: StreamEvent[]): void {
    const choice = this.#choice;
    if (encrypted !== undefined) {
      this.#endSpoken(events);
      const part = this.#parts++;
      events.push(
        { event: "part_start", choice, part, begins: { kind: "reasoning", text: "", encrypted } },
        { event: "part_end", choice, part },
      );
      return;
    }
    // What comes after a signature is another piece of thinking.
    if (text !== "" && this.#spoken?.isSigned === true) this.#endSpoken(events);
    if (text !== "" || this.#spoken?.kind !== "reasoning") this.#speak("reasoning", text, events);
    const spoken = this.#spoken;
    if (signature === undefined || spoken === undefined) return;
    spoken.isSigned = true;
    events.push({ event: "signature", choice, part: spoken.part, signature });
  }

  #speak(kind: Spoken, text: string, events: StreamEvent[]): void {
    const choice = this.#choice;
    if (this.#spoken?.kind === kind) {
      events.push({ event: "delta", choice, part: this.#spoken.part, text });
      return;
    }
    this.#endSpoken(events);
    const part = this.#parts++;
    this.#spoken = { kind, part, isSigned: false };
    events.push({ event: "part_start", choice, part, begins: { kind, text } });
  }

  #endSpoken(events: StreamEvent[]): void {
    if (this.#spoken === undefined) return;
    events.push({ event: "part_end", choice: this.#choice, part: this.#spoken.part });
    this.#spoken = undefined;
  }

  #toolCall(call: JsonObject, position: number, events: StreamEvent[]): void {
    const index = typeof call.index === "number" ? call.index : position;
    if (isJsonObject(call.custom) || (textOf(call.type) ?? "function") !== "function") {
      dropped(this.#warn, "/choices/delta/tool_calls", "only calls of functions have a counterpart");
      return;
    }
    const definition = isJsonObject(call.function) ? call.function : {};
    const part = this.#call(index, keptWord(textOf(call.id) ?? ""), definition, events);
    const signature = callSignature(call);
    if (signature !== undefined) events.push({ event: "signature", choice: this.#choice, part, signature });
  }

  /**
   * Pieces of one call share an index; some servers give every call the same index, but then each comes whole, with an
   * id of its own and its name. Gives the number of the part.
   */
  #call(index: number, id: string, definition: JsonObject, events: StreamEvent[]): number {
    const choice = this.#choice;
    const name = keptWord(textOf(definition.name) ?? "");
    const text = answeredArguments(definition.arguments);
    const known = this.#callsByIndex.get(index);
    if (known !== undefined && (id === "" || name === "" || known.id === "" || known.id === id)) {
      if (text !== "") events.push({ event: "delta", choice, part: known.part, text });
      return known.part;
    }
    this.#endSpoken(events);
    const part = this.#parts++;
    const call = { id, part };
    this.#calls.push(call);
    this.#callsByIndex.set(index, call);
    events.push({
      event: "part_start",
      choice,
      part,
      begins: { kind: "tool_call", id: id === "" ? `call_${choice}_${part}` : id, name, arguments: text },
    });
    return part;
  }
}

/** The forms of {@link REASONING_MEMBERS}: text in one, signatures beside it. A chunk that has two says the same twice. */
function reasoningOf(delta: JsonObject): readonly ReasoningPart[] {
  const blocks = listOf(delta.thinking_blocks).flatMap(blockOf);
  const plain = textOf(delta.reasoning_content) ?? textOf(delta.reasoning);
  const signature = textOf(delta.reasoning_signature);
  if (blocks.some(({ text }) => text !== "")) return blocks;
  const spoken: ReasoningPart[] = plain === undefined ? [] : [{ kind: "reasoning", text: plain }];
  if (signature !== undefined) spoken.push({ kind: "reasoning", text: "", signature });
  if (blocks.length > 0 || spoken.length > 0) return [...spoken, ...blocks];
  const details = listOf(delta.reasoning_details).flatMap((detail): ReasoningPart[] => {
    const text = textOf(detail.text) ?? textOf(detail.summary) ?? "";
    const proof = textOf(detail.signature);
    const encrypted = textOf(detail.data);
    if (text === "" && proof === undefined && encrypted === undefined) return [];
    return [
      {
        kind: "reasoning",
        text,
        ...(proof === undefined ? {} : { signature: proof }),
        ...(encrypted === undefined ? {} : { encrypted }),
      },
    ];
  });
  return details.length > 0 ? details : listOf(delta.content).flatMap(thinkingOf);
}

const DELTA_MEMBERS: ReadonlySet<string> = new Set([
  "role",
  "content",
  "refusal",
  "tool_calls",
  "function_call",
  ...REASONING_MEMBERS,
]);
