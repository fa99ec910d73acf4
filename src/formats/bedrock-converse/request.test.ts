import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../exchange/errors.ts";
import type { Inference } from "../../exchange/inference.ts";
import { endpointOf } from "../endpoints.ts";
import { bedrockConverse } from "./index.ts";

const MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

function read(members: object, { model = MODEL, stream = false } = {}): Inference {
  const endpoint = endpointOf(bedrockConverse, { model }, stream || undefined);
  const bytes = Buffer.from(JSON.stringify({ messages: [], ...members }));
  return bedrockConverse.readRequest({ bytes, headers: new Map(), endpoint }).inference;
}

const user = (...content: readonly object[]) => ({ messages: [{ role: "user", content }] });

test("reads a plain request", () => {
  const body = {
    system: [{ text: "Be brief." }, { cachePoint: { type: "default" } }],
    ...user({ text: "Grüß dich" }),
    inferenceConfig: { maxTokens: 50, temperature: 0.2, topP: 1, stopSequences: ["END"] },
    toolConfig: { tools: [{ toolSpec: { name: "look", inputSchema: { json: { type: "object" } } } }] },
    performanceConfig: { latency: "optimized" },
  };
  assert.deepEqual(read(body, { stream: true }), {
    format: "bedrock-converse",
    operation: "chat",
    model: MODEL,
    stream: true,
    textParts: [
      { pointer: "/messages/0/content/0/text", text: "Grüß dich", role: "user" },
      { pointer: "/system/0/text", text: "Be brief.", role: "system" },
      { pointer: "/inferenceConfig/stopSequences/0", text: "END", role: "inferenceConfig" },
      { pointer: "/toolConfig/tools/0/toolSpec/name", text: "look", role: "tool" },
    ],
    opaqueParts: [],
    textBytes: 27,
    maxOutputTokens: 50,
    choices: 1,
    tools: ["look"],
    modalities: ["text"],
    parameters: { temperature: 0.2, topP: 1 },
    user: undefined,
    usageInStream: true,
    otherModels: [],
  });
});

test("what is no text is opaque, with its size or its bucket", () => {
  const s3Location = { uri: "s3://my-bucket/a.mp4", bucketOwner: "111122223333" };
  const { opaqueParts, modalities } = read(
    user(
      { image: { format: "png", source: { bytes: "ZGF0YQ==" } } },
      { video: { format: "mp4", source: { s3Location } } },
      { document: { name: "n", source: { bytes: "ZGF0YQ==" } } },
      { guardContent: { image: { format: "png", source: { bytes: "ZGF0YQ==" } } } },
      { reasoningContent: { redactedContent: "ZGF0YQ==" } },
      { reasoningContent: { reasoningText: { text: "t", signature: "ZGF0YQ==" } } },
      { toolResult: { toolUseId: "i", content: [{ image: { source: { bytes: "ZGF0YQ==" } } }] } },
    ),
  );
  const at = "/messages/0/content";
  assert.deepEqual(opaqueParts, [
    { pointer: `${at}/0/image/source/bytes`, modality: "image", bytes: 4 },
    { pointer: `${at}/1/video/source/s3Location`, modality: "video", host: "my-bucket" },
    { pointer: `${at}/2/document/source/bytes`, modality: "file", bytes: 4 },
    { pointer: `${at}/3/guardContent/image/source/bytes`, modality: "image", bytes: 4 },
    { pointer: `${at}/4/reasoningContent/redactedContent`, modality: "encrypted", bytes: 4 },
    { pointer: `${at}/5/reasoningContent/reasoningText/signature`, modality: "encrypted", bytes: 4 },
    { pointer: `${at}/6/toolResult/content/0/image/source/bytes`, modality: "image", bytes: 4 },
  ]);
  assert.deepEqual(modalities, ["text", "image", "video", "file", "encrypted"]);
});

test("a block, a source or a prompt that nobody here knows is opaque, and its texts are shown all the same", () => {
  const { opaqueParts, textParts } = read({
    ...user({ hologram: { words: "w" } }, { image: { source: { elsewhere: "e" } } }),
    promptVariables: { topic: { text: "t" } },
  });
  assert.deepEqual(
    opaqueParts.map(({ pointer, modality }) => [pointer, modality]),
    [
      ["/messages/0/content/0/hologram", "unknown"],
      ["/messages/0/content/1/image/source/elsewhere", "unknown"],
      ["/promptVariables", "context"],
    ],
  );
  for (const text of ["hologram", "words", "w", "elsewhere", "e", "topic", "t"])
    assert.ok(
      textParts.some((part) => part.text === text),
      text,
    );
});

