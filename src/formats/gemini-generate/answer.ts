import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { KEPT_BYTES_MAX, keptWord } from "../bounds.ts";
import type { ReadAnswer, StreamProgress } from "../format.ts";
import { count } from "../loose.ts";
import type { ReadError } from "../openai/error.ts";
import { Candidate } from "./candidate.ts";
import { readError } from "./error.ts";
import { finishName } from "./finish.ts";
import { argumentsRoom } from "./partial-arguments.ts";
import { type GeminiUsage, mergeUsage, readUsage, wholeOf } from "./usage.ts";

/** Answers to one request (`candidateCount`). The API gives eight. */
export const CANDIDATES_MAX = 128;

/** An answer that grows: by one whole body, or by the events of a stream, which have the same form. */
export class AnswerBuilder {
  readonly #keepText: boolean;
  readonly #candidates = new Map<number, Candidate>();
  readonly #room = argumentsRoom();
  #model: string | undefined;
  #usage: GeminiUsage | undefined;
  /** How much was written when its tokens were counted last. */
  #countedBytes: number | undefined;
  #promptBlock: string | number | undefined;
  #error: ReadError | undefined;
  #isCount = false;
  /** Whether the body is all of the answer. */
  isWhole = false;

  constructor(keepText: boolean) {
    this.#keepText = keepText;
  }

  /** Whether the dialect's own end was seen: it has no marker. */
  get isComplete(): boolean {
    return this.#error !== undefined || this.#promptBlock !== undefined || this.#isFinished;
  }

  get #isFinished(): boolean {
    const candidates = [...this.#candidates.values()];
    return candidates.length > 0 && candidates.every(({ finishReason }) => finishReason !== null);
  }

  progress(): StreamProgress {
    const outputTokens = wholeOf(this.#usage, this.#isCounted && this.#isFinished)?.output;
    return { outputBytes: this.#outputBytes, outputTokens };
  }

  /** Takes a body or an event. Gives the reason when none can be like that. */
  add(body: JsonObject): string | undefined {
    // The first error counts: what follows it is its consequence.
    this.#error ??= readError(body);
    this.#isCount ||= isCount(body);
    if (typeof body.modelVersion === "string" && body.modelVersion !== "")
      this.#model = keptWord(body.modelVersion);
    const usage = readUsage(body.usageMetadata);
    if (usage !== undefined) this.#usage = mergeUsage(this.#usage, usage);
    this.#readFeedback(body.promptFeedback);
    const fault = this.#readCandidates(body.candidates);
    if (usage !== undefined) this.#countedBytes = this.#outputBytes;
    return fault;
  }

  get #isCounted(): boolean {
    return this.#countedBytes === this.#outputBytes;
  }

  #readFeedback(feedback: JsonValue | undefined): void {
    const reason = isJsonObject(feedback) ? feedback.blockReason : undefined;
    if (typeof reason === "number") this.#promptBlock ??= reason;
    if (typeof reason === "string" && reason !== "") this.#promptBlock ??= keptWord(reason);
  }

  #readCandidates(candidates: JsonValue | undefined): string | undefined {
    if (!Array.isArray(candidates)) return undefined;
    const all = (candidates as readonly JsonValue[]).filter(isJsonObject);
    // Google's servers leave out an index of 0, and where there is but one candidate any index.
    const areIndexed = all.some(({ index }) => count(index) !== undefined);
    for (const [position, candidate] of all.entries()) {
      const at = count(candidate.index) ?? (areIndexed ? 0 : position);
      const fault = this.#addTo(at, candidate) ?? this.#overfull();
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #addTo(at: number, candidate: JsonObject): string | undefined {
    let found = this.#candidates.get(at);
    if (found === undefined) {
      if (this.#candidates.size === CANDIDATES_MAX) return "too many candidates";
      found = new Candidate(this.#keepText, this.#room);
      this.#candidates.set(at, found);
    }
    return found.add(candidate);
  }

  #overfull(): string | undefined {
    return this.#keepText && this.#outputBytes > KEPT_BYTES_MAX
      ? `more than ${KEPT_BYTES_MAX} bytes of text`
      : undefined;
  }

  get #outputBytes(): number {
    let bytes = 0;
    for (const candidate of this.#candidates.values()) bytes += candidate.outputBytes;
    return bytes;
  }

  answer(): ReadAnswer {
    const candidates = [...this.#candidates].sort(([a], [b]) => a - b).map(([, candidate]) => candidate);
    const texts = candidates.map(({ text }) => text);
    const thoughts = candidates.map((candidate) => candidate.thoughts ?? "").join("");
    const reasons = candidates.map(({ finishReason }) => finishReason);
    return {
      invalid: undefined,
      model: this.#model,
      usage: this.#usage?.usage,
      whole: this.#isCount
        ? { input: 0, output: 0 }
        : wholeOf(this.#usage, this.#isCounted && (this.isWhole || this.isComplete)),
      finishReasons: reasons.map((reason) => (reason === null ? null : finishName(reason))),
      finishKinds: candidates.map(({ finishKind }) => finishKind),
      text: texts[0],
      texts,
      outputBytes: this.#outputBytes,
      toolCalls: candidates.flatMap(({ toolCalls }) => toolCalls),
      reasoningText: thoughts === "" ? undefined : thoughts,
      refusal: undefined,
      error: this.#error?.error,
      errorCode: this.#error?.code ?? null,
      details: this.#details(candidates),
    };
  }

  #details(candidates: readonly Candidate[]): JsonObject {
    const items = candidates.flatMap(({ serverItems }) => serverItems);
    const reasons = candidates.map(({ finishReason }) => finishReason);
    return {
      ...(items.length === 0 ? {} : { server_items: items }),
      ...(this.#promptBlock === undefined ? {} : { prompt_block: this.#promptBlock }),
      // As on the wire, where they are numbers.
      ...(reasons.some((reason) => typeof reason === "number") ? { finish_reasons: reasons } : {}),
    };
  }
}

/** The answer to a count of tokens: it is no usage, because counting uses none. */
function isCount(body: JsonObject): boolean {
  return typeof body.totalTokens === "number" && body.candidates === undefined;
}
