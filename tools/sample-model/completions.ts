import type { Completion } from "./answer.ts";
import { ANSWER_TOKENS_MAX, type ChatRequest, isObject, parseJson, positive } from "./request.ts";

/** What real servers give when nobody says how much. */
const MAX_TOKENS_DEFAULT = 16;

/** Reads a body; undefined when it is no completion request. The last prompt of a list is the one that is answered. */
export function parseCompletionRequest(body: Buffer): ChatRequest | undefined {
  const value = parseJson(body);
  if (!isObject(value) || typeof value.model !== "string") return undefined;
  const texts = textsIn(value.prompt);
  const last = texts.at(-1);
  if (last === undefined) return undefined;
  const options = isObject(value.stream_options) ? value.stream_options : {};
  return {
    model: value.model,
    stream: value.stream === true,
    includeUsage: options.include_usage === true,
    maxTokens: Math.min(ANSWER_TOKENS_MAX, positive(value.max_tokens) ?? MAX_TOKENS_DEFAULT),
    choices: texts.length,
    reasoning: false,
    texts,
    lastUserText: last,
  };
}

/** A text or a list of texts. */
export function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((text) => typeof text === "string") : [];
}

export function textDocument(completion: Completion, withUsage: boolean): object {
  return {
    ...head(completion),
    choices: choices(completion, completion.pieces.join(""), completion.finishReason),
    ...(withUsage ? { usage: completion.usage } : {}),
  };
}

/** The answer as the documents of a stream, without `[DONE]`. */
export function* textEvents(completion: Completion, withUsage: boolean): Generator<object> {
  const pending = withUsage ? { usage: null } : {};
  for (const piece of completion.pieces) {
    yield { ...head(completion), choices: choices(completion, piece, null), ...pending };
  }
  yield { ...head(completion), choices: choices(completion, "", completion.finishReason), ...pending };
  if (withUsage) yield { ...head(completion), choices: [], usage: completion.usage };
}

function head({ id, created, model }: Completion): object {
  return { id, object: "text_completion", created, model };
}

function choices({ choices: count }: Completion, text: string, finishReason: string | null): object[] {
  return Array.from({ length: count }, (_, index) => ({
    index,
    text,
    logprobs: null,
    finish_reason: finishReason,
  }));
}
