import type { ToolCall } from "../../exchange/inference.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import { keptWord } from "../bounds.ts";
import { argumentsText, parsedArguments } from "../loose.ts";

/**
 * One content block of an answer, put together from a whole block or from the pieces of a stream. Texts are kept only when
 * somebody will look at them; the bytes that the model wrote are always counted.
 */
export class Block {
  /** As on the wire. */
  readonly type: string;
  /** UTF-8 bytes of text, thinking, tool input and summaries. */
  outputBytes = 0;
  readonly #keepText: boolean;
  readonly #name: string;
  #text: string | undefined;
  #thinking: string | undefined;
  /** What the block began with. A stream begins with `{}` and sends the input piece by piece. */
  #input = "";
  #pieces = "";

  constructor(content: JsonObject, keepText: boolean) {
    this.type = typeof content.type === "string" ? keptWord(content.type) : "";
    this.#keepText = keepText;
    this.#name = typeof content.name === "string" ? keptWord(content.name) : "";
    if (this.type === "text") this.#say(typeof content.text === "string" ? content.text : "");
    else if (this.type === "thinking") this.#think(content.thinking);
    else if (this.type === "compaction") this.#count(content.content);
    else if (content.input !== undefined) this.#begin(argumentsText(content.input));
  }

  get text(): string | undefined {
    return this.#text;
  }

  get thinking(): string | undefined {
    return this.#thinking;
  }

  /** Whether the provider runs or adds the block by itself. */
  get isServerItem(): boolean {
    return !CLIENT_BLOCKS.has(this.type);
  }

  /** The call that the client has to run; undefined when it is none. */
  get toolCall(): ToolCall | undefined {
    if (this.type !== "tool_use") return undefined;
    return { name: this.#name, arguments: parsedArguments(this.#pieces === "" ? this.#input : this.#pieces) };
  }

  /** Takes the `delta` of a `content_block_delta`. */
  add(delta: JsonObject): void {
    switch (delta.type) {
      case "text_delta":
        if (typeof delta.text === "string") this.#say(delta.text);
        break;
      case "thinking_delta":
        this.#think(delta.thinking);
        break;
      case "input_json_delta":
        if (typeof delta.partial_json === "string") this.#continue(delta.partial_json);
        break;
      case "compaction_delta":
        this.#count(delta.content);
        break;
      default:
      // Signatures and citations are none of the model's words; what is not known says nothing.
    }
  }

  #say(text: string): void {
    this.#count(text);
    if (this.#keepText) this.#text = (this.#text ?? "") + text;
  }

  #think(thinking: JsonValue | undefined): void {
    if (typeof thinking !== "string") return;
    this.#count(thinking);
    if (this.#keepText) this.#thinking = (this.#thinking ?? "") + thinking;
  }

  #begin(input: string): void {
    if (input !== NO_INPUT) this.#count(input);
    if (this.#keepText) this.#input = input;
  }

  #continue(piece: string): void {
    this.#count(piece);
    if (this.#keepText) this.#pieces += piece;
  }

  #count(text: JsonValue | undefined): void {
    if (typeof text === "string") this.outputBytes += Buffer.byteLength(text, "utf8");
  }
}

/** What a stream begins a tool call with. */
const NO_INPUT = "{}";

/** Blocks that are the answer itself, or something for the client to run. */
const CLIENT_BLOCKS: ReadonlySet<string> = new Set(["text", "thinking", "tool_use"]);
