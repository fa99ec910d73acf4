import type { FormatName } from "../../../src/exchange/inference.ts";

/** The events of a stream that says these pieces, one for each, between those that begin and end it. */
export type Told = { readonly begin: string; readonly pieces: readonly string[]; readonly end: string };

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

const TELL: { readonly [name in FormatName]?: (pieces: readonly string[]) => Told } = {
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
};

/** Dialects whose streams {@link tell} can make. */
export const TOLD = Object.keys(TELL) as readonly FormatName[];

export function tell(name: FormatName, pieces: readonly string[]): Told {
  const told = TELL[name]?.(pieces);
  if (told === undefined) throw new Error(`no stream of ${name}`);
  return told;
}
