import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RegentError } from "../../exchange/errors.ts";
import { TOOL_CALLS_MAX } from "../../formats/bounds.ts";
import { CHOICES_MAX } from "../../formats/openai/answer.ts";
import { SSE_EVENT_BYTES_MAX } from "../../wire/sse.ts";
import { translatorOf } from "../index.ts";
import type { AnswerFacts, TranslationWarning } from "../translation.ts";
import { WAITING_BYTES_MAX } from "./anthropic-messages/stream-writer.ts";
import { STREAM_WARNINGS_MAX } from "./translator.ts";

const FACTS: AnswerFacts = { status: 200, headers: new Map(), includeUsage: true, nowS: 1, id: "0" };

function open(from: "openai-chat" | "anthropic-messages", facts = FACTS) {
  const warnings: TranslationWarning[] = [];
  const to = from === "openai-chat" ? "anthropic-messages" : "openai-chat";
  const stream =
    translatorOf(from, to)?.stream?.(facts, (warning) => warnings.push(warning)) ?? assert.fail();
  const push = (data: object | string, name?: string) => {
    const text = typeof data === "string" ? data : JSON.stringify(data);
    return stream.push(Buffer.from(`${name === undefined ? "" : `event: ${name}\n`}data: ${text}\n\n`));
  };
  return { push, end: () => stream.end(), warnings, stream };
}

