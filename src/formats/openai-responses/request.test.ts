import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../exchange/errors.ts";
import type { Inference } from "../../exchange/inference.ts";
import { readJson } from "../../wire/json/index.ts";
import { readRequest } from "./request.ts";

function read(members: object): Inference {
  const result = readJson(Buffer.from(JSON.stringify({ model: "sim-small", input: "i", ...members })));
  if (!result.ok) throw new Error(result.fault.reason);
  return readRequest(result.document, "chat");
}

function textsOf(item: object): [string, string, string][] {
  return read({ input: [item] }).textParts.map(({ pointer, text, role }) => [
    pointer.replace("/input/0", ""),
    text,
    role,
  ]);
}

test("reads a plain request", () => {
  const body = {
    instructions: "Be brief.",
    input: "Bonjour é",
    max_output_tokens: 50,
    temperature: 0.2,
    background: false,
    stream: true,
    user: "u-1",
  };
  assert.deepEqual(read(body), {
    format: "openai-responses",
    operation: "chat",
    model: "sim-small",
    stream: true,
    textParts: [
      { pointer: "/input", text: "Bonjour é", role: "user" },
      { pointer: "/instructions", text: "Be brief.", role: "system" },
      { pointer: "/user", text: "u-1", role: "user_id" },
    ],
    opaqueParts: [],
    textBytes: 22,
    maxOutputTokens: 50,
    choices: 1,
    tools: [],
    modalities: ["text"],
    parameters: { temperature: 0.2, background: false },
    user: "u-1",
    usageInStream: true,
    otherModels: [],
  });
});

test("texts of messages have the role of who speaks, with a type or without", () => {
  assert.deepEqual(textsOf({ role: "user", content: "t" }), [["/content", "t", "user"]]);
  const parts = [{ type: "input_text", text: "t" }, "u"];
  assert.deepEqual(textsOf({ type: "message", role: "developer", content: parts }), [
    ["/content/0/text", "t", "developer"],
    ["/content/1", "u", "developer"],
  ]);
  assert.deepEqual(textsOf({ role: "pirate", content: "t" }), [
    ["/role", "pirate", "unknown_role"],
    ["/content", "t", "unknown_role"],
  ]);
});

test("calls and their results are told apart", () => {
  assert.deepEqual(textsOf({ type: "function_call", call_id: "c", name: "n", arguments: "{}" }), [
    ["/call_id", "c", "id"],
    ["/name", "n", "tool_call"],
    ["/arguments", "{}", "tool_call"],
  ]);
  assert.deepEqual(textsOf({ type: "function_call_output", output: "o" }), [["/output", "o", "tool"]]);
  assert.deepEqual(textsOf({ type: "shell_call_output", output: [{ stdout: "o", stderr: "e" }] }), [
    ["/output/0/stdout", "o", "tool"],
    ["/output/0/stderr", "e", "tool"],
  ]);
  assert.deepEqual(
    read({ input: [{ type: "shell_call_output", output: [{ stdout: "o" }] }] }).opaqueParts,
    [],
  );
});

const PNG = Buffer.alloc(30).toString("base64");
const PARTS: readonly (readonly [part: object, modality: string, size: object])[] = [
  [
    { type: "input_image", image_url: "https://images.example:8443/a.png?q" },
    "image",
    { host: "images.example:8443" },
  ],
  [{ type: "input_image", image_url: `data:image/png;base64,${PNG}` }, "image", { bytes: 30 }],
  [{ type: "input_image", file_id: "file-1" }, "image", {}],
  [{ type: "input_audio", input_audio: { data: PNG, format: "wav" } }, "audio", { bytes: 30 }],
  [{ type: "input_file", file_data: `data:text/plain,caf%C3%A9` }, "file", { bytes: 9 }],
  [{ type: "input_file", file_data: PNG }, "file", { bytes: 30 }],
  [{ type: "input_file", file_url: "https://files.example/a.pdf" }, "file", { host: "files.example" }],
  [{ type: "input_file", file_id: "file-1" }, "file", {}],
  [{ type: "hologram" }, "unknown", {}],
];
for (const [part, modality, size] of PARTS) {
  test(`${JSON.stringify(part).slice(0, 60)} is an opaque part of type ${modality}`, () => {
    const { opaqueParts, modalities } = read({ input: [{ role: "user", content: [part] }] });
    assert.deepEqual(opaqueParts, [{ pointer: "/input/0/content/0", modality, ...size }]);
    assert.deepEqual(modalities, ["text", modality]);
  });
}

