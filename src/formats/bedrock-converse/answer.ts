import type { Usage } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { KEPT_BYTES_MAX, keptWord } from "../bounds.ts";
import type { ReadAnswer, StreamProgress } from "../format.ts";
import { joined, mergeUsage } from "../loose.ts";
import type { ReadError } from "../openai/error.ts";
import { Block } from "./block.ts";
import { finishKind } from "./finish.ts";
import { readUsage, wholeOf } from "./usage.ts";

/** Content blocks of one answer. A long turn of the provider's own tools has some hundred. */
export const CONVERSE_BLOCKS_MAX = 4096;

/** An answer that grows: by one whole message, or by the events of a stream. */
export class ConverseBuilder {
  readonly #keepText: boolean;
  readonly #blocks = new Map<number, Block>();
  #outputBytes = 0;
  #usage: Usage | undefined;
  /** How much was written when its tokens were counted. */
  #countedBytes: number | undefined;
  #stopReason: string | undefined;
  #error: ReadError | undefined;

  constructor(keepText: boolean) {
    this.#keepText = keepText;
  }

  /** With its reason to stop a message is whole: only the metadata may be missing. */
  get isOver(): boolean {
    return this.#stopReason !== undefined || this.#error !== undefined;
  }

  /** Usage comes with the metadata, which Bedrock writes behind everything else. */
  progress(): StreamProgress {
    return {
      outputBytes: this.#outputBytes,
      outputTokens: this.#isCounted ? this.#usage?.output : undefined,
    };
  }

  get #isCounted(): boolean {
    return this.#countedBytes === this.#outputBytes;
  }

  /** Takes a whole answer. Gives the reason when none can be like that. */
  body({ output, stopReason, usage }: JsonObject): string | undefined {
    this.stop(stopReason);
    const message = isJsonObject(output) ? output.message : undefined;
    const fault = this.#addWhole(isJsonObject(message) ? message.content : undefined);
    this.meter(usage);
    return fault;
  }

  #addWhole(content: JsonValue | undefined): string | undefined {
    if (!Array.isArray(content)) return undefined;
    for (const [index, block] of (content as readonly JsonValue[]).entries()) {
      const fault = this.#change(index, block, (found, whole) => found.whole(whole));
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** The first error counts: what follows it is its consequence. */
  fail(error: ReadError | undefined): void {
    this.#error ??= error;
  }

  /** `contentBlockStart`. Some servers leave out the number of the first block. */
  startBlock({ contentBlockIndex = 0, start }: JsonObject): string | undefined {
    return this.#change(contentBlockIndex, start, (block, begins) => block.start(begins));
  }

  /** `contentBlockDelta` */
  addToBlock({ contentBlockIndex = 0, delta }: JsonObject): string | undefined {
    return this.#change(contentBlockIndex, delta, (block, piece) => block.add(piece));
  }

  /** `stopReason` */
  stop(reason: JsonValue | undefined): void {
    if (typeof reason === "string" && reason !== "") this.#stopReason = keptWord(reason);
  }

  /** `usage` */
  meter(usage: JsonValue | undefined): void {
    const reported = readUsage(usage);
    this.#usage = mergeUsage(this.#usage, reported);
    if (reported?.output !== undefined) this.#countedBytes = this.#outputBytes;
  }

  #change(
    index: JsonValue | undefined,
    value: JsonValue | undefined,
    change: (block: Block, value: JsonObject) => void,
  ): string | undefined {
    if (typeof index !== "number" || !isJsonObject(value)) return undefined;
    if (!this.#blocks.has(index) && this.#blocks.size === CONVERSE_BLOCKS_MAX)
      return "too many content blocks";
    const block = this.#blocks.get(index) ?? new Block(this.#keepText);
    this.#blocks.set(index, block);
    const before = block.outputBytes;
    change(block, value);
    this.#outputBytes += block.outputBytes - before;
    return this.#keepText && this.#outputBytes > KEPT_BYTES_MAX
      ? `more than ${KEPT_BYTES_MAX} bytes of text`
      : undefined;
  }

  answer(): ReadAnswer {
    const blocks = [...this.#blocks].sort(([a], [b]) => a - b).map(([, block]) => block);
    const text = joined(blocks.map((block) => block.text));
    const reasoning = joined(blocks.map((block) => block.reasoning));
    const items = blocks.flatMap((block) => block.serverItem ?? []);
    return {
      invalid: undefined,
      // The path names it, and an answer does not say it again.
      model: undefined,
      usage: this.#usage,
      whole: wholeOf(this.#usage, this.#isCounted),
      finishReasons: this.#stopReason === undefined ? [] : [this.#stopReason],
      finishKinds: this.#stopReason === undefined ? [] : [finishKind(this.#stopReason)],
      text,
      texts: [text],
      outputBytes: this.#outputBytes,
      toolCalls: blocks.flatMap((block) => block.toolCall ?? []),
      reasoningText: reasoning === "" ? undefined : reasoning,
      refusal: undefined,
      error: this.#error?.error,
      errorCode: this.#error?.code ?? null,
      details: items.length === 0 ? {} : { server_items: items },
    };
  }
}
