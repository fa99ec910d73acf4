import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../../exchange/errors.ts";
import type { TranslationWarning } from "../../translation.ts";
import type { Conversation, MediaPart } from "../conversation.ts";
import { bedrockConverse } from "./index.ts";

const CLAUDE = "us.anthropic.claude-sonnet-4-20250514-v1:0";

const NOTHING: Conversation = {
  model: CLAUDE,
  stream: false,
  includeUsage: true,
  messages: [{ role: "user", parts: [{ kind: "text", text: "Hi" }] }],
  tools: [],
};

function write(more: Partial<Conversation> = {}) {
  const warnings: TranslationWarning[] = [];
  const { path, bytes } = bedrockConverse.writeRequest({ ...NOTHING, ...more }, (warning) => {
    warnings.push(warning);
  });
  return { path, body: JSON.parse(bytes.toString()), warnings };
}

function read(body: object) {
  const warnings: TranslationWarning[] = [];
  const facts = { headers: new Map(), urlModel: CLAUDE, urlStream: true };
  const bytes = Buffer.from(JSON.stringify({ messages: [], ...body }));
  return { ...bedrockConverse.readRequest(bytes, facts, (warning) => warnings.push(warning)), warnings };
}

test("the path names the model and says whether the answer streams", () => {
  const escaped = "us.anthropic.claude-sonnet-4-20250514-v1%3A0";
  assert.equal(write().path, `/model/${escaped}/converse`);
  assert.equal(write({ stream: true }).path, `/model/${escaped}/converse-stream`);
  assert.deepEqual([read({}).model, read({}).stream], [CLAUDE, true]);
});

test("nothing is invented", () => {
  assert.deepEqual(write().body, { messages: [{ role: "user", content: [{ text: "Hi" }] }] });
  assert.deepEqual(write().warnings, []);
});

const THINKING: readonly (readonly [model: string, reasoning: Conversation["reasoning"], fields: unknown])[] =
  [
    [CLAUDE, { mode: "on", budgetTokens: 2048 }, { thinking: { type: "enabled", budget_tokens: 2048 } }],
    [CLAUDE, { mode: "off" }, { thinking: { type: "disabled" } }],
    ["amazon.nova-2-lite-v1:0", { mode: "off" }, { reasoningConfig: { type: "disabled" } }],
    [
      "amazon.nova-2-lite-v1:0",
      { mode: "on", effort: "xhigh" },
      { reasoningConfig: { type: "enabled", maxReasoningEffort: "high" } },
    ],
    ["openai.gpt-oss-120b-1:0", { mode: "on", effort: "low" }, { reasoning_effort: "low" }],
    ["openai.gpt-oss-120b-1:0", { mode: "off" }, { reasoning_effort: "low" }],
  ];
for (const [model, reasoning, fields] of THINKING) {
  test(`${model} thinks in the words of its maker: ${JSON.stringify(reasoning)}`, () => {
    assert.deepEqual(
      write({ model, ...(reasoning && { reasoning }) }).body.additionalModelRequestFields,
      fields,
    );
  });
}

test("what a maker's fields say is read, and the rest is told", () => {
  const { reasoning, topK, user, warnings } = read({
    additionalModelRequestFields: {
      thinking: { type: "enabled", budget_tokens: 1024 },
      top_k: 5,
      metadata: { user_id: "u" },
      anthropic_beta: ["b"],
    },
  });
  assert.deepEqual([reasoning, topK, user], [{ mode: "on", budgetTokens: 1024 }, 5, "u"]);
  assert.deepEqual(
    warnings.map(({ code, member }) => [code, member]),
    [["dropped", "/additionalModelRequestFields/anthropic_beta"]],
  );
});

test("with thinking Claude's sampling is left out, and that is told", () => {
  const { body, warnings } = write({
    reasoning: { mode: "on", budgetTokens: 1024 },
    temperature: 0.3,
    topP: 0.5,
    topK: 3,
    at: { temperature: "/temperature", topP: "/top_p", topK: "/top_k" },
  });
  assert.equal(body.inferenceConfig, undefined);
  assert.deepEqual(warnings.map(({ member }) => member).sort(), ["/temperature", "/top_k", "/top_p"]);
});

