import type { ToolCall } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { keptWord, TOOL_CALLS_MAX } from "../bounds.ts";
import type { FinishKind } from "../finish.ts";
import { Call } from "./call.ts";
import { finishKind, finishName } from "./finish.ts";
import type { ArgumentsRoom } from "./partial-arguments.ts";

/** Parts that the provider runs or adds by itself, of one answer. */
export const SERVER_PARTS_MAX = 4096;

/** One answer of several, put together from a whole one or from the pieces of a stream. */
export class Candidate {
  /** UTF-8 bytes of text, thoughts, arguments and code that the model wrote. */
  outputBytes = 0;
  /** As on the wire: a name, or its number. */
  finishReason: string | number | null = null;
  readonly serverItems: string[] = [];
  readonly #keepText: boolean;
  readonly #room: ArgumentsRoom;
  readonly #calls: Call[] = [];
  #text: string | undefined;
  #thoughts: string | undefined;

  constructor(keepText: boolean, room: ArgumentsRoom) {
    this.#keepText = keepText;
    this.#room = room;
  }

  get text(): string | undefined {
    return this.#text;
  }

  get thoughts(): string | undefined {
    return this.#thoughts;
  }

  get toolCalls(): readonly ToolCall[] {
    return this.#calls.map((call) => call.toolCall());
  }

  get finishKind(): FinishKind | null {
    const reason = this.finishReason;
    return reason === null ? null : finishKind(finishName(reason), this.#calls.length > 0);
  }

  /** Takes a candidate, or a piece of it. Gives the reason when none can be like that. */
  add({ content, finishReason }: JsonObject): string | undefined {
    if (typeof finishReason === "number") this.finishReason = finishReason;
    if (typeof finishReason === "string" && finishReason !== "") this.finishReason = keptWord(finishReason);
    const parts = isJsonObject(content) && Array.isArray(content.parts) ? content.parts : [];
    for (const part of parts as readonly JsonValue[]) {
      const fault = isJsonObject(part) ? this.#part(part) : undefined;
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #part(part: JsonObject): string | undefined {
    if (typeof part.text === "string") this.#say(part.text, part.thought === true);
    if (isJsonObject(part.functionCall)) return this.#call(part.functionCall);
    const item = SERVER_PARTS.find((name) => isJsonObject(part[name]));
    if (item === undefined) return undefined;
    this.#countCode(part[item]);
    if (this.serverItems.length === SERVER_PARTS_MAX) return "too many parts";
    this.serverItems.push(item);
    return undefined;
  }

  #say(text: string, isThought: boolean): void {
    this.outputBytes += Buffer.byteLength(text, "utf8");
    if (!this.#keepText) return;
    if (isThought) this.#thoughts = (this.#thoughts ?? "") + text;
    else this.#text = (this.#text ?? "") + text;
  }

  #call(piece: JsonObject): string | undefined {
    let call = this.#calls.at(-1);
    if (call === undefined || !call.isContinuedBy(piece)) {
      if (this.#calls.length === TOOL_CALLS_MAX) return "too many tool calls";
      call = new Call(piece, this.#keepText, this.#room);
      this.#calls.push(call);
    }
    const before = call.outputBytes;
    const fault = call.add(piece);
    this.outputBytes += call.outputBytes - before;
    return fault;
  }

  #countCode(item: JsonValue | undefined): void {
    if (isJsonObject(item) && typeof item.code === "string")
      this.outputBytes += Buffer.byteLength(item.code, "utf8");
  }
}

const SERVER_PARTS = ["executableCode", "codeExecutionResult", "toolCall", "toolResponse"] as const;
