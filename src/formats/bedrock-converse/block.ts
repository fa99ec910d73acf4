import type { ToolCall } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { keptWord } from "../bounds.ts";
import { argumentsText, parsedArguments } from "../loose.ts";

/**
 * One content block of an answer, put together from a whole block or from the pieces of a stream. Its members say what it
 * is: a stream begins only blocks of tools and images, a text is there with its first piece. Texts are kept only when
 * somebody will look at them; the bytes that the model wrote are always counted.
 */
export class Block {
  /** UTF-8 bytes of text, reasoning and tool input. */
  outputBytes = 0;
  text: string | undefined;
  reasoning: string | undefined;
  readonly #keepText: boolean;
  #toolUse: { readonly name: string; readonly isServer: boolean } | undefined;
  #input = "";
  #other: string | undefined;

  constructor(keepText: boolean) {
    this.#keepText = keepText;
  }

  /** What the provider runs or adds by itself: `server_tool_use:NAME`, or what the block is called. */
  get serverItem(): string | undefined {
    return this.#toolUse?.isServer === true ? `server_tool_use:${this.#toolUse.name}` : this.#other;
  }

  /** The call that the client has to run; undefined when it is none. Without any input it has no arguments. */
  get toolCall(): ToolCall | undefined {
    if (this.#toolUse === undefined || this.#toolUse.isServer) return undefined;
    return { name: this.#toolUse.name, arguments: this.#input === "" ? {} : parsedArguments(this.#input) };
  }

  /** A block of a whole answer. */
  whole(block: JsonObject): void {
    const { text, toolUse, reasoningContent, citationsContent, ...others } = block;
    if (text !== undefined) this.#say(text);
    if (isJsonObject(toolUse)) {
      this.#begin(toolUse);
      this.#continue(argumentsText(toolUse.input));
    }
    if (isJsonObject(reasoningContent)) {
      const { reasoningText } = reasoningContent;
      this.#reason(
        isJsonObject(reasoningText) ? { ...reasoningContent, ...reasoningText } : reasoningContent,
      );
    }
    if (isJsonObject(citationsContent) && Array.isArray(citationsContent.content)) {
      for (const piece of citationsContent.content as readonly JsonValue[])
        if (isJsonObject(piece)) this.#say(piece.text);
    }
    const [other] = Object.keys(others);
    if (other !== undefined) this.#other = keptWord(other);
  }

  /** The `start` of a `contentBlockStart`. Results of the provider's own tools belong to the item that asked for them. */
  start({ toolUse }: JsonObject): void {
    if (isJsonObject(toolUse)) this.#begin(toolUse);
  }

  /** The `delta` of a `contentBlockDelta`. What is no word of the model's, as citations and signatures, says nothing. */
  add({ text, toolUse, reasoningContent }: JsonObject): void {
    if (text !== undefined) this.#say(text);
    if (isJsonObject(toolUse) && typeof toolUse.input === "string") this.#continue(toolUse.input);
    if (isJsonObject(reasoningContent)) this.#reason(reasoningContent);
  }

  #say(text: JsonValue | undefined): void {
    if (typeof text !== "string") return;
    this.#count(text);
    if (this.#keepText) this.text = (this.text ?? "") + text;
  }

  #reason({ text, redactedContent }: JsonObject): void {
    if (typeof text === "string") {
      this.#count(text);
      if (this.#keepText) this.reasoning = (this.reasoning ?? "") + text;
    }
    if (redactedContent !== undefined) this.#other = "redactedContent";
  }

  #begin({ name, type }: JsonObject): void {
    this.#toolUse = {
      name: typeof name === "string" ? keptWord(name) : "",
      isServer: type === "server_tool_use",
    };
  }

  #continue(piece: string): void {
    this.#count(piece);
    if (this.#keepText) this.#input += piece;
  }

  #count(text: string): void {
    this.outputBytes += Buffer.byteLength(text, "utf8");
  }
}