test("a cache point stands behind what it caches, and belongs to what it stands behind", () => {
  const cached = { kind: "text", text: "Hi", cache: { ttl: "1h" } } as const;
  const tool = { name: "look", parameters: { type: "object" }, cache: {} };
  const { body } = write({ messages: [{ role: "user", parts: [cached] }], tools: [tool] });
  const point = { cachePoint: { type: "default", ttl: "1h" } };
  assert.deepEqual(body.messages[0].content, [{ text: "Hi" }, point]);
  assert.deepEqual(body.toolConfig.tools[1], { cachePoint: { type: "default" } });
  const back = read(body);
  assert.deepEqual(back.messages[0]?.parts[0], { ...cached, at: "/messages/0/content/0" });
  assert.deepEqual(back.tools[0]?.cache, {});
  const { warnings } = read({ system: [point], toolConfig: { tools: [point] } });
  assert.deepEqual(
    warnings.map(({ member }) => member),
    ["/toolConfig/tools/0/cachePoint", "/system/0/cachePoint"],
  );
});

const MEDIA: readonly (readonly [part: Omit<MediaPart, "kind">, kind: MediaPart["kind"], block: unknown])[] =
  [
    [
      { source: { from: "base64", mediaType: "image/jpg", data: "ZQ==" } },
      "image",
      { image: { format: "jpeg", source: { bytes: "ZQ==" } } },
    ],
    [
      { source: { from: "url", url: "s3://b/a.JPG" } },
      "image",
      { image: { format: "jpeg", source: { s3Location: { uri: "s3://b/a.JPG" } } } },
    ],
    [{ source: { from: "url", url: "https://images.example/a.png" } }, "image", undefined],
    [{ source: { from: "base64", mediaType: "image/tiff", data: "ZQ==" } }, "image", undefined],
    [{ source: { from: "file", id: "file-1", keeper: "openai" } }, "document", undefined],
    [
      { source: { from: "base64", mediaType: "application/pdf", data: "ZQ==" }, name: "Q3_report.pdf" },
      "document",
      { document: { format: "pdf", source: { bytes: "ZQ==" }, name: "Q3-report" } },
    ],
    [
      {
        source: { from: "base64", mediaType: "application/octet-stream", data: "ZQ==" },
        name: "notes.md",
      },
      "document",
      { document: { format: "md", source: { bytes: "ZQ==" }, name: "notes" } },
    ],
    [
      { source: { from: "text", text: "t" } },
      "document",
      { document: { format: "txt", source: { text: "t" }, name: "document" } },
    ],
    [
      { source: { from: "base64", mediaType: "audio/mpeg", data: "ZQ==" } },
      "audio",
      { audio: { format: "mp3", source: { bytes: "ZQ==" } } },
    ],
  ];
for (const [part, kind, block] of MEDIA) {
  test(`writes ${kind} ${JSON.stringify(part)}`, () => {
    const { body, warnings } = write({
      messages: [
        {
          role: "user",
          parts: [
            { kind: "text", text: "Hi" },
            { kind, ...part, at: "/there" },
          ],
        },
      ],
    });
    assert.deepEqual(body.messages[0].content[1], block);
    if (block === undefined)
      assert.deepEqual([warnings[0]?.code, warnings[0]?.member], ["dropped", "/there"]);
  });
}

