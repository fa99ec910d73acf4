/**
 * Why an answer ended, in words that all dialects have in common. The reason as on the wire stays beside it: a dialect tells
 * more apart, and another one next year.
 * - `stop`: the model was done, or came upon a stop sequence.
 * - `length`: no more tokens, by the request's bound or the model's.
 * - `tool_calls`: the client is to run tools.
 * - `content_filter`: the provider or the model would not say it.
 * - `pause`: the provider wants the same conversation again, to go on.
 * - `other`: a reason that is not known here.
 */
export type FinishKind = "stop" | "length" | "tool_calls" | "content_filter" | "pause" | "other";
