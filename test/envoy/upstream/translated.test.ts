/**
 * Official clients and targets of another dialect, through a real Envoy: what leaves for the target, what the client gets
 * back, and what the record says of it.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI, { APIError } from "openai";
import { KEYS, post } from "../governed/ask.ts";
import { recordOf } from "../governed/records.ts";
import type { Answer } from "../support/witness.ts";
import {
  CLAUDE_MODEL,
  GPT_MODEL,
  SCRIPTED_CLAUDE_MODEL,
  startTranslating,
  type Translating,
} from "./stack.ts";

/** Requests take their time on two busy cores, but do not hang. */
const timeout = 30_000;

describe("a request whose target speaks another dialect", () => {
  let stack: Translating;
  before(async () => {
    stack = await startTranslating();
  });
  after(() => stack?.stop());

  const openai = () =>
    new OpenAI({
      apiKey: KEYS.acmeAnalyst,
      baseURL: `http://127.0.0.1:${stack.port}/v1`,
      maxRetries: 0,
      timeout,
    });
  const anthropic = () =>
    new Anthropic({
      apiKey: KEYS.acmeAnalyst,
      baseURL: `http://127.0.0.1:${stack.port}`,
      maxRetries: 0,
      timeout,
    });
  const ask = (content: string, model = CLAUDE_MODEL) => ({
    model,
    max_completion_tokens: 100,
    messages: [
      { role: "system" as const, content: "Be brief." },
      { role: "user" as const, content },
    ],
  });
  const idOf = (headers: Headers | undefined) => headers?.get("x-regent-decision-id") ?? undefined;
  const headersOf = (seen: { readonly headers: readonly (readonly [string, string])[] } | undefined) =>
    new Map((seen?.headers ?? []).map(([name, value]) => [name.toLowerCase(), value]));

  test("is one of that dialect when it leaves, with the target's key, and the client gets its own back", async () => {
    const { data, response } = await openai()
      .chat.completions.create({ ...ask("Hello there."), seed: 7 })
      .withResponse();
    assert.equal(data.object, "chat.completion");
    const [choice] = data.choices;
    assert.equal(choice?.finish_reason, "stop");
    assert.ok(choice.message.content?.endsWith("You said: Hello there."), String(choice.message.content));
    const seen = stack.claude.witness.find().at(-1);
    assert.equal(seen?.path, "/v1/messages");
    const { system, max_tokens: limit, model, messages } = JSON.parse(seen.body);
    assert.ok(JSON.stringify(system).includes("Be brief."));
    assert.deepEqual([limit, model, messages.length], [100, "sim-small", 1]);
    const headers = headersOf(seen);
    assert.equal(headers.get("x-api-key"), stack.keys.claude);
    assert.equal(headers.get("authorization"), undefined);
    assert.equal(headers.get("anthropic-version"), "2023-06-01");
    assert.equal(headers.get("content-type"), "application/json");
    assert.equal(headers.get("content-length"), String(seen.bodyBytes));
    assert.equal(headers.get("x-regent-target"), "claude");
    const record = await recordOf(stack, idOf(response.headers));
    assert.equal(record.translation?.from, "openai-chat");
    assert.equal(record.translation?.to, "anthropic-messages");
    assert.ok(record.translation.warnings.includes("dropped:/seed"), String(record.translation.warnings));
    assert.ok(response.headers.get("x-regent-translation-warnings")?.includes("dropped:/seed"));
    assert.deepEqual(
      record.attempts?.map(({ target, status, translatedTo }) => [target, status, translatedTo]),
      [["claude", 200, "anthropic-messages"]],
    );
    assert.deepEqual([record.verdict, record.end, record.status], ["allow", "complete", 200]);
    assert.equal(record.inference?.format, "openai-chat");
    assert.equal(record.charge?.source, "reported");
    assert.equal(record.charge.tokens, data.usage?.total_tokens);
    assert.deepEqual(record.finishReasons, ["stop"]);
  });

  test("is streamed event by event in the client's dialect, and its usage is recorded, not shown unasked", async () => {
    const { data: stream, response } = await openai()
      .chat.completions.create({ ...ask("[[say:20]]"), stream: true })
      .withResponse();
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    assert.ok(chunks.length >= 20, String(chunks.length));
    assert.ok(chunks.every(({ object, usage }) => object === "chat.completion.chunk" && !usage));
    const finishes = chunks.flatMap(({ choices }) => choices.flatMap((choice) => choice.finish_reason ?? []));
    assert.deepEqual(finishes, ["stop"]);
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
    const record = await recordOf(stack, idOf(response.headers));
    assert.equal(record.inference?.stream, true);
    assert.equal(record.charge?.source, "reported");
    assert.ok((record.usage?.output ?? 0) >= 20);
  });

  test("goes the other way as well, whole and streamed", async () => {
    const body = { model: GPT_MODEL, max_tokens: 100, messages: [{ role: "user" as const, content: "Hi." }] };
    const { data, response } = await anthropic().messages.create(body).withResponse();
    assert.equal(data.type, "message");
    const [block] = data.content;
    assert.ok(block?.type === "text" && block.text.endsWith("You said: Hi."));
    const seen = stack.gpt.witness.find().at(-1);
    assert.equal(seen?.path, "/v1/chat/completions");
    const headers = headersOf(seen);
    assert.equal(headers.get("authorization"), `Bearer ${stack.keys.gpt}`);
    for (const name of ["x-api-key", "anthropic-version"]) assert.equal(headers.get(name), undefined, name);
    const record = await recordOf(stack, idOf(response.headers));
    assert.equal(record.charge?.tokens, data.usage.input_tokens + data.usage.output_tokens);

    const stream = anthropic().messages.stream({
      ...body,
      messages: [{ role: "user", content: "[[say:20]]" }],
    });
    const message = await stream.finalMessage();
    assert.equal(message.stop_reason, "end_turn");
    assert.ok(message.usage.output_tokens >= 20);
    const streamed = await recordOf(stack, idOf(stream.response?.headers));
    assert.equal(streamed.charge?.source, "reported");
  });

  test("is refused before anything leaves where the dialects have nothing in common", async () => {
    const count = stack.claude.witness.find().length;
    const error = await raised(openai().embeddings.create({ model: CLAUDE_MODEL, input: "Hi." }));
    assert.deepEqual([error.status, error.code], [503, "no_permitted_target"]);
    assert.match(error.message, /openai-embeddings/);
    const counting = await post(
      stack.port,
      JSON.stringify({ model: GPT_MODEL, messages: [{ role: "user", content: "Hi." }] }),
      { path: "/v1/messages/count_tokens", headers: { "anthropic-version": "2023-06-01" } },
    );
    assert.equal(counting.status, 503);
    assert.equal(stack.claude.witness.find().length, count);
  });

  test("is told a target's error in its own dialect, with the target's status", async () => {
    const { anthropic: scripted } = stack.scripted;
    const cases: readonly (readonly [number, string, string])[] = [
      [
        429,
        "application/json",
        '{"type":"error","error":{"type":"rate_limit_error","message":"Slow down."}}',
      ],
      [529, "application/json", '{"type":"error","error":{"type":"overloaded_error","message":"Busy."}}'],
      [502, "text/html", "<h1>Bad gateway</h1>"],
      [500, "application/json", "no JSON"],
    ];
    for (const [status, type, body] of cases) {
      scripted.answer = (_, response) => void response.writeHead(status, { "content-type": type }).end(body);
      const error = await raised(openai().chat.completions.create(ask("Hi.", SCRIPTED_CLAUDE_MODEL)));
      assert.equal(error.status, status);
      assert.equal(typeof error.error, "object");
      const record = await recordOf(stack, idOf(error.headers));
      assert.deepEqual([record.status, record.charge], [status, undefined]);
    }
  });

  test("is never answered with what cannot be translated", async () => {
    const { anthropic: scripted } = stack.scripted;
    const bodies: readonly (readonly [string, string])[] = [
      ["application/json", "[]"],
      ["application/json", '{"type":"message"'],
      ["text/html", "<p>Hi</p>"],
    ];
    for (const [type, body] of bodies) {
      scripted.answer = (_, response) => void response.writeHead(200, { "content-type": type }).end(body);
      const error = await raised(openai().chat.completions.create(ask("Hi.", SCRIPTED_CLAUDE_MODEL)));
      assert.deepEqual([error.status, error.code], [502, "upstream_invalid"], body);
      const record = await recordOf(stack, idOf(error.headers));
      assert.deepEqual([record.verdict, record.status], ["deny", 502]);
      assert.equal(record.reasons[0]?.code, "upstream_invalid");
    }
  });

  test("gets an error event where a stream breaks off, never a clean end", async () => {
    const { anthropic: scripted } = stack.scripted;
    const start = {
      type: "message_start",
      message: {
        id: "m",
        type: "message",
        role: "assistant",
        model: "m",
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 3, output_tokens: 1 },
      },
    };
    const endings: readonly string[] = [
      "",
      "event: content_block_start\ndata: {no json\n\n",
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Busy."}}\n\n',
    ];
    for (const ending of endings) {
      const play: Answer = (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(`event: message_start\ndata: ${JSON.stringify(start)}\n\n`);
        response.end(ending);
      };
      scripted.answer = play;
      const stream = await openai().chat.completions.create({
        ...ask("Hi.", SCRIPTED_CLAUDE_MODEL),
        stream: true,
      });
      await assert.rejects(async () => {
        for await (const _ of stream);
      }, APIError);
    }
  });

  test("leaves no key in records, logs or what Envoy keeps", async () => {
    const files = readdirSync(stack.dir, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    assert.ok(files.length > 3);
    const keys = Object.values(stack.keys);
    for (const { parentPath, name } of files) {
      const text = readFileSync(join(parentPath, name), "latin1");
      for (const key of keys) assert.ok(!text.includes(key), name);
    }
  });
});

