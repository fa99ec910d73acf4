import assert from "node:assert/strict";
import { test } from "node:test";
import type { FormatName } from "../../exchange/inference.ts";
import { FORMATS } from "../../formats/index.ts";
import { readingOf } from "../../formats/reading.ts";
import { type AnswerFacts, type TranslationWarning, translatorOf } from "../index.ts";

/** What servers do that no schema says, and what clients need all the same. */
const FACTS: AnswerFacts = { status: 200, headers: new Map(), includeUsage: true, nowS: 1, id: "0" };

function stream(from: FormatName, to: FormatName, events: readonly (object | string)[]): string {
  const translator = translatorOf(from, to)?.stream?.(FACTS, () => undefined) ?? assert.fail();
  const data = (event: object | string) => (typeof event === "string" ? event : JSON.stringify(event));
  const { bytes } = translator.push(Buffer.from(events.map((event) => `data: ${data(event)}\n\n`).join("")));
  return Buffer.concat([bytes, translator.end().bytes]).toString("utf8");
}

function reply(from: FormatName, to: FormatName, body: object) {
  const warnings: TranslationWarning[] = [];
  const bytes =
    translatorOf(from, to)?.response?.(Buffer.from(JSON.stringify(body)), FACTS, (warning) => {
      warnings.push(warning);
    }).bytes ?? assert.fail();
  return { reading: readingOf(FORMATS[to], "response", bytes), warnings };
}

const chat = (message: object, rest: object = {}) => ({
  object: "chat.completion",
  model: "m",
  choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: "stop" }],
  ...rest,
});

const CHUNKS = [
  { choices: [{ index: 0, delta: { role: "assistant", content: "hi" }, finish_reason: null }] },
  { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
];

test("a stream that does not report its usage reports none in another dialect: zeros would be counts", () => {
  const silent = stream("openai-chat", "anthropic-messages", [...CHUNKS, "[DONE]"]);
  const { usage } = readingOf(FORMATS["anthropic-messages"], "stream", Buffer.from(silent)) as {
    usage: { input: number | null; output: number | null };
  };
  assert.deepEqual([usage.input, usage.output], [null, null]);
  const counted = { choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } };
  const told = stream("openai-chat", "anthropic-messages", [...CHUNKS, counted, "[DONE]"]);
  const reading = readingOf(FORMATS["anthropic-messages"], "stream", Buffer.from(told)) as {
    usage: { input: number | null; output: number | null };
  };
  assert.deepEqual([reading.usage.input, reading.usage.output], [3, 2]);
});

test("a streamed call without arguments has an empty object of them, which clients parse", () => {
  const written = stream("anthropic-messages", "openai-chat", [
    { type: "message_start", message: { id: "1", model: "m", usage: { input_tokens: 1, output_tokens: 1 } } },
    {
      type: "content_block_start",
      index: 0,
      content_block: { type: "tool_use", id: "t", name: "f", input: {} },
    },
    { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: "" } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 2 } },
    { type: "message_stop" },
  ]);
  const { tool_calls } = readingOf(FORMATS["openai-chat"], "stream", Buffer.from(written));
  assert.deepEqual(tool_calls, [{ name: "f", arguments: {} }]);
});

test("arguments that were cut off reach the client as they stand, with a warning", () => {
  const cut = { id: "c", type: "function", function: { name: "f", arguments: '{"city": "Par' } };
  const { reading, warnings } = reply("openai-chat", "anthropic-messages", chat({ tool_calls: [cut] }));
  assert.deepEqual(reading.tool_calls, [{ name: "f", arguments: '{"city": "Par' }]);
  assert.ok(warnings.some(({ code, member }) => code === "changed" && member === "/arguments"));
});

for (const to of ["anthropic-messages", "openai-responses", "gemini-generate", "bedrock-converse"] as const) {
  test(`a function call without words, as Snowflake sends it, is no call for ${to}`, () => {
    const body = chat({ content: "4", function_call: { name: "", arguments: "" }, tool_calls: null });
    assert.deepEqual(reply("openai-chat", to, body).reading.tool_calls, []);
  });
}

test("image/jpg, which is no media type, becomes image/jpeg", () => {
  const body = {
    model: "m",
    messages: [
      { role: "user", content: [{ type: "image_url", image_url: { url: "data:image/jpg;base64,aGk=" } }] },
    ],
  };
  const { bytes } =
    translatorOf("openai-chat", "gemini-generate")?.request?.(
      Buffer.from(JSON.stringify(body)),
      { headers: new Map() },
      () => undefined,
    ) ?? assert.fail();
  assert.match(bytes.toString(), /"mimeType":"image\/jpeg"/);
});

test("documents of one name are told apart for Bedrock, which refuses them otherwise", () => {
  const file = { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,aGk=" } };
  const body = {
    model: "m",
    messages: [{ role: "user", content: [{ type: "text", text: "t" }, file, file] }],
  };
  const { bytes } =
    translatorOf("openai-chat", "bedrock-converse")?.request?.(
      Buffer.from(JSON.stringify(body)),
      { headers: new Map() },
      () => undefined,
    ) ?? assert.fail();
  const names = [...bytes.toString().matchAll(/"name":"([^"]*)"/g)].map(([, name]) => name);
  assert.deepEqual(names, ["a", "a [2]"]);
});

test("an effort of Qwen's on Bedrock is an effort elsewhere", () => {
  const body = {
    messages: [{ role: "user", content: [{ text: "t" }] }],
    additionalModelRequestFields: { reasoning_config: "high" },
  };
  const { bytes } =
    translatorOf("bedrock-converse", "openai-chat")?.request?.(
      Buffer.from(JSON.stringify(body)),
      { headers: new Map(), urlModel: "qwen.qwen3" },
      () => undefined,
    ) ?? assert.fail();
  assert.equal((JSON.parse(bytes.toString()) as { reasoning_effort: string }).reasoning_effort, "high");
});

test("a stream of Gemini's that is asked for without events cannot become another dialect's", () => {
  const request = (query: string | undefined) =>
    translatorOf("gemini-generate", "openai-chat")?.request?.(
      Buffer.from(JSON.stringify({ contents: [{ role: "user", parts: [{ text: "t" }] }] })),
      { headers: new Map(), urlModel: "m", urlStream: true, query },
      () => undefined,
    );
  for (const query of ["", "alt=json", "alt=SSE"])
    assert.throws(() => request(query), { code: "translation_unsupported", message: /alt=sse/ });
  for (const query of ["alt=sse", "x=1&alt=sse", undefined]) assert.ok(request(query) !== undefined);
});

test("a bound that Anthropic demands is not above what the model gives", () => {
  const bound = (modelOutputTokens: number | undefined) => {
    const { bytes } =
      translatorOf("openai-chat", "anthropic-messages")?.request?.(
        Buffer.from(JSON.stringify({ model: "m", messages: [{ role: "user", content: "t" }] })),
        { headers: new Map(), modelOutputTokens },
        () => undefined,
      ) ?? assert.fail();
    return (JSON.parse(bytes.toString()) as { max_tokens: number }).max_tokens;
  };
  assert.equal(bound(256), 256);
  assert.equal(bound(1_000_000), bound(undefined));
});
