import type { Completion } from "./answer.ts";
import { ANSWER_TOKENS_MAX, type ChatRequest, isObject, parseJson, positive, textOf } from "./request.ts";

/** Reads a request for a message; undefined when the body is none. */
export function parseMessageRequest(body: Buffer): ChatRequest | undefined {
  const value = parseJson(body);
  if (!isObject(value) || typeof value.model !== "string" || !Array.isArray(value.messages)) return undefined;
  const messages = value.messages.filter(isObject);
  const user = messages.filter((message) => message.role === "user").at(-1);
  const system = value.system === undefined ? [] : [textOf(value.system)];
  return {
    model: value.model,
    stream: value.stream === true,
    includeUsage: true,
    maxTokens: Math.min(ANSWER_TOKENS_MAX, positive(value.max_tokens) ?? ANSWER_TOKENS_MAX),
    choices: 1,
    reasoning: isObject(value.thinking) && value.thinking.type === "enabled",
    texts: [...system, ...messages.map((message) => textOf(message.content))],
    lastUserText: textOf(user?.content),
  };
}

/** The answer as one document. */
export function messageDocument(completion: Completion, withUsage: boolean): object {
  return {
    ...head(completion),
    content: [{ type: "text", text: completion.pieces.join("") }],
    stop_reason: STOP_REASONS[completion.finishReason],
    ...(withUsage ? { usage: usageOf(completion, completion.usage.completion_tokens) } : {}),
  };
}

/** The answer as the events of a stream, without `message_stop`. */
export function* messageEvents(
  completion: Completion,
  withUsage: boolean,
): Generator<{ readonly type: string }> {
  yield event("message_start", {
    message: {
      ...head(completion),
      content: [],
      stop_reason: null,
      ...(withUsage ? { usage: usageOf(completion, 1) } : {}),
    },
  });
  yield event("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
  yield event("ping", {});
  for (const text of completion.pieces)
    yield event("content_block_delta", { index: 0, delta: { type: "text_delta", text } });
  yield event("content_block_stop", { index: 0 });
  yield event("message_delta", {
    delta: { stop_reason: STOP_REASONS[completion.finishReason], stop_sequence: null },
    ...(withUsage ? { usage: { output_tokens: completion.usage.completion_tokens } } : {}),
  });
}

/** Anthropic's error object. */
export function messageError(status: number, code: string, message: string): object {
  const type = ERROR_TYPES.get(status) ?? (status < 500 ? "invalid_request_error" : "api_error");
  return { type: "error", error: { type, message, details: { error_code: code } }, request_id: "req_sim" };
}

const ERROR_TYPES: ReadonlyMap<number, string> = new Map([
  [401, "authentication_error"],
  [429, "rate_limit_error"],
]);

const STOP_REASONS = { stop: "end_turn", length: "max_tokens" } as const;

function head({ id, model }: Completion): object {
  return {
    id: id.replace("chatcmpl-", "msg_"),
    type: "message",
    role: "assistant",
    model,
    stop_sequence: null,
  };
}

function event(type: string, members: object): { readonly type: string } {
  return { type, ...members };
}

/** Cached tokens are not in `input_tokens`, as Anthropic counts them. */
function usageOf({ usage }: Completion, output: number): object {
  const cached = usage.prompt_tokens_details.cached_tokens;
  return {
    input_tokens: usage.prompt_tokens - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    output_tokens: output,
  };
}
