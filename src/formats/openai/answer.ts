import type { Usage } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { KEPT_BYTES_MAX, keptWord, TOOL_CALLS_MAX } from "../bounds.ts";
import type { ReadAnswer, StreamProgress } from "../format.ts";
import { mergeUsage, partlyCounted } from "../loose.ts";
import { Choice } from "./choice.ts";
import { type ReadError, readError } from "./error.ts";
import { finishKind } from "./finish.ts";
import { readUsage } from "./usage.ts";

/** Choices of one answer. OpenAI makes at most 128. */
export const CHOICES_MAX = 1024;

/** What a choice says: its `message` in a whole answer, its `delta` in a stream, or what else a dialect calls it. */
export type PartOf = (choice: JsonObject) => JsonValue | undefined;

/** An answer that grows: by one whole body, or by the events of a stream. */
export class AnswerBuilder {
  readonly #choices = new Map<number, Choice>();
  readonly #keepText: boolean;
  #outputBytes = 0;
  #calls = 0;
  #model: string | undefined;
  #usage: Usage | undefined;
  /** How much was written when its tokens were counted last: some servers count at the beginning, some as they go. */
  #countedBytes: number | undefined;
  #error: ReadError | undefined;

  constructor(keepText: boolean) {
    this.#keepText = keepText;
  }

  get hasError(): boolean {
    return this.#error !== undefined;
  }

  get allFinished(): boolean {
    return (
      this.#choices.size > 0 && [...this.#choices.values()].every(({ finishReason }) => finishReason !== null)
    );
  }

  progress(): StreamProgress {
    return {
      outputBytes: this.#outputBytes,
      outputTokens: this.#isCounted ? this.#usage?.output : undefined,
    };
  }

  get #isCounted(): boolean {
    return this.#countedBytes === this.#outputBytes;
  }

  /** The first error counts: what follows it is its consequence. */
  fail(error: ReadError | undefined): void {
    this.#error ??= error;
  }

  /** Takes a body or an event. Gives the reason when an answer cannot be like that, and nothing after it counts. */
  add(body: JsonObject, partOf: PartOf): string | undefined {
    this.fail(readError(body));
    if (typeof body.model === "string" && body.model !== "") this.#model ??= keptWord(body.model);
    const reported = readUsage(body);
    this.#usage = mergeUsage(this.#usage, reported);
    const fault = this.#addChoices(body.choices, partOf);
    if (reported?.output !== undefined) this.#countedBytes = this.#outputBytes;
    return fault;
  }

  #addChoices(choices: JsonValue | undefined, partOf: PartOf): string | undefined {
    if (!Array.isArray(choices)) return undefined;
    for (const [position, choice] of (choices as readonly JsonValue[]).entries()) {
      if (isJsonObject(choice) && !this.#add(choice, position, partOf))
        return "too many choices or tool calls";
    }
    return this.#keepText && this.#outputBytes > KEPT_BYTES_MAX
      ? `more than ${KEPT_BYTES_MAX} bytes of text`
      : undefined;
  }

  #add(body: JsonObject, position: number, partOf: PartOf): boolean {
    const choice = this.#choiceAt(typeof body.index === "number" ? body.index : position);
    if (choice === undefined) return false;
    // Some servers send an empty text where others send null.
    if (typeof body.finish_reason === "string" && body.finish_reason !== "")
      choice.finishReason = keptWord(body.finish_reason);
    const message = partOf(body);
    if (!isJsonObject(message)) return true;
    const { outputBytes, callCount } = choice;
    const fits = choice.add(message);
    this.#outputBytes += choice.outputBytes - outputBytes;
    this.#calls += choice.callCount - callCount;
    return fits && this.#calls <= TOOL_CALLS_MAX;
  }

  #choiceAt(index: number): Choice | undefined {
    const known = this.#choices.get(index);
    if (known !== undefined) return known;
    if (this.#choices.size === CHOICES_MAX) return undefined;
    const choice = new Choice(this.#keepText);
    this.#choices.set(index, choice);
    return choice;
  }

  answer(): ReadAnswer {
    const choices = [...this.#choices].sort(([a], [b]) => a - b).map(([, choice]) => choice);
    return {
      invalid: undefined,
      model: this.#model,
      usage: this.#usage,
      ...partlyCounted(this.#isCounted, this.#usage),
      finishReasons: choices.map(({ finishReason }) => finishReason),
      finishKinds: choices.map(({ finishReason }) => finishKind(finishReason)),
      text: choices[0]?.text,
      texts: choices.map(({ text }) => text),
      outputBytes: this.#outputBytes,
      toolCalls: choices.flatMap((choice) => choice.toolCalls()),
      reasoningText: choices[0]?.reasoning,
      refusal: choices[0]?.refusal,
      error: this.#error?.error,
      errorCode: this.#error?.code ?? null,
    };
  }
}
