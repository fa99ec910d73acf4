import type { Directives } from "./directives.ts";
import { ANSWER_TOKENS_MAX, type ChatRequest } from "./request.ts";
import { cachedTokens, promptTokens, tokensOf } from "./text.ts";

/** What will be answered, before it is put into one document or many events. */
export type Completion = {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  /** One token each. The same for every choice. */
  readonly pieces: readonly string[];
  readonly finishReason: "stop" | "length";
  readonly choices: number;
  readonly usage: Usage;
};

type Usage = {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
  readonly completion_tokens_details: { readonly reasoning_tokens: number };
};

/** Tokens that are charged as reasoning when the request asks for an effort. */
const REASONING_TOKENS = 8;

/** The answer to a request: who answered, and the last user text again. The same request gets the same answer. */
export function complete(
  server: { readonly name: string; readonly region: string },
  request: ChatRequest,
  directives: Directives,
  sequence: number,
  nowMs: number,
): Completion {
  const echo = `[${server.name} ${server.region} ${request.model}] You said: ${request.lastUserText}`;
  const wanted = directives.say === undefined ? tokensOf(echo) : wordsOf(directives.say);
  const pieces = wanted.slice(0, request.maxTokens);
  return {
    id: `chatcmpl-${server.name}-${sequence}`,
    created: Math.floor(nowMs / 1000),
    model: request.model,
    pieces,
    finishReason: pieces.length < wanted.length ? "length" : "stop",
    choices: request.choices,
    usage: directives.fault === "bad-usage" ? IMPOSSIBLE_USAGE : usageOf(request, pieces.length),
  };
}

function wordsOf(count: number): string[] {
  return Array.from({ length: Math.min(count, ANSWER_TOKENS_MAX + 1) }, (_, index) => `w${index} `);
}

function usageOf(request: ChatRequest, pieces: number): Usage {
  const prompt = promptTokens(request.texts);
  const reasoning = request.reasoning ? REASONING_TOKENS : 0;
  const completion = (pieces + reasoning) * request.choices;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cachedTokens(prompt) },
    completion_tokens_details: { reasoning_tokens: reasoning * request.choices },
  };
}

const IMPOSSIBLE_USAGE: Usage = {
  prompt_tokens: -5,
  completion_tokens: 1e15,
  total_tokens: 1.5,
  prompt_tokens_details: { cached_tokens: 7 },
  completion_tokens_details: { reasoning_tokens: -1 },
};

/** The answer as one document. */
export function completionDocument(completion: Completion, withUsage: boolean): object {
  const message = { role: "assistant", content: completion.pieces.join(""), refusal: null };
  return {
    id: completion.id,
    object: "chat.completion",
    created: completion.created,
    model: completion.model,
    choices: indexes(completion.choices).map((index) => ({
      index,
      message,
      logprobs: null,
      finish_reason: completion.finishReason,
    })),
    ...(withUsage ? { usage: completion.usage } : {}),
  };
}

/** The answer as the documents of a stream, without `[DONE]`: a role, the pieces, the reason, and the usage if asked for. */
export function* completionEvents(completion: Completion, withUsage: boolean): Generator<object> {
  const event = (choices: readonly object[], more: object = {}) => ({
    id: completion.id,
    object: "chat.completion.chunk",
    created: completion.created,
    model: completion.model,
    choices,
    ...(withUsage ? { usage: null } : {}),
    ...more,
  });
  const each = (delta: object, finishReason: string | null) =>
    event(indexes(completion.choices).map((index) => ({ index, delta, finish_reason: finishReason })));

  yield each({ role: "assistant", content: "" }, null);
  for (const piece of completion.pieces) yield each({ content: piece }, null);
  yield each({}, completion.finishReason);
  if (withUsage) yield event([], { usage: completion.usage });
}

/** OpenAI's error object. */
export function errorDocument(status: number, code: string, message: string): object {
  const type = status === 429 ? "rate_limit_error" : status < 500 ? "invalid_request_error" : "server_error";
  return { error: { message, type, param: null, code } };
}

function indexes(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