/** What the events of these bytes say. */
function said(bytes: Buffer): { [member: string]: unknown }[] {
  return bytes
    .toString("utf8")
    .split("\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice("data: ".length)));
}

const chunk = (delta: object, rest: object = {}) => ({
  id: "1",
  model: "m",
  choices: [{ index: 0, delta, finish_reason: null, ...rest }],
});
const call = (index: number, piece: { id?: string; name?: string; arguments?: string }) => {
  const { id, ...definition } = piece;
  return chunk({
    tool_calls: [{ index, ...(id === undefined ? {} : { id, type: "function" }), function: definition }],
  });
};

describe("a stream of OpenAI's chat as one of Anthropic's", () => {
  test("has one block open at a time, also where the pieces of calls come in turns", () => {
    const { push, end } = open("openai-chat");
    const bytes = Buffer.concat(
      [
        chunk({ role: "assistant", content: "Hi" }),
        call(0, { id: "a", name: "look", arguments: "" }),
        call(1, { id: "b", name: "read", arguments: '{"b"' }),
        call(0, { arguments: '{"a":1}' }),
        call(1, { arguments: ":2}" }),
        chunk({}, { finish_reason: "tool_calls" }),
        { id: "1", choices: [], usage: { prompt_tokens: 5, completion_tokens: 3 } },
        "[DONE]",
      ].map((data) => push(data).bytes),
    );
    assert.equal(end().complete, true);
    const events = said(bytes).map(({ type, index, delta, content_block: block }) => {
      const {
        text,
        partial_json: json,
        stop_reason: reason,
      } = (delta ?? {}) as { [member: string]: unknown };
      const { name } = (block ?? {}) as { name?: string };
      return [type, index, name ?? text ?? json ?? reason].filter((word) => word !== undefined).join(" ");
    });
    assert.deepEqual(events, [
      "message_start",
      "content_block_start 0",
      "content_block_delta 0 Hi",
      "content_block_stop 0",
      "content_block_start 1 look",
      'content_block_delta 1 {"a":1}',
      "content_block_stop 1",
      "content_block_start 2 read",
      'content_block_delta 2 {"b"',
      "content_block_delta 2 :2}",
      "content_block_stop 2",
      "message_delta tool_use",
      "message_stop",
    ]);
    assert.deepEqual(said(bytes).at(-2)?.usage, { input_tokens: 5, output_tokens: 3 });
  });

  test("says what it knows at once, and does not wait for the end", () => {
    const { push } = open("openai-chat");
    assert.equal(said(push(chunk({ role: "assistant", content: "" })).bytes)[0]?.type, "message_start");
    assert.deepEqual(said(push(chunk({ content: "Hi" })).bytes).at(-1)?.delta, {
      type: "text_delta",
      text: "Hi",
    });
  });

  test(`holds at most ${WAITING_BYTES_MAX} bytes of calls that wait`, () => {
    const { push, end } = open("openai-chat");
    push(call(0, { id: "a", name: "look" }));
    push(call(1, { id: "b", name: "read" }));
    const piece = "x".repeat(WAITING_BYTES_MAX / 4);
    for (let pieces = 0; pieces < 3; pieces++)
      assert.equal(push(call(1, { arguments: piece })).fault, undefined, `${pieces}`);
    assert.match(push(call(1, { arguments: piece })).fault ?? "", /bytes of calls/);
    assert.match(push("[DONE]").fault ?? "", /bytes of calls/);
    assert.deepEqual(end(), { bytes: Buffer.alloc(0), complete: false });
  });

  test(`takes at most ${CHOICES_MAX} choices, of which Anthropic has one, and ${TOOL_CALLS_MAX} calls`, () => {
    const choices = (from: number, count: number) => ({
      choices: Array.from({ length: count }, (_, index) => ({
        index: from + index,
        delta: { content: "x" },
      })),
    });
    const many = open("openai-chat");
    assert.equal(many.push(choices(0, CHOICES_MAX)).fault, undefined);
    assert.match(many.push(choices(CHOICES_MAX, 1)).fault ?? "", /choices/);
    assert.deepEqual(
      many.warnings.map(({ member }) => member),
      ["/choices"],
    );
    const calls = open("openai-chat");
    for (let index = 0; index < TOOL_CALLS_MAX; index++)
      assert.equal(calls.push(call(index, { id: `c${index}`, name: "n" })).fault, undefined);
    assert.match(calls.push(call(TOOL_CALLS_MAX, { id: "c", name: "n" })).fault ?? "", /tool calls/);
  });

  test("ends with its end: what follows is nobody's", () => {
    const { push, end } = open("openai-chat");
    push(chunk({ content: "Hi" }, { finish_reason: "stop" }));
    assert.notEqual(push("[DONE]").bytes.length, 0);
    assert.equal(push(chunk({ content: "more" })).bytes.length, 0);
    assert.equal(push("[DONE]").bytes.length, 0);
    assert.deepEqual(end(), { bytes: Buffer.alloc(0), complete: true });
  });

  test("is whole without its marker once every choice has its reason to finish", () => {
    const { push, end } = open("openai-chat");
    push(chunk({ content: "Hi" }, { finish_reason: "length" }));
    const { bytes, complete } = end();
    assert.equal(complete, true);
    assert.deepEqual(
      said(bytes).map(({ type }) => type),
      ["message_delta", "message_stop"],
    );
  });

  test("cannot go on behind an event that is too large", () => {
    const { push, end } = open("openai-chat");
    assert.match(push(chunk({ content: "x".repeat(SSE_EVENT_BYTES_MAX) })).fault ?? "", /larger/);
    assert.equal(end().complete, false);
  });

  test("tells each loss once, and a bounded number of them", () => {
    const { push, warnings } = open("openai-chat");
    for (let times = 0; times < 3; times++) push(chunk({ content: "x" }, { logprobs: { content: [] } }));
    assert.deepEqual(
      warnings.map(({ member }) => member),
      ["/choices/logprobs"],
    );
    const members = Object.fromEntries(
      Array.from({ length: 2 * STREAM_WARNINGS_MAX }, (_, index) => [`m${index}`, 1]),
    );
    push(chunk(members));
    assert.equal(warnings.length, STREAM_WARNINGS_MAX);
  });
});

describe("a stream of Anthropic's as one of OpenAI's chat", () => {
  const start = {
    type: "message_start",
    message: { id: "msg_1", model: "claude", usage: { input_tokens: 5, cache_read_input_tokens: 2 } },
  };
  const text = (index: number, piece: string) => ({
    type: "content_block_delta",
    index,
    delta: { type: "text_delta", text: piece },
  });
  const begin = (index: number, block: object) => ({
    type: "content_block_start",
    index,
    content_block: block,
  });
  const stop = { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 3 } };

  test("says the role first, shows the usage to those who asked, and ends with its marker", () => {
    for (const includeUsage of [true, false]) {
      const { push, end } = open("anthropic-messages", { ...FACTS, includeUsage });
      const bytes = Buffer.concat(
        [start, begin(0, { type: "text", text: "" }), text(0, "Hi"), stop, { type: "message_stop" }].map(
          (data) => push(data, data.type).bytes,
        ),
      );
      assert.equal(end().complete, true);
      const chunks = said(bytes) as { choices: { delta: object; finish_reason: string }[]; usage?: object }[];
      assert.deepEqual(chunks[0]?.choices[0]?.delta, { role: "assistant", content: "" });
      assert.deepEqual(chunks[1]?.choices[0]?.delta, { content: "Hi" });
      assert.equal(chunks[2]?.choices[0]?.finish_reason, "stop");
      assert.deepEqual(
        chunks[3],
        includeUsage
          ? {
              id: "msg_1",
              model: "claude",
              created: 1,
              object: "chat.completion.chunk",
              choices: [],
              usage: {
                prompt_tokens: 7,
                completion_tokens: 3,
                total_tokens: 10,
                prompt_tokens_details: { cached_tokens: 2 },
              },
            }
          : undefined,
      );
      assert.ok(bytes.toString("utf8").endsWith("data: [DONE]\n\n"));
    }
  });

  test("carries thinking with what proves it to its provider", () => {
    const { push } = open("anthropic-messages");
    const bytes = Buffer.concat(
      [
        start,
        begin(0, { type: "thinking", thinking: "", signature: "" }),
        { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "hm" } },
        { type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: "s" } },
        { type: "content_block_stop", index: 0 },
        begin(1, { type: "redacted_thinking", data: "e" }),
      ].map((data) => push(data, data.type).bytes),
    );
    const deltas = said(bytes).map(({ choices }) => (choices as { delta: object }[])[0]?.delta);
    assert.deepEqual(deltas, [
      { role: "assistant", reasoning_content: "hm" },
      { thinking_blocks: [{ type: "thinking", thinking: "", signature: "s" }] },
      { thinking_blocks: [{ type: "redacted_thinking", data: "e" }] },
    ]);
    const back = open("openai-chat");
    const blocks = said(back.push(said(bytes)[0] as object).bytes).concat(
      said(back.push(said(bytes)[1] as object).bytes),
    );
    assert.deepEqual(blocks.at(-1)?.delta, { type: "signature_delta", signature: "s" });
  });

  test("has the error of its source as its own last event", () => {
    const { push, end } = open("anthropic-messages");
    push(start, "message_start");
    const { bytes } = push({ type: "error", error: { type: "overloaded_error", message: "busy" } }, "error");
    assert.deepEqual(said(bytes), [
      { error: { message: "busy", type: "server_error", param: null, code: null } },
    ]);
    assert.equal(push({ type: "message_stop" }, "message_stop").bytes.length, 0);
    assert.deepEqual(end(), { bytes: Buffer.alloc(0), complete: true });
  });

  test("tells once of blocks that the provider runs by itself", () => {
    const { push, warnings } = open("anthropic-messages");
    for (const index of [0, 1])
      assert.equal(push(begin(index, { type: "server_tool_use", name: "web_search" })).bytes.length, 0);
    assert.deepEqual(
      warnings.map(({ code, member }) => [code, member]),
      [["dropped", "/content_block"]],
    );
  });
});

