/** A target fails and Envoy turns to one of another dialect: what each of them sees, and what the record makes of it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { KEYS } from "../governed/ask.ts";
import { recordOf } from "../governed/records.ts";
import { EITHER_MODEL, SCRIPTED_CLAUDE_MODEL, startTranslating, type Translating } from "./stack.ts";

/** Requests take their time on two busy cores, but do not hang. */
const timeout = 30_000;

describe("a retry", () => {
  let stack: Translating;
  before(async () => {
    stack = await startTranslating({ fallbacks: { primary: ["claude"], "scripted-claude": ["gpt"] } });
  });
  after(() => stack?.stop());

  const fail = () => {
    stack.scripted.openai.answer = (_, response) =>
      void response
        .writeHead(503, { "content-type": "application/json" })
        .end('{"error":{"message":"down"}}');
  };
  const idOf = (headers: Headers | undefined) => headers?.get("x-regent-decision-id") ?? undefined;
  const base = () => `http://127.0.0.1:${stack.port}`;
  const lastAtClaude = () => {
    const seen = stack.claude.witness.find().at(-1);
    assert.ok(seen);
    return { ...seen, named: new Map(seen.headers.map(([name, value]) => [name.toLowerCase(), value])) };
  };
  const attemptsOf = (record: Awaited<ReturnType<typeof recordOf>>) =>
    record.attempts?.map(({ target, status, translatedTo }) => [target, status, translatedTo]);

  test("on a target of another dialect is translated anew: one answer, one record, one charge", async () => {
    fail();
    const client = new OpenAI({ apiKey: KEYS.acmeAnalyst, baseURL: `${base()}/v1`, maxRetries: 0, timeout });
    const before = (await stack.records()).length;
    const { data, response } = await client.chat.completions
      .create({
        model: EITHER_MODEL,
        max_completion_tokens: 50,
        messages: [{ role: "user", content: "Hello." }],
      })
      .withResponse();
    assert.ok(data.choices[0]?.message.content?.endsWith("You said: Hello."));
    const first = stack.scripted.openai.witness.seen.at(-1);
    assert.equal(first?.path, "/v1/chat/completions");
    assert.equal(first.headers.authorization, `Bearer ${stack.keys.primary}`);
    const second = lastAtClaude();
    assert.equal(second.path, "/v1/messages");
    assert.deepEqual(
      ["x-api-key", "authorization", "x-regent-target", "content-length"].map((name) =>
        second.named.get(name),
      ),
      [stack.keys.claude, undefined, "claude", String(second.bodyBytes)],
    );
    const record = await recordOf(stack, idOf(response.headers));
    assert.deepEqual(attemptsOf(record), [
      ["primary", 503, undefined],
      ["claude", 200, "anthropic-messages"],
    ]);
    assert.deepEqual([record.status, record.end, record.route?.target], [200, "complete", "claude"]);
    assert.equal(record.charge?.tokens, data.usage?.total_tokens);
    assert.equal((await stack.records()).length, before + 1);
  });

  test("on a target of the client's own dialect is what the client sent, with nothing of the attempt before", async () => {
    fail();
    const client = new Anthropic({ apiKey: KEYS.acmeAnalyst, baseURL: base(), maxRetries: 0, timeout });
    const { data, response } = await client.messages
      .create(
        { model: EITHER_MODEL, max_tokens: 50, messages: [{ role: "user", content: "Hello." }] },
        { headers: { "anthropic-version": "2024-01-02", "anthropic-beta": "some-beta" } },
      )
      .withResponse();
    assert.equal(data.type, "message");
    const first = stack.scripted.openai.witness.seen.at(-1);
    assert.equal(first?.path, "/v1/chat/completions");
    assert.equal(first.headers["anthropic-version"], undefined);
    const second = lastAtClaude();
    assert.equal(second.path, "/v1/messages");
    assert.deepEqual(JSON.parse(second.body), {
      model: "sim-small",
      max_tokens: 50,
      messages: [{ role: "user", content: "Hello." }],
    });
    assert.deepEqual(
      ["x-api-key", "authorization", "anthropic-version", "anthropic-beta"].map((name) =>
        second.named.get(name),
      ),
      [stack.keys.claude, undefined, "2024-01-02", "some-beta"],
    );
    const record = await recordOf(stack, idOf(response.headers));
    assert.deepEqual(attemptsOf(record), [
      ["primary", 503, "openai-chat"],
      ["claude", 200, undefined],
    ]);
    assert.equal(record.translation, undefined);
  });

  test("streams from the second target in the client's dialect", async () => {
    fail();
    const client = new OpenAI({ apiKey: KEYS.acmeAnalyst, baseURL: `${base()}/v1`, maxRetries: 0, timeout });
    const stream = await client.chat.completions.create({
      model: EITHER_MODEL,
      stream: true,
      messages: [{ role: "user", content: "[[say:10]]" }],
    });
    let chunks = 0;
    for await (const _ of stream) chunks += 1;
    assert.ok(chunks >= 10);
  });

  test("on a target that policy does not permit goes nowhere", async () => {
    stack.scripted.anthropic.answer = (_, response) => void response.writeHead(503).end();
    const count = stack.gpt.witness.find().length;
    const client = new Anthropic({ apiKey: KEYS.acmeAnalyst, baseURL: base(), maxRetries: 0, timeout });
    const error = await client.messages
      .create({ model: SCRIPTED_CLAUDE_MODEL, max_tokens: 5, messages: [{ role: "user", content: "Hi." }] })
      .then(
        () => assert.fail("it was answered"),
        (caught: unknown) => caught as InstanceType<typeof Anthropic.APIError>,
      );
    assert.equal(error.status, 503);
    assert.equal(stack.gpt.witness.find().length, count);
    const record = await recordOf(stack, idOf(error.headers));
    assert.deepEqual([record.verdict, record.reasons[0]?.code], ["deny", "no_permitted_target"]);
    assert.deepEqual(attemptsOf(record), [["scripted-claude", 503, undefined]]);
  });
});
