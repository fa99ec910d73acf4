import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { parse } from "../../formats/loose.ts";
import { AnswerBuilder } from "../../formats/triton-generate/answer.ts";
import { initialSse, restOfSse, SSE_EVENT_BYTES_MAX, stepSse } from "../../wire/sse.ts";
import type { AnswerFacts, StreamTranslator, Warn } from "../translation.ts";
import { choice, completionObject, failureObject, finishReason, usageOf } from "./answer.ts";
import { warnOfMembers, withTextOutput } from "./generate.ts";

/**
 * `generate_stream` as a stream of completions. Triton sends no end: once its stream is whole, the client gets the reason to finish,
 * the usage if it asked and the server counted, and `[DONE]`.
 */
export class CompletionStream implements StreamTranslator {
  readonly #textOutput: string;
  readonly #facts: AnswerFacts;
  readonly #warn: Warn;
  readonly #sse = initialSse();
  readonly #answer = new AnswerBuilder(false);
  readonly #told = new Set<string>();
  #hasText = false;
  #fault: string | undefined;

  constructor(textOutput: string, facts: AnswerFacts, warn: Warn) {
    this.#textOutput = textOutput;
    this.#facts = facts;
    this.#warn = (warning) => this.#once(warning, warn);
  }

  push(chunk: Buffer): { readonly bytes: Buffer; readonly fault: string | undefined } {
    const pieces: string[] = [];
    const { events, oversized } = this.#fault === undefined ? stepSse(this.#sse, chunk) : NOTHING;
    for (const { data } of events) {
      if (this.#fault !== undefined || this.#answer.hasError) break;
      pieces.push(this.#take(parse(data)));
    }
    if (oversized && !this.#answer.hasError)
      this.#fault ??= `an event is larger than ${SSE_EVENT_BYTES_MAX} bytes`;
    return { bytes: Buffer.from(pieces.join("")), fault: this.#fault };
  }

  end(): { readonly bytes: Buffer; readonly complete: boolean } {
    if (this.#fault === undefined && this.#answer.hasError) return { bytes: Buffer.alloc(0), complete: true };
    const isWhole = this.#hasText && this.#answer.isWhole && restOfSse(this.#sse).length === 0;
    if (this.#fault !== undefined || !isWhole) return { bytes: Buffer.alloc(0), complete: false };
    const { finishReasons, model, usage } = this.#answer.answer();
    const last = choice(0, "", finishReason(finishReasons[0] ?? undefined, this.#warn));
    const counted = this.#facts.includeUsage ? usageOf(usage).usage : undefined;
    const bytes = [
      event(completionObject([last], model, this.#facts)),
      ...(counted === undefined ? [] : [event(completionObject([], model, this.#facts, usage))]),
      "data: [DONE]\n\n",
    ];
    return { bytes: Buffer.from(bytes.join("")), complete: true };
  }

  #take(value: JsonValue | undefined): string {
    if (!isJsonObject(value)) {
      this.#fault = "an event is no JSON object";
      return "";
    }
    const fault = this.#answer.add(withTextOutput(value, this.#textOutput));
    if (fault !== undefined) {
      this.#fault = `the answer has ${fault}`;
      return "";
    }
    const { error, model } = this.#answer.answer();
    if (error !== undefined) return event(failureObject(error.message, ERROR_STATUS));
    warnOfMembers(value, this.#textOutput, this.#warn);
    const choices = textsOf(value[this.#textOutput]).map((text, index) => choice(index, text, null));
    this.#hasText ||= choices.length > 0;
    return choices.length === 0 ? "" : event(completionObject(choices, model, this.#facts));
  }

  /** Every event of a stream loses the same: it is told once. */
  #once(warning: Parameters<Warn>[0], warn: Warn): void {
    if (this.#told.has(warning.member) || this.#told.size === MEMBERS_TOLD_MAX) return;
    this.#told.add(warning.member);
    warn(warning);
  }
}

/** Different members told of one stream: models have a dozen outputs, and an upstream must not make more of it. */
export const MEMBERS_TOLD_MAX = 64;

const NOTHING = { events: [], oversized: false } as const;

/** What an error in a stream is: the status of the answer was sent before it. */
const ERROR_STATUS = 500;

function textsOf(output: JsonValue | undefined): readonly string[] {
  const texts: readonly JsonValue[] = Array.isArray(output) ? output : [output ?? null];
  return texts.filter((text) => typeof text === "string");
}

function event(object: JsonObject): string {
  return `data: ${JSON.stringify(object)}\n\n`;
}
