import type { ToolCall } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { keptWord, TOOL_CALLS_MAX } from "../bounds.ts";
import { argumentsText, parsedArguments } from "../loose.ts";

/** Some servers send an object without words where there is no call; in a stream such a piece adds nothing to one. */
export function hasWords({ name = "", arguments: given = "" }: JsonObject): boolean {
  return name !== "" || given !== "";
}

type Call = { readonly id: string; name: string; arguments: string };

/**
 * One choice of an answer, put together from a whole message or from the pieces of a stream. Texts are kept only when
 * somebody will look at them; their bytes are always counted.
 */
export class Choice {
  text: string | undefined;
  reasoning: string | undefined;
  refusal: string | undefined;
  /** As on the wire, null while none was sent. */
  finishReason: string | null = null;
  /** UTF-8 bytes of text, reasoning, refusal and tool arguments. */
  outputBytes = 0;
  readonly #keepText: boolean;
  readonly #calls: Call[] = [];
  /** The last call of each index. */
  readonly #callsByIndex = new Map<number, Call>();
  #functionCall: Call | undefined;

  constructor(keepText: boolean) {
    this.#keepText = keepText;
  }

  /** Takes a `message`, or a `delta` of it. Returns false when there are too many tool calls. */
  add(message: JsonObject): boolean {
    this.#content(message.content);
    this.#reason(message.reasoning_content ?? message.reasoning);
    if (typeof message.refusal === "string" && message.refusal !== "") this.#refuse(message.refusal);
    if (isJsonObject(message.function_call) && hasWords(message.function_call))
      this.#call(undefined, message.function_call);
    if (!Array.isArray(message.tool_calls)) return true;
    for (const [position, call] of message.tool_calls.entries()) {
      if (isJsonObject(call)) this.#toolCall(call, position);
      if (this.#calls.length > TOOL_CALLS_MAX) return false;
    }
    return true;
  }

  get callCount(): number {
    return this.#calls.length;
  }

  toolCalls(): ToolCall[] {
    const calls = this.#functionCall === undefined ? this.#calls : [...this.#calls, this.#functionCall];
    return calls.map((call) => ({ name: call.name, arguments: parsedArguments(call.arguments) }));
  }

  /** A text, null, or Mistral's list of parts. An empty list is a text without words. */
  #content(content: JsonValue | undefined): void {
    if (typeof content === "string") this.#say(content);
    if (!Array.isArray(content)) return;
    if (content.length === 0) this.#say("");
    for (const part of content as readonly JsonValue[]) {
      if (!isJsonObject(part)) continue;
      if (part.type === "thinking") this.#reason(part.thinking);
      else if (typeof part.text === "string") this.#say(part.text);
    }
  }

  #say(text: string): void {
    this.outputBytes += Buffer.byteLength(text, "utf8");
    if (this.#keepText) this.text = (this.text ?? "") + text;
  }

  /** A text, or a list of parts with a text each. Deeper lists are none: an upstream could nest them without end. */
  #reason(reasoning: JsonValue | undefined): void {
    const parts = Array.isArray(reasoning)
      ? (reasoning as readonly JsonValue[])
      : [{ text: reasoning ?? null }];
    for (const part of parts) if (isJsonObject(part) && typeof part.text === "string") this.#think(part.text);
  }

  #think(reasoning: string): void {
    if (reasoning === "") return;
    this.outputBytes += Buffer.byteLength(reasoning, "utf8");
    if (this.#keepText) this.reasoning = (this.reasoning ?? "") + reasoning;
  }

  #refuse(refusal: string): void {
    this.outputBytes += Buffer.byteLength(refusal, "utf8");
    if (this.#keepText) this.refusal = (this.refusal ?? "") + refusal;
  }

  #toolCall(call: JsonObject, position: number): void {
    const index = typeof call.index === "number" ? call.index : position;
    const definition = [call.function, call.custom].find(isJsonObject) ?? {};
    this.#call({ index, id: typeof call.id === "string" ? keptWord(call.id) : "" }, definition);
  }

  /** `at` is undefined for the one call of the older `function_call`. */
  #call(at: { index: number; id: string } | undefined, definition: JsonObject): void {
    const name = typeof definition.name === "string" ? keptWord(definition.name) : "";
    const text = argumentsText(definition.arguments ?? definition.input);
    this.outputBytes += Buffer.byteLength(text, "utf8");
    const call = at === undefined ? this.#theFunctionCall() : this.#callAt(at.index, at.id, name);
    if (call.name === "") call.name = name;
    if (this.#keepText) call.arguments += text;
  }

  #theFunctionCall(): Call {
    this.#functionCall ??= { id: "", name: "", arguments: "" };
    return this.#functionCall;
  }

  /**
   * The call that a piece belongs to. Pieces of one call share an index; some servers give every call the same index,
   * but then each comes whole, with an id of its own and its name.
   */
  #callAt(index: number, id: string, name: string): Call {
    const known = this.#callsByIndex.get(index);
    if (known !== undefined && (id === "" || name === "" || known.id === "" || known.id === id)) return known;
    const call = { id, name: "", arguments: "" };
    this.#calls.push(call);
    this.#callsByIndex.set(index, call);
    return call;
  }
}
