/** What the sample model reads of a chat request. Loose: it plays a server that trusts its gateway. */
export type ChatRequest = {
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly maxTokens: number;
  readonly choices: number;
  readonly reasoning: boolean;
  /** Texts of all messages, in order. */
  readonly texts: readonly string[];
  /** Text of the last message of the user. */
  readonly lastUserText: string;
};

/** The most tokens that it ever gives in one answer, whatever was asked for. */
export const ANSWER_TOKENS_MAX = 256;
/** Answers to one request. */
const CHOICES_MAX = 8;

type Json = { readonly [key: string]: unknown };

/** Reads a body; undefined when it is no chat request. */
export function parseChatRequest(body: Buffer): ChatRequest | undefined {
  const value = parseJson(body);
  if (!isObject(value) || typeof value.model !== "string" || !Array.isArray(value.messages)) return undefined;
  const messages = value.messages.filter(isObject);
  const options = isObject(value.stream_options) ? value.stream_options : {};
  const user = messages.filter((message) => message.role === "user").at(-1);
  return {
    model: value.model,
    stream: value.stream === true,
    includeUsage: options.include_usage === true,
    maxTokens: Math.min(
      ANSWER_TOKENS_MAX,
      positive(value.max_completion_tokens) ?? positive(value.max_tokens) ?? ANSWER_TOKENS_MAX,
    ),
    choices: Math.min(CHOICES_MAX, positive(value.n) ?? 1),
    reasoning: typeof value.reasoning_effort === "string",
    texts: messages.map((message) => textOf(message.content)),
    lastUserText: textOf(user?.content),
  };
}

export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** A content is a string or a list of parts; parts without text count as nothing. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .filter(isObject)
    .map((part) => (typeof part.text === "string" ? part.text : ""))
    .join("\n");
}

export function positive(value: unknown): number | undefined {
  return typeof value === "number" && value >= 1 ? Math.floor(value) : undefined;
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
