import type { Completion } from "./answer.ts";
import { ANSWER_TOKENS_MAX, type ChatRequest, isObject, parseJson, positive, textOf } from "./request.ts";

/** Reads a body; undefined when it is no request for a response. */
export function parseResponseRequest(body: Buffer): ChatRequest | undefined {
  const value = parseJson(body);
  if (!isObject(value) || typeof value.model !== "string") return undefined;
  const { input, instructions } = value;
  const items = typeof input === "string" ? [{ role: "user", content: input }] : input;
  if (!Array.isArray(items)) return undefined;
  const messages = items.filter(isObject);
  const user = messages.filter(({ role }) => role === "user").at(-1);
  return {
    model: value.model,
    stream: value.stream === true,
    includeUsage: true,
    maxTokens: Math.min(ANSWER_TOKENS_MAX, positive(value.max_output_tokens) ?? ANSWER_TOKENS_MAX),
    choices: 1,
    reasoning: isObject(value.reasoning) && typeof value.reasoning.effort === "string",
    texts: [
      ...(typeof instructions === "string" ? [instructions] : []),
      ...messages.map(({ content }) => textOf(content)),
    ],
    lastUserText: textOf(user?.content),
  };
}

export function responseDocument(completion: Completion, withUsage: boolean): object {
  const cut = completion.finishReason === "length";
  return {
    ...head(completion, cut ? "incomplete" : "completed"),
    incomplete_details: cut ? { reason: "max_output_tokens" } : null,
    output: [message(completion, [part(completion.pieces.join(""))], "completed")],
    usage: withUsage ? usageOf(completion) : null,
  };
}

/** The typed events of a stream, from the creation to the event that says how it ended. */
export function* responseEvents(
  completion: Completion,
  withUsage: boolean,
): Generator<{ readonly type: string }> {
  let sequence = 0;
  const event = (type: string, more: object) => ({ type, sequence_number: sequence++, ...more });
  const place = { item_id: itemId(completion), output_index: 0 };
  const text = completion.pieces.join("");
  const begun = { ...head(completion, "in_progress"), output: [], usage: null };
  yield event("response.created", { response: begun });
  yield event("response.in_progress", { response: begun });
  yield event("response.output_item.added", {
    output_index: 0,
    item: message(completion, [], "in_progress"),
  });
  yield event("response.content_part.added", { ...place, content_index: 0, part: part("") });
  for (const delta of completion.pieces) {
    yield event("response.output_text.delta", { ...place, content_index: 0, delta, logprobs: [] });
  }
  yield event("response.output_text.done", { ...place, content_index: 0, text, logprobs: [] });
  yield event("response.content_part.done", { ...place, content_index: 0, part: part(text) });
  yield event("response.output_item.done", {
    output_index: 0,
    item: message(completion, [part(text)], "completed"),
  });
  const type = completion.finishReason === "length" ? "response.incomplete" : "response.completed";
  yield event(type, { response: responseDocument(completion, withUsage) });
}

function head({ id, created, model }: Completion, status: string): object {
  return {
    id,
    object: "response",
    created_at: created,
    status,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model,
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: "auto",
    tools: [],
    top_p: 1,
  };
}

function itemId({ id }: Completion): string {
  return `msg_${id}`;
}

function message(completion: Completion, content: readonly object[], status: string): object {
  return { type: "message", id: itemId(completion), role: "assistant", status, content };
}

function part(text: string): object {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function usageOf({ usage }: Completion): object {
  return {
    input_tokens: usage.prompt_tokens,
    input_tokens_details: usage.prompt_tokens_details,
    output_tokens: usage.completion_tokens,
    output_tokens_details: usage.completion_tokens_details,
    total_tokens: usage.total_tokens,
  };
}
