import type { Usage } from "../../exchange/inference.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import { KEPT_BYTES_MAX, keptWord } from "../bounds.ts";
import type { ReadAnswer, StreamProgress } from "../format.ts";
import { type PlainError, readPlainError } from "../plain-error.ts";
import { finishKind, NOT_FINISHED } from "./finish.ts";
import { addUsage, readUsage } from "./usage.ts";

/** Texts of one answer: one for each text of the request, or for each beam. */
export const TEXTS_MAX = 1024;

/** An answer that grows: by one whole object, or by the events of a stream, which have the same form. */
export class AnswerBuilder {
  readonly #keepText: boolean;
  readonly #texts: string[] = [];
  #hasText = false;
  #outputBytes = 0;
  #model: string | undefined;
  #id: string | undefined;
  #usage: Usage | undefined;
  #finish: string | undefined;
  #error: PlainError | undefined;
  #sequence: "none" | "open" | "ended" = "none";
  #saysFinish = false;

  constructor(keepText: boolean) {
    this.#keepText = keepText;
  }

  get hasError(): boolean {
    return this.#error !== undefined;
  }

  /** Whether nothing in the answer says that more is to come. */
  get isWhole(): boolean {
    return this.#sequence !== "open" && (!this.#saysFinish || this.#finish !== undefined);
  }

  /** Takes an object of the answer. Gives the reason when none can be like that. */
  add(body: JsonObject): string | undefined {
    this.#error ??= readPlainError(body);
    if (typeof body.model_name === "string" && body.model_name !== "")
      this.#model = keptWord(body.model_name);
    if (typeof body.id === "string" && body.id !== "") this.#id = keptWord(body.id);
    this.#usage = addUsage(this.#usage, readUsage(body));
    this.#readFinish(body.finish_reason);
    this.#readSequence(body);
    return body.text_output === undefined ? undefined : this.#say(body.text_output);
  }

  /** Servers count tokens event by event, and not in every event: the sum is whole at the end only. */
  progress(): StreamProgress {
    const outputTokens = this.isWhole && this.#finish !== undefined ? this.#usage?.output : undefined;
    return { outputBytes: this.#outputBytes, outputTokens };
  }

  #readFinish(value: JsonValue | undefined): void {
    const reason = Array.isArray(value) ? (value[0] as JsonValue | undefined) : value;
    if (typeof reason !== "string") return;
    this.#saysFinish = true;
    if (reason !== NOT_FINISHED && reason !== "") this.#finish = keptWord(reason);
  }

  /** A sequence with a beginning has an end. Without a sequence TensorRT-LLM sets neither. */
  #readSequence({ sequence_start: starts, sequence_end: ends }: JsonObject): void {
    if (starts === true && this.#sequence === "none") this.#sequence = "open";
    if (ends === true) this.#sequence = "ended";
  }

  #say(output: JsonValue): string | undefined {
    const texts: readonly JsonValue[] = Array.isArray(output) ? output : [output];
    if (texts.length > TEXTS_MAX) return "too many texts";
    for (const [index, text] of texts.entries()) {
      if (typeof text !== "string") continue;
      this.#hasText = true;
      this.#outputBytes += Buffer.byteLength(text, "utf8");
      if (this.#keepText) this.#texts[index] = (this.#texts[index] ?? "") + text;
    }
    return this.#keepText && this.#outputBytes > KEPT_BYTES_MAX
      ? `more than ${KEPT_BYTES_MAX} bytes of text`
      : undefined;
  }

  answer(): ReadAnswer {
    const texts = Array.from(this.#texts, (text) => text as string | undefined);
    const isKept = this.#hasText && this.#keepText;
    return {
      invalid: undefined,
      model: this.#model,
      usage: this.#usage,
      finishReasons: this.#finish === undefined ? [] : [this.#finish],
      finishKinds: this.#finish === undefined ? [] : [finishKind(this.#finish)],
      text: isKept ? texts[0] : undefined,
      texts: isKept ? texts : [undefined],
      outputBytes: this.#outputBytes,
      toolCalls: [],
      reasoningText: undefined,
      refusal: undefined,
      error: this.#error?.error,
      errorCode: this.#error?.code ?? null,
      details: this.#id === undefined ? {} : { id: this.#id },
    };
  }
}
