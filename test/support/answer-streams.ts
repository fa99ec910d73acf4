import type { FormatName } from "../../src/exchange/inference.ts";
import { encodeAwsMessage } from "../../src/wire/aws-event-stream.ts";

/** The events of a stream that says these pieces, one for each, between those that begin and end it. */
type Events = { readonly begin: Bytes; readonly pieces: readonly Bytes[]; readonly end: Bytes };
type Bytes = string | Buffer;

/** A stream as its server writes it. */
export type Told = {
  /** All but what ends it. */
  readonly open: Buffer;
  readonly end: Buffer;
  readonly whole: Buffer;
};

const named = (data: { readonly type: string; readonly [member: string]: unknown }) =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const plain = (data: object) => `data: ${JSON.stringify(data)}\n\n`;

const chunk = (choice: object) =>
  plain({ id: "c", object: "chat.completion.chunk", model: "any", choices: [choice] });
const usage = plain({
  id: "c",
  model: "any",
  choices: [],
  usage: { prompt_tokens: 9, completion_tokens: 40 },
});

/** A message of an AWS event stream, as Bedrock writes it. */
const message = (type: string, payload: object) =>
  encodeAwsMessage(
    new Map(
      Object.entries({
        ":event-type": type,
        ":content-type": "application/json",
        ":message-type": "event",
      }).map(([name, value]) => [name, { type: "string", value }]),
    ),
    Buffer.from(JSON.stringify({ ...payload, p: "abcdefghijk" })),
  );

const TELL: { readonly [name in FormatName]?: (pieces: readonly string[]) => Events } = {
  "openai-chat": (pieces) => ({
    begin: chunk({ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }),
    pieces: pieces.map((content) => chunk({ index: 0, delta: { content }, finish_reason: null })),
    end: `${chunk({ index: 0, delta: {}, finish_reason: "stop" })}${usage}data: [DONE]\n\n`,
  }),
  "openai-completions": (pieces) => ({
    begin: "",
    pieces: pieces.map((text) => chunk({ index: 0, text, finish_reason: null })),
    end: `${chunk({ index: 0, text: "", finish_reason: "stop" })}${usage}data: [DONE]\n\n`,
  }),
  "openai-responses": (pieces) => {
    const text = pieces.join("");
    const place = { item_id: "m", output_index: 0, content_index: 0 };
    const item = { id: "m", type: "message", role: "assistant", content: [{ type: "output_text", text }] };
    const response = { id: "r", object: "response", model: "any", status: "completed", output: [item] };
    return {
      begin: named({
        type: "response.created",
        response: { ...response, status: "in_progress", output: [] },
      }),
      pieces: pieces.map((delta) => named({ type: "response.output_text.delta", ...place, delta })),
      end: [
        named({ type: "response.output_text.done", ...place, text }),
        named({
          type: "response.completed",
          response: { ...response, usage: { input_tokens: 9, output_tokens: 40 } },
        }),
      ].join(""),
    };
  },
  "anthropic-messages": (pieces) => ({
    begin: [
      named({
        type: "message_start",
        message: {
          id: "m",
          type: "message",
          role: "assistant",
          model: "any",
          content: [],
          stop_reason: null,
          usage: { input_tokens: 9, output_tokens: 1 },
        },
      }),
      named({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    ].join(""),
    pieces: pieces.map((text) =>
      named({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }),
    ),
    end: [
      named({ type: "content_block_stop", index: 0 }),
      named({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 40 } }),
      named({ type: "message_stop" }),
    ].join(""),
  }),
  "gemini-generate": (pieces) => ({
    begin: "",
    pieces: pieces.map((text) =>
      plain({
        candidates: [{ index: 0, content: { role: "model", parts: [{ text }] } }],
        modelVersion: "any",
      }),
    ),
    end: plain({
      candidates: [{ index: 0, content: { role: "model", parts: [] }, finishReason: "STOP" }],
      usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 40 },
    }),
  }),
  "bedrock-converse": (pieces) => ({
    begin: message("messageStart", { role: "assistant" }),
    pieces: pieces.map((text) => message("contentBlockDelta", { contentBlockIndex: 0, delta: { text } })),
    end: Buffer.concat([
      message("contentBlockStop", { contentBlockIndex: 0 }),
      message("messageStop", { stopReason: "end_turn" }),
      message("metadata", { usage: { inputTokens: 9, outputTokens: 40, totalTokens: 49 } }),
    ]),
  }),
  "triton-generate": (pieces) => ({
    begin: "",
    pieces: pieces.map((text) => plain({ model_name: "any", text_output: text, finish_reason: "None" })),
    end: plain({
      model_name: "any",
      text_output: "",
      finish_reason: "stop",
      num_input_tokens: 9,
      num_output_tokens: 40,
    }),
  }),
};

/** Dialects whose streams {@link tell} can make. */
export const TOLD = Object.keys(TELL) as readonly FormatName[];

export function tell(name: FormatName, said: readonly string[]): Told {
  const events = TELL[name]?.(said);
  if (events === undefined) throw new Error(`no stream of ${name}`);
  const open = Buffer.concat([events.begin, ...events.pieces].map((bytes) => Buffer.from(bytes)));
  const end = Buffer.from(events.end);
  return { open, end, whole: Buffer.concat([open, end]) };
}

/** The same of OpenAI's chat in JSON lines, which servers end without `[DONE]`. */
export function tellLines(said: readonly string[]): Told {
  const linesOf = (events: Buffer) =>
    Buffer.from(
      events.toString().replace("data: [DONE]\n\n", "").replaceAll("data: ", "").replaceAll("\n\n", "\n"),
    );
  const { open, end } = tell("openai-chat", said);
  const told = { open: linesOf(open), end: linesOf(end) };
  return { ...told, whole: Buffer.concat([told.open, told.end]) };
}
