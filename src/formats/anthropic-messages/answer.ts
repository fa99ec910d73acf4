import type { Answer, Usage } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { KEPT_BYTES_MAX, keptWord } from "../bounds.ts";
import type { ReadAnswer, StreamProgress } from "../format.ts";
import { joined, mergeUsage } from "../loose.ts";
import type { ReadError } from "../openai/error.ts";
import { Block } from "./block.ts";
import { readError } from "./error.ts";
import { finishKind } from "./finish.ts";
import { readUsage, wholeOf } from "./usage.ts";

/** Content blocks of one answer. A long turn of the provider's own tools has some hundred. */
export const CONTENT_BLOCKS_MAX = 4096;

/** An answer that grows: by one whole message, or by the events of a stream. */
export class MessageBuilder {
  readonly #keepText: boolean;
  #blocks = new Map<number, Block>();
  #starts = 0;
  #outputBytes = 0;
  #model: string | undefined;
  #usage: Usage | undefined;
  /** Whether the output was counted after all that was written of it. */
  #isCounted = false;
  #whole: Answer["whole"];
  #stopReason: string | undefined;
  #error: ReadError | undefined;

  constructor(keepText: boolean) {
    this.#keepText = keepText;
  }

  get hasError(): boolean {
    return this.#error !== undefined;
  }

  get isFinished(): boolean {
    return this.#stopReason !== undefined;
  }

  progress(): StreamProgress {
    const outputTokens = this.#isCounted ? this.#usage?.output : undefined;
    return { outputBytes: this.#outputBytes, outputTokens };
  }

  /** Takes a whole answer: a message, an error, or a count of tokens. Gives the reason when none can be like that. */
  body(body: JsonObject): string | undefined {
    this.fail(body);
    if (isCount(body)) this.#whole = { input: 0, output: 0 };
    const fault = this.#message(body);
    this.#isCounted = true;
    return fault;
  }

  /** The first error counts: what follows it is its consequence. */
  fail(body: JsonObject): void {
    this.#error ??= readError(body);
  }

  /** A second start discards what was begun: the provider began anew. What was delivered until then stays counted. */
  start(message: JsonValue | undefined): string | undefined {
    this.#starts++;
    this.#blocks = new Map();
    this.#isCounted = false;
    this.#stopReason = undefined;
    return isJsonObject(message) ? this.#message(message) : undefined;
  }

  /** `content_block_start` */
  startBlock(index: JsonValue | undefined, content: JsonValue | undefined): string | undefined {
    if (typeof index !== "number" || !isJsonObject(content)) return undefined;
    if (!this.#blocks.has(index) && this.#blocks.size === CONTENT_BLOCKS_MAX)
      return "too many content blocks";
    const block = new Block(content, this.#keepText);
    this.#blocks.set(index, block);
    return this.#counted(block.outputBytes);
  }

  /** `content_block_delta`. One of a block that was not begun, or of a kind that is not known, says nothing. */
  addToBlock(index: JsonValue | undefined, delta: JsonValue | undefined): string | undefined {
    const block = typeof index === "number" ? this.#blocks.get(index) : undefined;
    if (block === undefined || !isJsonObject(delta)) return undefined;
    const before = block.outputBytes;
    block.add(delta);
    return this.#counted(block.outputBytes - before);
  }

  /** `message_delta` */
  finish({ delta, usage }: JsonObject): void {
    if (isJsonObject(delta)) this.#stop(delta.stop_reason);
    const reported = readUsage(usage);
    if (reported?.output !== undefined) this.#isCounted = true;
    this.#usage = mergeUsage(this.#usage, reported);
  }

  #message(message: JsonObject): string | undefined {
    if (typeof message.model === "string" && message.model !== "") this.#model = keptWord(message.model);
    this.#usage = mergeUsage(this.#usage, readUsage(message.usage));
    this.#stop(message.stop_reason);
    if (!Array.isArray(message.content)) return undefined;
    for (const [index, content] of (message.content as readonly JsonValue[]).entries()) {
      const fault = this.startBlock(index, content);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #stop(reason: JsonValue | undefined): void {
    if (typeof reason === "string" && reason !== "") this.#stopReason = keptWord(reason);
  }

  #counted(bytes: number): string | undefined {
    this.#outputBytes += bytes;
    if (bytes > 0) this.#isCounted = false;
    return this.#keepText && this.#outputBytes > KEPT_BYTES_MAX
      ? `more than ${KEPT_BYTES_MAX} bytes of text`
      : undefined;
  }

  answer(): ReadAnswer {
    const blocks = [...this.#blocks].sort(([a], [b]) => a - b).map(([, block]) => block);
    const text = joined(blocks.map((block) => block.text));
    const reasoning = joined(blocks.map((block) => block.thinking));
    return {
      invalid: undefined,
      model: this.#model,
      usage: this.#usage,
      whole: this.#whole ?? wholeOf(this.#usage, this.#isCounted),
      finishReasons: this.#stopReason === undefined ? [] : [this.#stopReason],
      finishKinds: this.#stopReason === undefined ? [] : [finishKind(this.#stopReason)],
      text,
      texts: [text],
      outputBytes: this.#outputBytes,
      toolCalls: blocks.flatMap((block) => block.toolCall ?? []),
      // Thinking that is only shown as a signature has an empty text.
      reasoningText: reasoning === "" ? undefined : reasoning,
      refusal: undefined,
      error: this.#error?.error,
      errorCode: this.#error?.code ?? null,
      details: this.#details(blocks),
    };
  }

  #details(blocks: readonly Block[]): JsonObject {
    const items = blocks.filter(({ isServerItem }) => isServerItem).map(({ type }) => type);
    return {
      ...(items.length === 0 ? {} : { server_items: items }),
      ...(this.#starts > 1 ? { message_starts: this.#starts } : {}),
    };
  }
}

/** The answer to a count of tokens: it is no usage, because counting uses none. */
function isCount(body: JsonObject): boolean {
  return typeof body.input_tokens === "number" && body.type === undefined && body.content === undefined;
}