describe("a whole answer", () => {
  const reply = (from: "openai-chat" | "anthropic-messages", body: object | string, status = 200) => {
    const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
    const to = from === "openai-chat" ? "anthropic-messages" : "openai-chat";
    const warnings: TranslationWarning[] = [];
    const facts = { ...FACTS, status };
    const translated = translatorOf(from, to)?.response?.(bytes, facts, (warning) => warnings.push(warning));
    return { body: JSON.parse(translated?.bytes.toString("utf8") ?? assert.fail()), warnings };
  };

  test("that is none of its dialect is refused, and an error that is none says no more than that", () => {
    for (const from of ["openai-chat", "anthropic-messages"] as const) {
      for (const body of ["<html>", "[]", "{}"])
        assert.throws(
          () => reply(from, body),
          (error) => error instanceof RegentError && error.code === "upstream_invalid",
        );
      const { error } = reply(from, "<html>secret</html>", 503).body;
      assert.equal(error.message, "The model's server answered with an error.");
    }
  });

  test("counts the whole prompt for OpenAI, and what was cached apart for Anthropic", () => {
    const anthropic = {
      input_tokens: 1,
      cache_read_input_tokens: 2,
      cache_creation_input_tokens: 4,
      output_tokens: 8,
    };
    const openai = {
      prompt_tokens: 7,
      completion_tokens: 8,
      total_tokens: 15,
      prompt_tokens_details: { cached_tokens: 2, cache_write_tokens: 4 },
    };
    const message = { type: "message", content: [], stop_reason: "end_turn", usage: anthropic };
    const completion = { choices: [{ message: { content: "" }, finish_reason: "stop" }], usage: openai };
    assert.deepEqual(reply("anthropic-messages", message).body.usage, openai);
    assert.deepEqual(reply("openai-chat", completion).body.usage, anthropic);
  });

  test("makes no count out of none", () => {
    const message = { type: "message", content: [], stop_reason: "end_turn" };
    assert.equal(reply("anthropic-messages", message).body.usage, undefined);
    assert.deepEqual(reply("openai-chat", { choices: [{ message: {} }] }).body.usage, {});
  });

  test("says why it ended in the words of the other dialect", () => {
    for (const [stop, finish] of [
      ["end_turn", "stop"],
      ["stop_sequence", "stop"],
      ["max_tokens", "length"],
      ["model_context_window_exceeded", "length"],
      ["tool_use", "tool_calls"],
      ["refusal", "content_filter"],
      ["pause_turn", "stop"],
    ] as const) {
      const message = { type: "message", content: [], stop_reason: stop };
      assert.equal(reply("anthropic-messages", message).body.choices[0].finish_reason, finish);
    }
    const { body } = reply("openai-chat", {
      choices: [{ message: { content: null, refusal: "No." }, finish_reason: "stop" }],
    });
    assert.deepEqual([body.stop_reason, body.content[0].text], ["refusal", "No."]);
  });
});
