/** What is translated, put together by the official clients: they raise on whatever is not as it has to be. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import type { FormatName } from "../../src/exchange/inference.ts";
import { translatorOf } from "../../src/translation/index.ts";
import { fixturesMissing, loadFixtures } from "../contract/fixtures.ts";
import { FACTS, jsonOf, SILENT } from "./meaning.ts";

const EVENTS = "text/event-stream";

function respond(bytes: Buffer, type: string, status = 200) {
  return async () => new Response(new Uint8Array(bytes), { status, headers: { "content-type": type } });
}

const openai = (fetch: () => Promise<Response>) => new OpenAI({ apiKey: "none", maxRetries: 0, fetch });
const anthropic = (fetch: () => Promise<Response>) => new Anthropic({ apiKey: "none", maxRetries: 0, fetch });

function streamed(from: FormatName, to: FormatName, body: Buffer): { bytes: Buffer; complete: boolean } {
  const stream = translatorOf(from, to)?.stream?.(FACTS, SILENT) ?? assert.fail();
  const { bytes } = stream.push(body);
  const end = stream.end();
  return { bytes: Buffer.concat([bytes, end.bytes]), complete: end.complete };
}

function replied(from: FormatName, to: FormatName, body: Buffer, status: number): Buffer {
  const facts = { ...FACTS, status };
  return translatorOf(from, to)?.response?.(body, facts, SILENT).bytes ?? assert.fail();
}

type Expected = {
  readonly text: string | null;
  readonly tool_calls: readonly { readonly name: string; readonly arguments: unknown }[];
  readonly usage: { readonly [count: string]: number | null };
  readonly error: { readonly message: string } | null;
};

/** Recorded answers of a dialect that are whole, all of them chat. */
function recorded(format: string, kind: "response" | "stream") {
  return loadFixtures(format)
    .filter((fixture) => fixture.kind === kind && fixture.expected.invalid === undefined)
    .map((fixture) => ({ ...fixture, expected: fixture.expected as unknown as Expected }));
}

const ASKED = { model: "m", max_tokens: 10, messages: [{ role: "user" as const, content: "q" }] };

describe("Anthropic's client with answers of OpenAI's chat", {
  skip: fixturesMissing("openai-chat") ?? false,
}, () => {
  const inputs = (calls: Expected["tool_calls"]) =>
    calls.map(({ name, arguments: given }) => [name, typeof given === "string" ? jsonOf(given) : given]);

  function assertMessage(message: Anthropic.Message, expected: Expected, name: string): void {
    const texts = message.content.flatMap((block) => (block.type === "text" ? [block.text] : []));
    const calls = message.content.flatMap((block) =>
      block.type === "tool_use" ? [[block.name, block.input]] : [],
    );
    assert.equal(texts.join("").startsWith(expected.text ?? ""), true, name);
    assert.deepEqual(calls, inputs(expected.tool_calls), name);
    assert.notEqual(message.stop_reason, null, name);
    if (calls.length > 0) assert.equal(message.stop_reason, "tool_use", name);
    const { input, cached_input: cached } = expected.usage;
    if (input === null || input === undefined) return;
    const {
      input_tokens: fresh,
      cache_read_input_tokens: read,
      cache_creation_input_tokens: made,
    } = message.usage;
    assert.equal(fresh + (read ?? 0) + (made ?? 0), input, name);
    assert.equal(read ?? null, cached ?? null, name);
  }

  test("puts every recorded stream together", async (context) => {
    let whole = 0;
    for (const { name, body, expected } of recorded("openai-chat", "stream")) {
      const { bytes, complete } = streamed("openai-chat", "anthropic-messages", body);
      const message = anthropic(respond(bytes, EVENTS)).messages.stream(ASKED).finalMessage();
      if (!complete || expected.error !== null) {
        await assert.rejects(message, name);
        continue;
      }
      assertMessage(await message, expected, name);
      whole++;
    }
    context.diagnostic(`${whole} streams put together`);
    assert.ok(whole > 0);
  });

  test("reads every recorded answer, and raises on every recorded error", async (context) => {
    let read = 0;
    for (const { name, body, expected, status = 200 } of recorded("openai-chat", "response")) {
      const bytes = replied("openai-chat", "anthropic-messages", body, status);
      const asked = anthropic(respond(bytes, "application/json", status)).messages.create(ASKED);
      if (status >= 400) {
        await assert.rejects(asked, (error) => {
          assert.ok(error instanceof Anthropic.APIError, name);
          assert.equal(error.status, status, name);
          assert.equal(
            (error.error as { error: { message: string } }).error.message,
            expected.error?.message,
            name,
          );
          return true;
        });
      } else if (expected.error === null) assertMessage(await asked, expected, name);
      read++;
    }
    context.diagnostic(`${read} answers read`);
    assert.ok(read > 0);
  });

  test("raises the exception of the status", async () => {
    const body = (type: string, code: string | null) =>
      Buffer.from(JSON.stringify({ error: { message: "m", type, code } }));
    for (const [status, type, raised] of [
      [400, "invalid_request_error", Anthropic.BadRequestError],
      [401, "invalid_request_error", Anthropic.AuthenticationError],
      [403, "permission_error", Anthropic.PermissionDeniedError],
      [404, "invalid_request_error", Anthropic.NotFoundError],
      [429, "requests", Anthropic.RateLimitError],
      [500, "server_error", Anthropic.InternalServerError],
      [503, "server_error", Anthropic.InternalServerError],
    ] as const) {
      const bytes = replied("openai-chat", "anthropic-messages", body(type, null), status);
      const asked = anthropic(respond(bytes, "application/json", status)).messages.create(ASKED);
      await assert.rejects(asked, (error) => {
        assert.ok(error instanceof raised, `${status}`);
        const { error: named } = error.error as { error: { type: string; message: string } };
        assert.equal(named.message, "m");
        assert.match(named.type, /_error$/);
        return true;
      });
    }
  });

  test("raises on an error in the middle of a stream", async () => {
    const body = Buffer.from(
      'data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hal"}}]}\n\n' +
        'data: {"error":{"message":"too much","type":"server_error","code":"rate_limit_exceeded"}}\n\n',
    );
    const { bytes } = streamed("openai-chat", "anthropic-messages", body);
    const stream = anthropic(respond(bytes, EVENTS)).messages.stream(ASKED);
    const texts: string[] = [];
    stream.on("text", (text) => texts.push(text));
    await assert.rejects(stream.finalMessage(), /too much/);
    assert.deepEqual(texts, ["Hal"]);
  });
});

