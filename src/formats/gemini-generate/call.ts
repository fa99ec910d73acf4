import type { ToolCall } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { keptWord } from "../bounds.ts";
import { argumentsText, parsedArguments } from "../loose.ts";
import { type ArgumentsRoom, PartialArguments } from "./partial-arguments.ts";

/**
 * One call of a function, whole or in the pieces of a stream (`partialArgs`,
 * https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-fc).
 */
export class Call {
  readonly name: string;
  readonly id: string | undefined;
  /** UTF-8 bytes of the arguments. */
  outputBytes = 0;
  /** Whether more of it comes. */
  isOpen = false;
  readonly #keepText: boolean;
  #args: string | undefined;
  readonly #partial: PartialArguments;

  /** @param room of all calls of the answer */
  constructor(call: JsonObject, keepText: boolean, room: ArgumentsRoom) {
    this.#partial = new PartialArguments(room);
    this.name = typeof call.name === "string" ? keptWord(call.name) : "";
    this.id = typeof call.id === "string" ? keptWord(call.id) : undefined;
    this.#keepText = keepText;
  }

  /** Whether a piece that names no other call belongs to this one. */
  isContinuedBy({ name, id }: JsonObject): boolean {
    if (!this.isOpen) return false;
    if (typeof id === "string" && id !== "") return id === this.id;
    return typeof name !== "string" || name === "";
  }

  /** Gives the reason when there can be no such arguments. */
  add({ args, partialArgs, willContinue }: JsonObject): string | undefined {
    this.isOpen = willContinue === true;
    if (isJsonObject(args)) this.#replace(argumentsText(args));
    if (!Array.isArray(partialArgs)) return undefined;
    for (const piece of partialArgs as readonly JsonValue[]) {
      if (!isJsonObject(piece)) continue;
      this.#count(piece.stringValue ?? "");
      if (!this.#keepText) continue;
      const fault = this.#partial.add(piece);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #replace(args: string): void {
    if (args !== NO_ARGUMENTS) this.#count(args);
    if (this.#keepText) this.#args = args;
  }

  #count(text: JsonValue): void {
    if (typeof text === "string") this.outputBytes += Buffer.byteLength(text, "utf8");
  }

  /** A call without arguments has an empty object of them. */
  toolCall(): ToolCall {
    return {
      name: this.name,
      arguments: this.#args === undefined ? this.#partial.value() : parsedArguments(this.#args),
    };
  }
}

const NO_ARGUMENTS = "{}";