describe("in strict mode", () => {
  let stack: Translating;
  before(async () => {
    stack = await startTranslating({ config: (usual) => ({ ...usual, translation: { strict: true } }) });
  });
  after(() => stack?.stop());

  const chat = (more: object) =>
    post(
      stack.port,
      JSON.stringify({
        model: CLAUDE_MODEL,
        max_tokens: 10,
        messages: [{ role: "user", content: "Hi." }],
        ...more,
      }),
    );

  test("a request that would lose something is refused, with the member's name, and costs nothing", async () => {
    const { status, headers, body } = await chat({ seed: 7 });
    const { error } = JSON.parse(body);
    assert.deepEqual([status, error.code], [400, "translation_unsupported"]);
    assert.match(error.message, /\/seed/);
    assert.equal(headers["x-regent-reason"], "translation_unsupported");
    assert.equal(stack.claude.witness.find().length, 0);
    const record = await recordOf(stack, String(headers["x-regent-decision-id"]));
    assert.deepEqual([record.verdict, record.end, record.status], ["deny", "refused", 400]);
    assert.equal(record.charge, undefined);
    assert.equal(record.reasons[0]?.code, "translation_unsupported");
  });

  test("a request that loses nothing passes", async () => {
    const { status, headers, body } = await chat({});
    assert.equal(status, 200, body);
    assert.equal(headers["x-regent-translation-warnings"], undefined);
  });
});

async function raised(work: Promise<unknown>): Promise<APIError> {
  const error: unknown = await work.then(
    () => assert.fail("nothing was raised"),
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof APIError, String(error));
  return error;
}