test("calls, results and thinking keep what they are", () => {
  const messages: Conversation["messages"] = [
    {
      role: "assistant",
      parts: [
        { kind: "tool_call", id: "a b", name: "look", arguments: '{"n":12345678901234567890}' },
        { kind: "reasoning", text: "Hm.", signature: "s" },
        { kind: "reasoning", text: "", encrypted: "sealed" },
        { kind: "reasoning", text: "unsigned", at: "/unsigned" },
      ],
    },
    {
      role: "tool",
      parts: [
        { kind: "tool_result", callId: "a b", content: [], json: { found: 1 } },
        { kind: "tool_result", callId: "c", content: [{ kind: "text", text: "no" }], isError: true },
      ],
    },
  ];
  const { bytes } = bedrockConverse.writeRequest({ ...NOTHING, messages }, () => {});
  assert.ok(bytes.includes('"input":{"n":12345678901234567890}'));
  const { body, warnings } = write({ messages });
  const [assistant, user] = body.messages;
  assert.deepEqual(assistant.content.slice(0, 2), [
    { reasoningContent: { reasoningText: { text: "Hm.", signature: "s" } } },
    { reasoningContent: { redactedContent: Buffer.from("sealed").toString("base64") } },
  ]);
  assert.equal(assistant.content[2].toolUse.toolUseId, "a_b");
  assert.deepEqual(user, {
    role: "user",
    content: [
      { toolResult: { toolUseId: "a_b", content: [{ json: { found: 1 } }] } },
      { toolResult: { toolUseId: "c", content: [{ text: "no" }], status: "error" } },
    ],
  });
  assert.ok(warnings.some(({ code, member }) => code === "dropped" && member === "/unsigned"));
  const plain = bytes.toString().replace("12345678901234567890", "1");
  const back = read(JSON.parse(plain)).messages.flatMap(({ parts }) => parts);
  assert.deepEqual(
    back.map((part) => (part.kind === "reasoning" ? (part.encrypted ?? part.text) : part.kind)),
    ["Hm.", "sealed", "tool_call", "tool_result", "tool_result"],
  );
});

test("tools that must not be called are not offered, unless the history has calls", () => {
  const tools = [{ name: "look", at: "/tools/0" }];
  const none = { tools, toolChoice: { mode: "none" } } as const;
  assert.equal(write(none).body.toolConfig, undefined);
  const call = { kind: "tool_call", id: "i", name: "look", arguments: "" } as const;
  const { body, warnings } = write({ ...none, messages: [{ role: "assistant", parts: [call] }] });
  assert.equal(body.toolConfig.tools.length, 1);
  assert.deepEqual(
    warnings.map(({ member }) => member),
    ["/tool_choice"],
  );
});

test("labels and tiers are carried where Bedrock takes them", () => {
  const settings = (value: string) => [{ name: "service_tier", value, at: "/service_tier" }];
  assert.deepEqual(write({ settings: settings("flex") }).body.serviceTier, { type: "flex" });
  assert.equal(write({ settings: settings("scale") }).warnings[0]?.member, "/service_tier");
  assert.deepEqual(write({ metadata: { team: "a b" } }).body.requestMetadata, { team: "a b" });
  for (const metadata of [{ team: "ä" }, { team: 7 }, { "": "a" }, { team: "a".repeat(257) }])
    assert.equal(write({ metadata }).warnings[0]?.member, "/metadata", JSON.stringify(metadata));
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`k${at}`, "v"]));
  assert.equal(write({ metadata: many }).body.requestMetadata, undefined);
});

test("a schema is a text with JSON in it, there and back", () => {
  const output = { form: "json_schema", name: "n", schema: { type: "object" }, strict: true } as const;
  const { body } = write({ output });
  assert.equal(body.outputConfig.textFormat.structure.jsonSchema.schema, '{"type":"object"}');
  assert.deepEqual(read(body).output, output);
});

for (const [title, body, code] of [
  ["a prompt that Bedrock keeps", { promptVariables: { a: { text: "t" } } }, "translation_unsupported"],
  ["a role that is not known", { messages: [{ role: "tool", content: [] }] }, "body_invalid"],
  ["content that is a text", { messages: [{ role: "user", content: "t" }] }, "body_invalid"],
  [
    "a call without a name",
    { messages: [{ role: "assistant", content: [{ toolUse: { toolUseId: "i" } }] }] },
    "body_invalid",
  ],
] as const) {
  test(`refuses ${title}`, () => {
    assert.throws(
      () => read(body),
      (error) => error instanceof RegentError && error.code === code,
    );
  });
}
