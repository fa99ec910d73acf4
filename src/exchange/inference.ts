import type { JsonObject } from "./json.ts";

/** The wire dialects Regent reads. A JSON body of no dialect is read strictly for policy, and means nothing more. */
export const FORMAT_NAMES = [
  "openai-chat",
  "openai-completions",
  "openai-embeddings",
  "openai-responses",
  "anthropic-messages",
  "gemini-generate",
  "bedrock-converse",
  "triton-generate",
  "kserve-v1",
  "tfserving",
  "kserve-v2",
  "kserve-v2-grpc",
] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

/** A tensor as a request describes it. */
export type Tensor = {
  readonly name: string;
  /** `FP32`, `INT64`, `BYTES` ...: the names of the Open Inference Protocol. Absent where the dialect does not say. */
  readonly datatype?: string;
  /** Elements in each dimension. */
  readonly shape: readonly number[];
};

/** A piece of text in a body and where it stands. */
export type TextPart = {
  /** RFC 6901 pointer to the JSON string in the body. */
  readonly pointer: string;
  readonly text: string;
  /** The role of the message it belongs to, or what kind of text it is: `tool_description`, `user_id` ... */
  readonly role: string;
};

/** A part that the format could not read as text: policy may refuse it. */
export type OpaquePart = {
  readonly pointer: string;
  /** `image`, `audio`, `file`, `encrypted` (what only the provider can read), `tokens`, `context` (what the provider keeps) or `unknown`. */
  readonly modality: string;
  /** Of what the body carries itself, decoded; absent where the part only names it. */
  readonly bytes?: number;
  /** Where the part is to be fetched from. */
  readonly host?: string;
  /** How many there are, where the part is a list of tokens. */
  readonly tokens?: number;
};

/** What a format understood of a request. */
export type Inference = {
  readonly format: FormatName;
  /** OpenTelemetry GenAI operation name: `chat`, `text_completion`, `embeddings` ... */
  readonly operation: string;
  readonly model: string;
  readonly stream: boolean;
  readonly textParts: readonly TextPart[];
  readonly opaqueParts: readonly OpaquePart[];
  /** UTF-8 bytes of all text parts. */
  readonly textBytes: number;
  /**
   * The most output tokens the client asked for in one choice; undefined when it set no bound, 0 where an answer has
   * none, as embeddings do.
   */
  readonly maxOutputTokens: number | undefined;
  /** How many answers the client asked for (`n`), at least 1. */
  readonly choices: number;
  /** Names of the tools offered to the model. */
  readonly tools: readonly string[];
  /**
   * Where the request lets another model read it or answer than the one it names, as an advisor or a fallback does.
   * Policy decides on one model, so such a request is not let through.
   */
  readonly otherModels?: readonly string[];
  /** What goes in as tensors, texts in them included, where the dialect has tensors. */
  readonly tensors?: readonly Tensor[];
  /** `text`, `image`, `audio`, `file`: without repeats. */
  readonly modalities: readonly string[];
  /** Sampling parameters as sent: temperature, top_p, seed ... */
  readonly parameters: JsonObject;
  /** The end user named in the body. */
  readonly user: string | undefined;
  /** Whether a stream will report its usage because the client asked for it. */
  readonly usageInStream: boolean;
};

/** Token counts as the provider reports them; undefined means not reported, never zero. */
export type Usage = {
  readonly input?: number;
  readonly output?: number;
  readonly cachedInput?: number;
  readonly cacheCreationInput?: number;
  readonly reasoning?: number;
  readonly total?: number;
};

/**
 * No exchange uses more tokens: the largest context windows hold ten million. A count above it is no count but a fault
 * or a lie of the upstream, and neither budgets nor costs are taken from it.
 */
export const TOKENS_PER_EXCHANGE_MAX = 20_000_000;

/** An error object in a body or a stream. */
export type AnswerError = {
  readonly type: string | null;
  readonly message: string;
  readonly code: string | null;
};

/** A tool call that the client has to run. `arguments` is the JSON value where it parses, else the string. */
export type ToolCall = { readonly name: string; readonly arguments: unknown };

/** What a format understood of an answer, whole or streamed. */
export type Answer = {
  readonly model: string | undefined;
  readonly usage: Usage | undefined;
  /**
   * All tokens of the prompt and of the answer, where the dialect counts some of them apart from `input` and `output`;
   * absent: those two are all. `output` is undefined while only a part of the answer was counted.
   */
  readonly whole?: { readonly input: number; readonly output: number | undefined } | undefined;
  /** As on the wire, one for each choice; null = never sent. */
  readonly finishReasons: readonly (string | null)[];
  /** Assistant text of choice 0; undefined when there is no text part. */
  readonly text: string | undefined;
  /** UTF-8 bytes of assistant text, reasoning and tool arguments of all choices: the base of an estimate. */
  readonly outputBytes: number;
  readonly toolCalls: readonly ToolCall[];
  readonly error: AnswerError | undefined;
};