test("the name of a file is a text", () => {
  const content = [{ type: "input_file", file_id: "i", filename: "Erika Mustermann.pdf" }];
  assert.deepEqual(textsOf({ role: "user", content }), [
    ["/content/0/filename", "Erika Mustermann.pdf", "user"],
  ]);
});

test("a screenshot and a picture that was made are images", () => {
  const { opaqueParts } = read({
    input: [
      {
        type: "computer_call_output",
        output: { type: "computer_screenshot", image_url: "https://a.example/" },
      },
      { type: "image_generation_call", id: "i", result: PNG },
    ],
  });
  assert.deepEqual(opaqueParts, [
    { pointer: "/input/0/output", modality: "image", host: "a.example" },
    { pointer: "/input/1/result", modality: "image", bytes: 30 },
  ]);
});

test("what only the provider can read is encrypted", () => {
  const { opaqueParts } = read({
    input: [
      { type: "reasoning", id: "r", summary: [], encrypted_content: PNG },
      { type: "compaction", encrypted_content: PNG },
    ],
  });
  assert.deepEqual(opaqueParts, [
    { pointer: "/input/0/encrypted_content", modality: "encrypted", bytes: 30 },
    { pointer: "/input/1/encrypted_content", modality: "encrypted", bytes: 30 },
  ]);
});

for (const [members, pointer] of [
  [{ previous_response_id: "resp_1" }, "/previous_response_id"],
  [{ conversation: "conv_1" }, "/conversation"],
  [{ conversation: { id: "conv_1" } }, "/conversation"],
  [{ prompt: { id: "pmpt_1" } }, "/prompt"],
  [{ input: [{ type: "item_reference", id: "msg_1" }] }, "/input/0"],
  [{ input: [{ id: "msg_1" }] }, "/input/0"],
] as const) {
  test(`says that ${JSON.stringify(members)} puts something in front that is not seen`, () => {
    const { opaqueParts, modalities } = read(members);
    assert.deepEqual(opaqueParts, [{ pointer, modality: "context" }]);
    assert.deepEqual(modalities, ["text", "context"]);
  });
}

test("a response may be made from what the provider keeps alone", () => {
  assert.equal(read({ input: undefined, previous_response_id: "resp_1" }).textParts.length, 0);
  assert.equal(read({ input: undefined, prompt: { id: "p" } }).opaqueParts.length, 1);
});

test("variables of a prompt are texts or parts", () => {
  const variables = { name: "Erika", photo: { type: "input_image", image_url: "https://a.example/" } };
  const { textParts, opaqueParts } = read({ prompt: { id: "p", variables } });
  const texts = textParts.map(({ pointer, text }) => [pointer, text]);
  assert.ok(texts.some(([pointer, text]) => pointer === "/prompt/variables/name" && text === "Erika"));
  assert.ok(texts.some(([pointer, text]) => pointer === "/prompt/variables/photo~#" && text === "photo"));
  assert.deepEqual(opaqueParts[1], {
    pointer: "/prompt/variables/photo",
    modality: "image",
    host: "a.example",
  });
});

test("names tools wherever they are offered", () => {
  const tools = [
    { type: "function", name: "one" },
    { type: "function", function: { name: "two" } },
    { type: "mcp", server_label: "l", server_url: "https://mcp.example" },
    { type: "namespace", name: "space", tools: [{ type: "function", name: "three" }] },
  ];
  const input = [{ type: "tool_search_output", tools: [{ type: "function", name: "four" }] }];
  assert.deepEqual(read({ tools, input }).tools.toSorted(), ["four", "mcp", "one", "space", "three", "two"]);
});

for (const members of [
  { input: undefined },
  { input: undefined, previous_response_id: null },
  { input: 7 },
  { input: { role: "user", content: "t" } },
  { input: ["t"] },
  { input: [{ role: 7, content: "t" }] },
  { input: [{ role: "user", content: 7 }] },
  { input: [{ role: "user", Content: "t" }] },
  { input: [{ type: "message", content: "t" }] },
  { tools: {} },
  { tools: [{}] },
  { tools: [7] },
  { stream: "true" },
  { max_output_tokens: 0 },
  { prompt: "p" },
  { model: null },
  { Input: "i" },
  { Instructions: "i" },
  { previous_Response_id: "i" },
]) {
  test(`refuses ${JSON.stringify(members)}`, () =>
    assert.throws(
      () => read(members),
      (error) => error instanceof RegentError && error.code === "body_invalid",
    ));
}
