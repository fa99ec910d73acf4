import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../exchange/errors.ts";
import type { Inference } from "../../exchange/inference.ts";
import { readJson } from "../../wire/json/index.ts";
import { readRequest } from "./request.ts";

function read(members: object): Inference {
  const result = readJson(Buffer.from(JSON.stringify({ model: "sim-small", prompt: "p", ...members })));
  if (!result.ok) throw new Error(result.fault.reason);
  return readRequest(result.document, "text_completion");
}

test("reads a plain request", () => {
  const body = {
    prompt: "Bonjour é",
    suffix: "!",
    max_tokens: 50,
    temperature: 0.2,
    stream: true,
    stream_options: { include_usage: true },
    user: "u-1",
  };
  assert.deepEqual(read(body), {
    format: "openai-completions",
    operation: "text_completion",
    model: "sim-small",
    stream: true,
    textParts: [
      { pointer: "/suffix", text: "!", role: "user" },
      { pointer: "/user", text: "u-1", role: "user_id" },
      { pointer: "/prompt", text: "Bonjour é", role: "user" },
    ],
    opaqueParts: [],
    textBytes: 14,
    maxOutputTokens: 50,
    choices: 1,
    tools: [],
    modalities: ["text"],
    parameters: { temperature: 0.2 },
    user: "u-1",
    usageInStream: true,
    otherModels: [],
  });
});

test("each prompt of a list is answered as often as asked for", () => {
  assert.equal(read({ prompt: ["a", "b", "c"] }).choices, 3);
  assert.equal(read({ prompt: ["a", "b"], n: 2, best_of: 5 }).choices, 10);
  assert.equal(read({ prompt: "a", n: 2 }).choices, 2);
  assert.equal(read({ prompt: [] }).choices, 1);
  assert.equal(read({ prompt: [1, 2, 3] }).choices, 1);
  assert.equal(read({ prompt: [[1, 2], [3]] }).choices, 2);
});

test("tokens are opaque, and counted", () => {
  const { opaqueParts, textParts, modalities } = read({ prompt: [1, 2, 3] });
  assert.deepEqual(opaqueParts, [{ pointer: "/prompt", modality: "tokens", tokens: 3 }]);
  assert.deepEqual(textParts, []);
  assert.deepEqual(modalities, ["text", "tokens"]);
  assert.deepEqual(read({ prompt: ["a", [1, 2], []] }).opaqueParts, [
    { pointer: "/prompt/1", modality: "tokens", tokens: 2 },
  ]);
});

test("vectors in the place of a prompt are opaque, and their text is shown all the same", () => {
  const { opaqueParts, textParts } = read({ prompt: null, prompt_embeds: "AAAA" });
  assert.deepEqual(opaqueParts, [{ pointer: "/prompt_embeds", modality: "unknown" }]);
  assert.deepEqual(textParts, [{ pointer: "/prompt_embeds", text: "AAAA", role: "prompt_embeds" }]);
});

for (const members of [
  { prompt: undefined },
  { prompt: 7 },
  { prompt: true },
  { prompt: { text: "p" } },
  { prompt: [{ text: "p" }] },
  { prompt: ["p", 1] },
  { prompt: [["p"]] },
  { prompt: [null] },
  { stream: "true" },
  { stream: 1 },
  { stream_options: [] },
  { max_tokens: 0 },
  { max_tokens: "5" },
  { n: 1.5 },
  { user: 7 },
  { model: "" },
  { Prompt: "p" },
  { Stream: true },
]) {
  test(`refuses ${JSON.stringify(members)}`, () =>
    assert.throws(
      () => read(members),
      (error) => error instanceof RegentError && error.code === "body_invalid",
    ));
}