describe("OpenAI's client with answers of Anthropic's", {
  skip: fixturesMissing("anthropic-messages") ?? false,
}, () => {
  function assertCompletion(completion: OpenAI.ChatCompletion, expected: Expected, name: string): void {
    const [choice] = completion.choices;
    assert.equal(choice?.message.content || null, expected.text || null, name);
    const calls = (choice?.message.tool_calls ?? []).map((call) =>
      call.type === "function" ? [call.function.name, jsonOf(call.function.arguments)] : [],
    );
    assert.deepEqual(
      calls,
      expected.tool_calls.map(({ name: called, arguments: given }) => [called, given]),
      name,
    );
    const { input, cached_input: read, cache_creation_input: made, output } = expected.usage;
    if (input === null || input === undefined) return;
    assert.equal(completion.usage?.prompt_tokens, input + (read ?? 0) + (made ?? 0), name);
    assert.equal(completion.usage?.completion_tokens, output, name);
  }

  test("puts every recorded stream together", async (context) => {
    let whole = 0;
    for (const { name, body, expected } of recorded("anthropic-messages", "stream")) {
      // A second start discards what was delivered, which nobody can take back from another dialect's client.
      if ("message_starts" in expected) continue;
      const { bytes, complete } = streamed("anthropic-messages", "openai-chat", body);
      const completion = openai(respond(bytes, EVENTS))
        .chat.completions.stream({ ...ASKED, stream_options: { include_usage: true } })
        .finalChatCompletion();
      if (!complete || expected.error !== null) {
        await assert.rejects(completion, name);
        continue;
      }
      assertCompletion(await completion, expected, name);
      whole++;
    }
    context.diagnostic(`${whole} streams put together`);
    assert.ok(whole > 0);
  });

  test("reads every recorded answer, and raises on every recorded error", async (context) => {
    let read = 0;
    for (const { name, body, expected, status = 200 } of recorded("anthropic-messages", "response")) {
      if ("input_tokens" in JSON.parse(body.toString("utf8"))) continue;
      const bytes = replied("anthropic-messages", "openai-chat", body, status);
      const asked = openai(respond(bytes, "application/json", status)).chat.completions.create(ASKED);
      if (status >= 400) {
        await assert.rejects(asked, (error) => {
          assert.ok(error instanceof OpenAI.APIError, name);
          assert.equal(error.status, status, name);
          assert.ok(error.message.includes(expected.error?.message ?? "?"), name);
          return true;
        });
      } else if (expected.error === null) assertCompletion(await asked, expected, name);
      read++;
    }
    context.diagnostic(`${read} answers read`);
    assert.ok(read > 0);
  });

  test("raises the exception of the status", async () => {
    for (const [status, type, raised] of [
      [400, "invalid_request_error", OpenAI.BadRequestError],
      [401, "authentication_error", OpenAI.AuthenticationError],
      [403, "permission_error", OpenAI.PermissionDeniedError],
      [404, "not_found_error", OpenAI.NotFoundError],
      [429, "rate_limit_error", OpenAI.RateLimitError],
      [500, "api_error", OpenAI.InternalServerError],
      [529, "overloaded_error", OpenAI.InternalServerError],
    ] as const) {
      const body = Buffer.from(JSON.stringify({ type: "error", error: { type, message: "m" } }));
      const bytes = replied("anthropic-messages", "openai-chat", body, status);
      const asked = openai(respond(bytes, "application/json", status)).chat.completions.create(ASKED);
      await assert.rejects(asked, (error) => {
        assert.ok(error instanceof raised, `${status}`);
        assert.ok(error.message.endsWith("m"));
        assert.notEqual(error.type, undefined);
        return true;
      });
    }
  });
});
