/**
 * Whole conversations of official clients with targets of another dialect, through a real Envoy: tools, thinking, streams
 * that are given up, and errors.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { KEYS } from "./governed/ask.ts";
import { recordOf } from "./governed/records.ts";
import type { Answer } from "./support/witness.ts";
import {
  EITHER_MODEL,
  SCRIPTED_CLAUDE_MODEL,
  type ScriptedTarget,
  startTranslating,
  type Translating,
} from "./upstream/stack.ts";

/** Requests take their time on two busy cores, but do not hang. */
const timeout = 30_000;

/** A server-sent event as Anthropic writes it. */
const event = (data: { readonly type: string }) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const chunk = (data: object) => `data: ${JSON.stringify(data)}\n\n`;

const streamOf =
  (...events: readonly string[]): Answer =>
  (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(events.join(""));
  };

const json =
  (status: number, body: object): Answer =>
  (_, response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

const seenBy = ({ witness }: ScriptedTarget) => JSON.parse(String(witness.seen.at(-1)?.body));
const idOf = (headers: Headers | undefined) => headers?.get("x-regent-decision-id") ?? undefined;

let stack: Translating;
before(async () => {
  stack = await startTranslating();
});
after(() => stack?.stop());

describe("OpenAI's client and a target of Anthropic's", () => {
  const client = (maxRetries = 0) =>
    new OpenAI({
      apiKey: KEYS.acmeAnalyst,
      baseURL: `http://127.0.0.1:${stack.port}/v1`,
      maxRetries,
      timeout,
    });
  const TOOLS = [
    {
      type: "function" as const,
      function: { name: "weather", description: "d", parameters: { type: "object", properties: {} } },
    },
  ];
  const usage = {
    input_tokens: 20,
    cache_read_input_tokens: 300,
    cache_creation_input_tokens: 4,
    output_tokens: 1,
  };
  const message = { id: "msg_1", type: "message", role: "assistant", model: "claude", content: [], usage };

  test("go through a turn of tools, with the thinking that the target wants back", async () => {
    const { anthropic: target } = stack.scripted;
    const delta = (index: number, piece: object) =>
      event({ type: "content_block_delta", index, delta: piece } as never);
    const begin = (index: number, block: object) =>
      event({ type: "content_block_start", index, content_block: block } as never);
    const stop = (index: number) => event({ type: "content_block_stop", index } as never);
    target.answer = streamOf(
      event({ type: "message_start", message } as never),
      begin(0, { type: "thinking", thinking: "", signature: "" }),
      delta(0, { type: "thinking_delta", thinking: "Where is it? " }),
      delta(0, { type: "thinking_delta", thinking: "There." }),
      delta(0, { type: "signature_delta", signature: "c2lnbmVk" }),
      stop(0),
      event({ type: "ping" }),
      begin(1, { type: "tool_use", id: "toolu_1", name: "weather", input: {} }),
      delta(1, { type: "input_json_delta", partial_json: '{"city"' }),
      delta(1, { type: "input_json_delta", partial_json: ':"Köln"}' }),
      stop(1),
      event({
        type: "message_delta",
        delta: { stop_reason: "tool_use", stop_sequence: null },
        usage: { output_tokens: 30 },
      } as never),
      event({ type: "message_stop" }),
    );
    const asked = [{ role: "user" as const, content: "Weather?" }];
    const { data, response } = await client()
      .chat.completions.create({
        model: SCRIPTED_CLAUDE_MODEL,
        messages: asked,
        tools: TOOLS,
        max_completion_tokens: 100,
        stream: true,
        stream_options: { include_usage: true },
      })
      .withResponse();
    const blocks: { thinking: string; signature?: string }[] = [];
    const called = { id: "", name: "", arguments: "" };
    let thought = "";
    let total = 0;
    let finish: string | null = null;
    for await (const { choices, usage: counted } of data) {
      total = counted?.total_tokens ?? total;
      finish = choices[0]?.finish_reason ?? finish;
      const piece = choices[0]?.delta as OpenAI.ChatCompletionChunk.Choice.Delta & {
        reasoning_content?: string;
        thinking_blocks?: { thinking: string; signature?: string }[];
      };
      if (piece === undefined) continue;
      thought += piece.reasoning_content ?? "";
      blocks.push(...(piece.thinking_blocks ?? []));
      for (const call of piece.tool_calls ?? []) {
        called.id += call.id ?? "";
        called.name += call.function?.name ?? "";
        called.arguments += call.function?.arguments ?? "";
      }
    }
    assert.deepEqual(called, { id: "toolu_1", name: "weather", arguments: '{"city":"Köln"}' });
    assert.deepEqual([thought, finish, total], ["Where is it? There.", "tool_calls", 354]);
    const record = await recordOf(stack, idOf(response.headers));
    assert.deepEqual([record.charge?.tokens, record.charge?.source], [354, "reported"]);
    assert.equal(record.usage?.cachedInput, 300);

    target.answer = json(200, {
      ...message,
      content: [{ type: "text", text: "Rain." }],
      stop_reason: "end_turn",
    });
    const answer = await client().chat.completions.create({
      model: SCRIPTED_CLAUDE_MODEL,
      max_completion_tokens: 100,
      tools: TOOLS,
      messages: [
        ...asked,
        {
          role: "assistant",
          content: null,
          thinking_blocks: [{ type: "thinking", thinking: thought, signature: blocks.at(-1)?.signature }],
          tool_calls: [
            { id: called.id, type: "function", function: { name: called.name, arguments: called.arguments } },
          ],
        } as OpenAI.ChatCompletionMessageParam,
        { role: "tool", tool_call_id: called.id, content: "rain" },
      ],
    });
    assert.equal(answer.choices[0]?.message.content, "Rain.");
    assert.equal(answer.usage?.prompt_tokens, 324);
    assert.deepEqual(seenBy(target).messages, [
      { role: "user", content: "Weather?" },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Where is it? There.", signature: "c2lnbmVk" },
          { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Köln" } },
        ],
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "rain" }] },
    ]);
  });

  test("agree on what an error is, and a retry of the client's is charged once", async () => {
    const { anthropic: target } = stack.scripted;
    const ask = (retries = 0) =>
      client(retries).chat.completions.create({
        model: SCRIPTED_CLAUDE_MODEL,
        max_completion_tokens: 10,
        messages: [{ role: "user", content: "Hi." }],
      });
    for (const [status, type, raised] of [
      [400, "invalid_request_error", OpenAI.BadRequestError],
      [401, "authentication_error", OpenAI.AuthenticationError],
      [403, "permission_error", OpenAI.PermissionDeniedError],
      [404, "not_found_error", OpenAI.NotFoundError],
      [429, "rate_limit_error", OpenAI.RateLimitError],
      [500, "api_error", OpenAI.InternalServerError],
      [529, "overloaded_error", OpenAI.InternalServerError],
    ] as const) {
      target.answer = json(status, { type: "error", error: { type, message: "Said by the target." } });
      let id: string | undefined;
      await assert.rejects(ask(), (error) => {
        assert.ok(error instanceof raised, `${status}: ${error}`);
        assert.match(error.message, /Said by the target\./);
        id = idOf(error.headers);
        return true;
      });
      // Records are written after the answer: the next ones are counted from here.
      await recordOf(stack, id);
    }
    const before = (await stack.records()).length;
    let asked = 0;
    target.answer = (...exchange) => {
      asked++;
      const overloaded = json(529, { type: "error", error: { type: "overloaded_error", message: "Busy." } });
      const content = [{ type: "text", text: "Hi." }];
      return (asked === 1 ? overloaded : json(200, { ...message, content, stop_reason: "end_turn" }))(
        ...exchange,
      );
    };
    const { data, response } = await ask(1).withResponse();
    assert.equal(asked, 2);
    await recordOf(stack, idOf(response.headers));
    const since = (await stack.records()).slice(before);
    assert.deepEqual(since.map(({ status, charge }) => [status, charge?.tokens]).slice(-2), [
      [529, undefined],
      [200, data.usage?.total_tokens],
    ]);
    assert.equal(since.flatMap(({ charge }) => charge ?? []).length, 1);
  });
});

