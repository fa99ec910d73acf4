import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../exchange/errors.ts";
import type { Inference } from "../../exchange/inference.ts";
import { readJson } from "../../wire/json/index.ts";
import { readRequest } from "./request.ts";

function read(members: object): Inference {
  const result = readJson(Buffer.from(JSON.stringify({ model: "embed", input: "i", ...members })));
  if (!result.ok) throw new Error(result.fault.reason);
  return readRequest(result.document, "embeddings");
}

test("reads a plain request", () => {
  assert.deepEqual(
    read({ input: ["Bonjour é", "b"], dimensions: 4, encoding_format: "float", user: "u-1" }),
    {
      format: "openai-embeddings",
      operation: "embeddings",
      model: "embed",
      stream: false,
      textParts: [
        { pointer: "/user", text: "u-1", role: "user_id" },
        { pointer: "/input/0", text: "Bonjour é", role: "user" },
        { pointer: "/input/1", text: "b", role: "user" },
      ],
      opaqueParts: [],
      textBytes: 14,
      maxOutputTokens: 0,
      choices: 1,
      tools: [],
      modalities: ["text"],
      parameters: { dimensions: 4, encoding_format: "float" },
      user: "u-1",
      usageInStream: false,
    },
  );
});

test("tokens are opaque, and counted", () => {
  assert.deepEqual(read({ input: [1, 2, 3] }).opaqueParts, [
    { pointer: "/input", modality: "tokens", tokens: 3 },
  ]);
  assert.deepEqual(read({ input: [[1], [2, 3]] }).opaqueParts, [
    { pointer: "/input/0", modality: "tokens", tokens: 1 },
    { pointer: "/input/1", modality: "tokens", tokens: 2 },
  ]);
});

test("what is embedded besides texts is a typed part, and its texts are shown where its type is not known", () => {
  const input = [
    { type: "text", text: "t" },
    { type: "image_url", image_url: { url: "https://images.example/a.png" } },
    { image: "AAAA" },
  ];
  const { opaqueParts, textParts, modalities } = read({ input });
  assert.deepEqual(
    opaqueParts.map(({ pointer, modality }) => [pointer, modality]),
    [
      ["/input/1", "image"],
      ["/input/2", "unknown"],
    ],
  );
  assert.deepEqual(
    textParts.map(({ pointer, text }) => [pointer, text]),
    [
      ["/input/0/text", "t"],
      ["/input/2/image~#", "image"],
      ["/input/2/image", "AAAA"],
    ],
  );
  assert.deepEqual(modalities, ["text", "image", "unknown"]);
});

test("a conversation beside the input is opaque, because it may hold more than text, and its texts are shown", () => {
  const { opaqueParts, textParts } = read({ messages: [{ role: "user", content: "hello" }] });
  assert.deepEqual(opaqueParts, [{ pointer: "/messages", modality: "unknown" }]);
  assert.ok(textParts.some(({ text }) => text === "hello"));
});

test("takes no switch for a stream: vectors come whole", () => {
  assert.equal(read({ stream: true }).stream, false);
  assert.deepEqual(read({ stream: true }).parameters, { stream: true });
});

for (const members of [
  { input: undefined },
  { input: undefined, messages: [] },
  { input: 7 },
  { input: { text: "t" } },
  { input: [["t"]] },
  { input: ["t", 1] },
  { input: [true] },
  { model: 7 },
  { user: [] },
  { Input: "i" },
]) {
  test(`refuses ${JSON.stringify(members)}`, () =>
    assert.throws(
      () => read(members),
      (error) => error instanceof RegentError && error.code === "body_invalid",
    ));
}