test("JSON in a tool's input or result is text, whatever its members are called", () => {
  const input = { bytes: "b", s3Location: { uri: "u" }, redactedContent: "r" };
  const { opaqueParts, textParts } = read(
    user({ toolUse: { toolUseId: "i", name: "n", input } }, { toolResult: { content: [{ json: input }] } }),
  );
  assert.deepEqual(opaqueParts, []);
  assert.deepEqual(
    textParts.map(({ text, role }) => `${role}: ${text}`),
    [
      "id: i",
      "tool_call: n",
      ..."bur".split("").map((t) => `tool_call: ${t}`),
      "tool: b",
      "tool: u",
      "tool: r",
    ],
  );
});

test("the largest bound counts, also one in a model's own words", () => {
  const bound = (inferenceConfig: object, fields?: object) =>
    read({ inferenceConfig, additionalModelRequestFields: fields }).maxOutputTokens;
  assert.equal(bound({}), undefined);
  assert.equal(bound({ maxTokens: 5 }, { max_tokens: 900 }), 900);
  assert.equal(bound({ maxTokens: 5 }, { max_gen_len: 1 }), 5);
  assert.equal(bound({}, { inferenceConfig: { max_new_tokens: 7 } }), 7);
});

test("tools in a model's own words are tools, and other models are told", () => {
  const { tools, otherModels } = read({
    toolConfig: { tools: [{ systemTool: { name: "nova_grounding" } }, { cachePoint: { type: "default" } }] },
    additionalModelRequestFields: {
      tools: [
        { type: "computer_20250124", name: "computer" },
        { type: "advisor", model: "another" },
      ],
      fallbacks: [{ model: "another" }],
    },
  });
  assert.deepEqual(tools, ["nova_grounding", "computer", "advisor"]);
  assert.deepEqual(otherModels, [
    "additionalModelRequestFields.fallbacks",
    "additionalModelRequestFields.tools[1]",
  ]);
});

test("the path names the model, the escapes in it undone, and another one when it is routed", () => {
  const endpoint = endpointOf(bedrockConverse, { model: MODEL });
  const request = bedrockConverse.readRequest({
    bytes: Buffer.from('{"messages":[]}'),
    headers: new Map(),
    endpoint,
  });
  const rewritten = request.rewrite({ texts: [], askForUsage: true, model: "amazon.nova-lite-v1:0" });
  assert.equal(rewritten.pathname, "/model/amazon.nova-lite-v1%3A0/converse");
  assert.deepEqual([rewritten.bytes.toString(), rewritten.asksForUsage], ['{"messages":[]}', false]);
});

for (const members of [
  { messages: {} },
  { messages: "hi" },
  { messages: ["hi"] },
  { messages: [{ role: 7, content: [] }] },
  { messages: [{ content: [] }] },
  { messages: [{ role: "user", content: "hi" }] },
  { messages: [{ Role: "user", role: "user", content: [] }] },
  { Messages: [] },
  { system: "Be brief." },
  { toolConfig: [] },
  { toolConfig: { tools: {} } },
  { toolConfig: { tools: ["look"] } },
  { toolConfig: { tools: [{ toolSpec: {} }] } },
  { toolConfig: { tools: [{}] } },
  { inferenceConfig: [] },
  { inferenceConfig: { maxTokens: 0 } },
  { inferenceConfig: { maxTokens: "5" } },
  { inferenceConfig: { MaxTokens: 5 } },
  { additionalModelRequestFields: { max_tokens: 1.5 } },
  { additionalModelRequestFields: { tools: [{}] } },
]) {
  test(`refuses ${JSON.stringify(members)}`, () =>
    assert.throws(
      () => read(members),
      (error) => error instanceof RegentError && error.code === "body_invalid",
    ));
}

test("refuses a number that not every reader takes the same way", () => {
  const bytes = Buffer.from('{"inferenceConfig":{"topK":9007199254740993}}');
  const message = { bytes, headers: new Map(), endpoint: endpointOf(bedrockConverse, { model: MODEL }) };
  assert.throws(() => bedrockConverse.readRequest(message), /same way/);
});