describe("Anthropic's client and a target of OpenAI's chat", () => {
  const client = () =>
    new Anthropic({
      apiKey: KEYS.acmeAnalyst,
      baseURL: `http://127.0.0.1:${stack.port}`,
      maxRetries: 0,
      timeout,
    });
  const TOOLS = [{ name: "weather", input_schema: { type: "object" as const, properties: {} } }];

  test("go through a turn of two tools at once, streamed, with an image", async () => {
    const { openai: target } = stack.scripted;
    const piece = (delta: object, finish: string | null = null) =>
      chunk({
        id: "c1",
        object: "chat.completion.chunk",
        created: 1,
        model: "gpt",
        choices: [{ index: 0, delta, finish_reason: finish }],
      });
    const call = (index: number, more: object) => piece({ tool_calls: [{ index, ...more }] });
    target.answer = streamOf(
      piece({ role: "assistant", content: "" }),
      piece({ content: "Let me look." }),
      call(0, { id: "call_a", type: "function", function: { name: "weather", arguments: "" } }),
      call(0, { function: { arguments: '{"city":"Köln"}' } }),
      call(1, { id: "call_b", type: "function", function: { name: "weather", arguments: "{}" } }),
      piece({}, "tool_calls"),
      chunk({
        id: "c1",
        choices: [],
        usage: {
          prompt_tokens: 50,
          completion_tokens: 9,
          total_tokens: 59,
          prompt_tokens_details: { cached_tokens: 40 },
        },
      }),
      "data: [DONE]\n\n",
    );
    const asked = {
      role: "user" as const,
      content: [
        { type: "text" as const, text: "Here?" },
        {
          type: "image" as const,
          source: { type: "base64" as const, media_type: "image/png" as const, data: "aQ==" },
        },
      ],
    };
    const stream = client().messages.stream({
      model: EITHER_MODEL,
      max_tokens: 100,
      system: "Be brief.",
      messages: [asked],
      tools: TOOLS,
    });
    const message = await stream.finalMessage();
    assert.equal(message.stop_reason, "tool_use");
    assert.deepEqual(
      message.content.flatMap((block) => (block.type === "tool_use" ? [[block.id, block.input]] : [])),
      [
        ["call_a", { city: "Köln" }],
        ["call_b", {}],
      ],
    );
    assert.deepEqual(
      [message.usage.input_tokens, message.usage.cache_read_input_tokens, message.usage.output_tokens],
      [10, 40, 9],
    );
    const record = await recordOf(stack, idOf(stream.response?.headers));
    assert.deepEqual([record.charge?.tokens, record.charge?.source], [59, "reported"]);

    target.answer = json(200, {
      id: "c2",
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content: "Rain." }, finish_reason: "stop" }],
      usage: { prompt_tokens: 70, completion_tokens: 2, total_tokens: 72 },
    });
    await client().messages.create({
      model: EITHER_MODEL,
      max_tokens: 100,
      tools: TOOLS,
      messages: [
        asked,
        { role: "assistant", content: message.content },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "call_a", content: "rain" },
            { type: "tool_result", tool_use_id: "call_b", content: [{ type: "text", text: "sun" }] },
            { type: "text", text: "And?" },
          ],
        },
      ],
    });
    assert.deepEqual(
      seenBy(target).messages.map(
        ({ role, tool_call_id: id }: { role: string; tool_call_id?: string }) => id ?? role,
      ),
      ["user", "assistant", "call_a", "call_b", "user"],
    );
    assert.deepEqual(seenBy(target).messages[0].content[1], {
      type: "image_url",
      image_url: { url: "data:image/png;base64,aQ==" },
    });
  });

  test("are charged for what was delivered when the client goes away, the prompt included", async () => {
    const { openai: target } = stack.scripted;
    target.answer = (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(
        chunk({
          id: "c1",
          model: "gpt",
          choices: [{ index: 0, delta: { role: "assistant", content: "Once upon a time" } }],
        }),
      );
    };
    const stream = client().messages.stream({
      model: EITHER_MODEL,
      max_tokens: 100,
      messages: [{ role: "user", content: "Tell me a story that is as long as it takes." }],
    });
    const told = new Promise<string>((resolve) => stream.on("text", resolve));
    const gone = assert.rejects(stream.finalMessage());
    assert.equal(await told, "Once upon a time");
    const id = idOf(stream.response?.headers);
    stream.abort();
    await gone;
    const record = await recordOf(stack, id);
    assert.equal(record.end, "aborted");
    assert.equal(record.charge?.source, "estimated");
    assert.ok((record.estimate?.inputTokens ?? 0) > 0);
    assert.ok(record.charge.tokens > (record.estimate?.inputTokens ?? Number.POSITIVE_INFINITY));
  });

  test("agree on what an error is, before and in a stream", async () => {
    const { openai: target } = stack.scripted;
    const ask = {
      model: EITHER_MODEL,
      max_tokens: 10,
      messages: [{ role: "user" as const, content: "Hi." }],
    };
    for (const [status, raised] of [
      [400, Anthropic.BadRequestError],
      [401, Anthropic.AuthenticationError],
      [403, Anthropic.PermissionDeniedError],
      [404, Anthropic.NotFoundError],
      [429, Anthropic.RateLimitError],
    ] as const) {
      target.answer = json(status, {
        error: { message: "Said by the target.", type: "invalid_request_error", code: null },
      });
      await assert.rejects(client().messages.create(ask), (error) => {
        assert.ok(error instanceof raised, `${status}: ${error}`);
        assert.match(error.message, /Said by the target\./);
        return true;
      });
    }
    target.answer = streamOf(
      chunk({
        id: "c1",
        model: "gpt",
        choices: [{ index: 0, delta: { role: "assistant", content: "Hal" } }],
      }),
      chunk({ error: { message: "Too much.", type: "server_error", code: null } }),
    );
    await assert.rejects(client().messages.stream(ask).finalMessage(), /Too much\./);
  });
});
