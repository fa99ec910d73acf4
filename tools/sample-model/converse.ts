import { type AwsHeader, encodeAwsMessage } from "../../src/wire/aws-event-stream.ts";
import type { Completion } from "./answer.ts";
import type { Dialect } from "./dialect.ts";
import { ANSWER_TOKENS_MAX, type ChatRequest, isObject, parseJson, positive, textOf } from "./request.ts";

const PATH = /^\/model\/([^/]+)\/converse(-stream)?$/;

/** Bedrock's Converse, whose path names the model and says whether the answer streams; undefined for other paths. */
export function converseAt(pathname: string): Dialect | undefined {
  const [, model, stream] = PATH.exec(pathname) ?? [];
  if (model === undefined) return undefined;
  return {
    parse: (body) => parseConverse(body, decodeURIComponent(model), stream !== undefined),
    document: (completion, withUsage) => ({
      output: { message: { role: "assistant", content: [{ text: completion.pieces.join("") }] } },
      stopReason: STOP_REASONS[completion.finishReason],
      metrics: { latencyMs: 1 },
      ...(withUsage ? { usage: usageOf(completion) } : {}),
    }),
    streamType: "application/vnd.amazon.eventstream",
    events: (completion, withUsage) => [...events(completion, withUsage)],
    lastEvent: "",
    error: (status, _code, message) => ({ __type: EXCEPTIONS.get(status) ?? "ValidationException", message }),
    unauthorized: 403,
    errorEvent: (error) => frame("exception", ":exception-type", "modelStreamErrorException", error),
  };
}

function parseConverse(body: Buffer, model: string, stream: boolean): ChatRequest | undefined {
  const value = parseJson(body);
  if (!isObject(value) || !Array.isArray(value.messages)) return undefined;
  const messages = value.messages.filter(isObject);
  const config = isObject(value.inferenceConfig) ? value.inferenceConfig : {};
  return {
    model,
    stream,
    includeUsage: true,
    maxTokens: Math.min(ANSWER_TOKENS_MAX, positive(config.maxTokens) ?? ANSWER_TOKENS_MAX),
    choices: 1,
    reasoning: false,
    texts: [textOf(value.system), ...messages.map(({ content }) => textOf(content))],
    lastUserText: textOf(messages.filter(({ role }) => role === "user").at(-1)?.content),
  };
}

function* events(completion: Completion, withUsage: boolean): Generator<Buffer> {
  yield event("messageStart", { role: "assistant" });
  for (const text of completion.pieces)
    yield event("contentBlockDelta", { contentBlockIndex: 0, delta: { text } });
  yield event("contentBlockStop", { contentBlockIndex: 0 });
  yield event("messageStop", { stopReason: STOP_REASONS[completion.finishReason] });
  if (withUsage) yield event("metadata", { usage: usageOf(completion), metrics: { latencyMs: 1 } });
}

function event(type: string, payload: object): Buffer {
  return frame("event", ":event-type", type, payload);
}

function frame(messageType: string, name: string, type: string, payload: object): Buffer {
  const headers = { [name]: type, ":content-type": "application/json", ":message-type": messageType };
  const typed = Object.entries(headers).map(([header, value]): readonly [string, AwsHeader] => [
    header,
    { type: "string", value },
  ]);
  return encodeAwsMessage(new Map(typed), Buffer.from(JSON.stringify(payload)));
}

const STOP_REASONS = { stop: "end_turn", length: "max_tokens" } as const;

const EXCEPTIONS: ReadonlyMap<number, string> = new Map([
  [403, "AccessDeniedException"],
  [404, "ResourceNotFoundException"],
  [429, "ThrottlingException"],
  [500, "InternalServerException"],
  [503, "ServiceUnavailableException"],
]);

/** Cached tokens are not in `inputTokens`, as Bedrock counts them. */
function usageOf({ usage }: Completion): object {
  const cached = usage.prompt_tokens_details.cached_tokens;
  return {
    inputTokens: usage.prompt_tokens - cached,
    outputTokens: usage.completion_tokens,
    totalTokens: usage.total_tokens,
    cacheReadInputTokens: cached,
    cacheWriteInputTokens: 0,
  };
}
