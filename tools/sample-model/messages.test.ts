import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import Anthropic, { APIError, NotFoundError, RateLimitError } from "@anthropic-ai/sdk";
import { REPLAY_HEADER } from "./replay.ts";
import { type SampleModel, startSampleModel } from "./server.ts";

describe("a message", () => {
  const recordings = mkdtempSync(join(tmpdir(), "regent-recordings-"));
  let model: SampleModel;
  let client: Anthropic;

  before(async () => {
    mkdirSync(join(recordings, "some"));
    writeFileSync(join(recordings, "some", "answer.json"), '{"content" : []}');
    writeFileSync(join(recordings, "outside.json"), "{}");
    model = await startSampleModel({
      name: "sim-us",
      region: "us",
      paceMs: 0,
      models: ["sim-small"],
      recordings,
    });
    client = new Anthropic({ apiKey: "none", baseURL: model.origin, maxRetries: 0 });
  });
  after(async () => {
    await model.close();
    rmSync(recordings, { recursive: true });
  });

  const ask = (content: string, more: object = {}) => ({
    model: "sim-small",
    max_tokens: 100,
    messages: [{ role: "user" as const, content }],
    ...more,
  });

  test("is the same as one document and as a stream, with the same usage", async () => {
    const request = ask("x".repeat(4 * 200), {
      max_tokens: 256,
      system: [{ type: "text", text: "Be brief." }],
    });
    const whole = await client.messages.create(request);
    const streamed = await client.messages.stream(request).finalMessage();
    assert.deepEqual(streamed.content, whole.content);
    assert.deepEqual(streamed.usage, whole.usage);
    assert.equal(whole.usage.cache_read_input_tokens, 128);
    assert.equal(whole.stop_reason, "end_turn");
    const { input_tokens: all } = await client.messages.countTokens({
      model: request.model,
      messages: request.messages,
      system: "Be brief.",
    });
    assert.equal(whole.usage.input_tokens + 128, all);
  });

  test("stops where it may say no more", async () => {
    const { stop_reason: reason, usage } = await client.messages.create(ask("[[say:50]]", { max_tokens: 7 }));
    assert.deepEqual([reason, usage.output_tokens], ["max_tokens", 7]);
  });

  test("fails in Anthropic's words", async () => {
    await assert.rejects(client.messages.create(ask("[[fault:429]]")), RateLimitError);
    await assert.rejects(client.messages.create(ask("hi", { model: "nobody" })), NotFoundError);
    await assert.rejects(
      client.messages.stream(ask("[[fault:error-event]] [[say:9]]")).finalMessage(),
      (error) => error instanceof APIError && error.errorCode === "sim_fault",
    );
  });

  test("is what was recorded, where one was asked for, and nothing else on the disk", async () => {
    const replay = async (name: string) => {
      const response = await fetch(`${model.origin}/v1/messages`, {
        method: "POST",
        headers: { [REPLAY_HEADER]: name },
      });
      return response.text();
    };
    assert.equal(await replay("some/answer.json"), '{"content" : []}');
    for (const name of [
      "outside.json",
      "some/../outside.json",
      "../x/outside.json",
      "some/none.json",
      "some/a.txt",
    ])
      await assert.rejects(replay(name), name);
  });
});
