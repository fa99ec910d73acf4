import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../exchange/errors.ts";
import type { Inference } from "../../exchange/inference.ts";
import { type JsonDocument, readJson } from "../../wire/json/index.ts";
import { MODEL_NAME_CHARS_MAX } from "../bounds.ts";
import { NUMBERS_READ_AS_SETTINGS_MAX } from "../text.ts";
import { readRequest } from "./request.ts";

function document(body: unknown): JsonDocument {
  const result = readJson(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
  if (!result.ok) throw new Error(result.fault.reason);
  return result.document;
}

function read(members: object): Inference {
  return readRequest(document({ model: "sim-small", messages: [], ...members }), "chat");
}

function texts(members: object): [string, string, string][] {
  return read(members).textParts.map(({ pointer, text, role }) => [pointer, text, role]);
}

test("reads a plain request", () => {
  const body = {
    model: "default",
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: [{ type: "text", text: "Bonjour é" }] },
    ],
    temperature: 0.2,
    max_tokens: 50,
    stream: true,
    stream_options: { include_usage: true },
    user: "u-1",
  };
  assert.deepEqual(readRequest(document(body), "chat"), {
    format: "openai-chat",
    operation: "chat",
    model: "default",
    stream: true,
    textParts: [
      { pointer: "/messages/0/content", text: "Be brief.", role: "system" },
      { pointer: "/messages/1/content/0/text", text: "Bonjour é", role: "user" },
      { pointer: "/user", text: "u-1", role: "user_id" },
    ],
    opaqueParts: [],
    textBytes: 9 + 10 + 3,
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

test("null counts as absent, as it does for OpenAI", () => {
  const inference = read({
    stream: null,
    n: null,
    max_tokens: null,
    stream_options: null,
    user: null,
    tools: null,
    functions: null,
  });
  assert.deepEqual(
    {
      stream: inference.stream,
      choices: inference.choices,
      max: inference.maxOutputTokens,
      user: inference.user,
    },
    { stream: false, choices: 1, max: undefined, user: undefined },
  );
});

test("takes the largest of the bounds that a server may heed", () => {
  assert.equal(read({ max_tokens: 10, max_completion_tokens: 20 }).maxOutputTokens, 20);
  assert.equal(read({ max_tokens: 30, max_completion_tokens: 20 }).maxOutputTokens, 30);
  assert.equal(read({ n: 2, best_of: 5 }).choices, 5);
  assert.equal(read({ n: 1000 }).choices, 1000);
});

test("usage comes in a stream only if it was asked for in one", () => {
  assert.equal(read({ stream: true }).usageInStream, false);
  assert.equal(read({ stream: true, stream_options: { include_usage: false } }).usageInStream, false);
  assert.equal(read({ stream_options: { include_usage: true } }).usageInStream, false);
});

const REFUSED: readonly (readonly [body: unknown, message: RegExp])[] = [
  [null, /must be a JSON object/],
  [[], /must be a JSON object/],
  ['"text"', /must be a JSON object/],
  [{ messages: [] }, /model is missing/],
  [{ model: null, messages: [] }, /model must be a text/],
  [{ model: ["sim-small"], messages: [] }, /model must be a text/],
  [{ model: 5, messages: [] }, /model must be a text/],
  [{ model: "", messages: [] }, /not empty/],
  [{ model: " \t", messages: [] }, /not empty/],
  [{ model: "m".repeat(MODEL_NAME_CHARS_MAX + 1), messages: [] }, /at most 256/],
  [{ model: "sim\nsmall", messages: [] }, /control/],
  [{ model: "sim\u0085small", messages: [] }, /control/],
  [{ model: "m" }, /messages is missing/],
  [{ model: "m", messages: null }, /messages must be an array/],
  [{ model: "m", messages: "hi" }, /messages must be an array/],
  [{ model: "m", messages: ["hi"] }, /messages\[0\] must be an object/],
  [{ model: "m", messages: [{ content: "hi" }] }, /role must be a text/],
  [{ model: "m", messages: [{ role: 5, content: "hi" }] }, /role must be a text/],
  [{ model: "m", messages: [{ role: "user", content: 5 }] }, /content must be a text or an array/],
  [{ model: "m", messages: [{ role: "user", content: { type: "text", text: "hi" } }] }, /content must be/],
  [{ model: "m", messages: [], stream: "true" }, /stream must be true or false/],
  [{ model: "m", messages: [], stream: 1 }, /stream must be true or false/],
  [{ model: "m", messages: [], stream_options: [] }, /stream_options must be an object/],
  [
    { model: "m", messages: [], stream_options: { include_usage: "yes" } },
    /include_usage must be true or false/,
  ],
  [{ model: "m", messages: [], user: 7 }, /user must be a text/],
  [{ model: "m", messages: [], tools: {} }, /tools must be an array/],
  [{ model: "m", messages: [], functions: [{ description: "d" }] }, /functions\[0\] has no name/],
  ...["0", "-1", "1.5", '"50"', "true", "[]", "9007199254740992", "1e400", "1e16"].flatMap((value) =>
    ["max_tokens", "max_completion_tokens", "n", "best_of"].map(
      (key) => [`{"model":"m","messages":[],"${key}":${value}}`, /whole number of at least 1/] as const,
    ),
  ),
  ['{"model":"m","messages":[],"seed":9007199254740993}', /seed is a number that not every reader/],
  ['{"model":"m","messages":[],"temperature":1e400}', /temperature is a number that not every reader/],
  ['{"model":"m","messages":[],"made_up":-1e999}', /unknown_member is a number/],
];
for (const [body, message] of REFUSED) {
  test(`refuses ${(typeof body === "string" ? body : JSON.stringify(body)).slice(0, 90)}`, () => {
    assert.throws(
      () => readRequest(document(body), "chat"),
      (error) =>
        error instanceof RegentError && error.code === "body_invalid" && message.test(error.detail ?? ""),
    );
  });
}

test("takes a number with a point or an exponent for what it is", () => {
  assert.equal(
    readRequest(document('{"model":"m","messages":[],"max_tokens":1e2}'), "chat").maxOutputTokens,
    100,
  );
  assert.equal(readRequest(document('{"model":"m","messages":[],"n":2.0}'), "chat").choices, 2);
});

for (const key of ["Model", "MODEL", "Stream", "meſſages", "max_Tokens", "Messages", "N", "\u212Aind"]) {
  const governed = key !== "\u212Aind";
  test(`${governed ? "refuses" : "takes"} a member spelt ${key}`, () => {
    const act = () => read({ [key]: "x" });
    if (governed) assert.throws(act, /spelt almost like/);
    else act();
  });
}

test("refuses another spelling of a member inside a message and the stream options", () => {
  assert.throws(
    () => read({ messages: [{ role: "user", content: "hi", Content: "other" }] }),
    /spelt almost like content/,
  );
  assert.throws(() => read({ stream_options: { Include_Usage: true } }), /spelt almost like include_usage/);
});

test("gives policy the settings: numbers, switches and words of the schema, no free text", () => {
  assert.deepEqual(
    read({
      temperature: 1,
      seed: 7,
      store: true,
      reasoning_effort: "low",
      verbosity: "my secret",
      prompt_cache_key: "k",
      top_k: 5,
    }).parameters,
    { temperature: 1, seed: 7, store: true, reasoning_effort: "low", top_k: 5 },
  );
});

test("a member __proto__ is a setting like any other", () => {
  const { parameters } = readRequest(document('{"model":"m","messages":[],"__proto__":5}'), "chat");
  assert.deepEqual(Object.entries(parameters), [["__proto__", 5]]);
});

test("lists the tools offered: functions, custom ones and the provider's own", () => {
  const inference = read({
    tools: [
      { type: "function", function: { name: "lookup" } },
      { type: "custom", custom: { name: "run" } },
      { type: "web_search" },
      { function: { name: "untyped" } },
    ],
    functions: [{ name: "older" }],
  });
  assert.deepEqual(inference.tools, ["lookup", "run", "web_search", "untyped", "older"]);
});

test("reports what is no text by its modality", () => {
  const content = [
    { type: "text", text: "look" },
    { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
    { type: "image_url", image_url: "https://pictures.example/a.png" },
    { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } },
    { type: "file", file: { file_id: "file-1" } },
    { type: "document_url", document_url: "https://papers.example/a.pdf" },
    { type: "video_url", video_url: { url: "https://films.example/a.mp4" } },
    { type: "hologram", hologram: "shine" },
    7,
  ];
  const inference = read({
    messages: [
      { role: "user", content },
      { role: "assistant", audio: { id: "audio-1" } },
    ],
    modalities: ["text", "audio"],
  });
  assert.deepEqual(
    inference.opaqueParts.map(({ pointer, modality }) => `${pointer} ${modality}`),
    [
      "/messages/0/content/1 image",
      "/messages/0/content/2 image",
      "/messages/0/content/3 audio",
      "/messages/0/content/4 file",
      "/messages/0/content/5 file",
      "/messages/0/content/6 video",
      "/messages/0/content/7 unknown",
      "/messages/0/content/8 unknown",
      "/messages/1/audio audio",
    ],
  );
  assert.deepEqual(inference.modalities, ["text", "audio", "image", "file", "video", "unknown"]);
});

test("takes a part it does not know apart, so that its text can be judged", () => {
  assert.deepEqual(
    texts({ messages: [{ role: "user", content: [{ type: "hologram", hologram: { caption: "shine" } }] }] }),
    [
      ["/messages/0/content/0/type", "hologram", "user"],
      ["/messages/0/content/0/hologram~#", "hologram", "user"],
      ["/messages/0/content/0/hologram/caption~#", "caption", "user"],
      ["/messages/0/content/0/hologram/caption", "shine", "user"],
    ],
  );
});

test("text parts given as plain strings are text", () => {
  assert.deepEqual(texts({ messages: [{ role: "user", content: ["a", "b"] }] }), [
    ["/messages/0/content/0", "a", "user"],
    ["/messages/0/content/1", "b", "user"],
  ]);
});

test("a long list of numbers where none belongs may be a text in tokens, a short one is a setting", () => {
  const numbers = new Array(NUMBERS_READ_AS_SETTINGS_MAX).fill(1);
  assert.deepEqual(read({ stop_token_ids: numbers }).opaqueParts, []);
  assert.deepEqual(read({ prompt_token_ids: [...numbers, 1] }).opaqueParts, [
    { pointer: "/prompt_token_ids", modality: "unknown" },
  ]);
});

test("tells the ids of tool calls from what is said", () => {
  const messages = [
    {
      role: "assistant",
      tool_calls: [{ id: "call-1", type: "function", function: { name: "f", arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: "call-1", content: "done" },
  ];
  assert.deepEqual(texts({ messages }), [
    ["/messages/0/tool_calls/0/id", "call-1", "id"],
    ["/messages/0/tool_calls/0/function/name", "f", "tool_call"],
    ["/messages/0/tool_calls/0/function/arguments", "{}", "tool_call"],
    ["/messages/1/tool_call_id", "call-1", "id"],
    ["/messages/1/content", "done", "tool"],
  ]);
});

test("keys of the caller's own are text, keys of the schema are not", () => {
  const tool = {
    type: "function",
    function: {
      name: "f",
      parameters: { type: "object", properties: { "Jane Doe": { type: "string" } }, required: ["Jane Doe"] },
    },
  };
  assert.deepEqual(texts({ tools: [tool], metadata: { "a/b": "c" } }), [
    ["/tools/0/function/name", "f", "tool"],
    ["/tools/0/function/parameters/properties/Jane Doe~#", "Jane Doe", "tool"],
    ["/tools/0/function/parameters/required/0", "Jane Doe", "tool"],
    ["/metadata/a~1b~#", "a/b", "metadata"],
    ["/metadata/a~1b", "c", "metadata"],
  ]);
});

test("counts the bytes of all texts, whether characters are written plainly or escaped, beside opaque parts or not", () => {
  const user = (content: string) => `"messages":[{"role":"user","content":${content}}]`;
  const bodies = [
    `{"model":"m",${user('"abc"')}}`,
    `{"model":"mé",${user('"é中😀"')},"ü":"ü","metadata":{"é":"é"}}`,
    `{"model":"m",${user(String.raw`"\u00e9\u4e2d\ud83d\ude00 é"`)}}`,
    `{"model":"mé",${user('["é",{"type":"file","file":{"filename":"é"}}]')}}`,
    `{"model":"m",${user(String.raw`"\u0061"`)}}`,
  ];
  for (const body of bodies) {
    const { textBytes, textParts } = readRequest(document(body), "chat");
    assert.equal(textBytes, Buffer.byteLength(textParts.map(({ text }) => text).join("")), body);
    assert.ok(textBytes > 0);
  }
});

test("takes names of models and bounds at their limits", () => {
  for (const model of ["m".repeat(MODEL_NAME_CHARS_MAX), "two words", "~", "modèle", "\u00a0x"]) {
    assert.equal(read({ model }).model, model);
  }
  for (const model of ["m\u0000", "m\u001f", "m\u007f", "m\u009f"])
    assert.throws(() => read({ model }), /control/);
  const { maxOutputTokens, choices } = read({ max_tokens: 1, n: 1 });
  assert.deepEqual([maxOutputTokens, choices], [1, 1]);
  assert.equal(read({ seed: Number.MAX_SAFE_INTEGER }).parameters.seed, Number.MAX_SAFE_INTEGER);
});

test("names the modalities of what goes in and of what is asked for, each once", () => {
  const image = { type: "image_url", image_url: { url: "https://pictures.example/a.png" } };
  const messages = [{ role: "user", content: [image, image] }];
  assert.deepEqual(read({}).modalities, ["text"]);
  assert.deepEqual(read({ messages }).modalities, ["text", "image"]);
  assert.deepEqual(read({ modalities: ["audio"] }).modalities, ["text", "audio"]);
  assert.deepEqual(read({ modalities: ["smell"] }).modalities, ["text"]);
  assert.deepEqual(read({ messages, modalities: ["text", "image"] }).modalities, ["text", "image"]);
});

test("says where another model may answer: OpenRouter's list and LiteLLM's fallbacks", () => {
  const body = { model: "m", messages: [], models: ["a", "b"], fallbacks: [{ model: "c" }] };
  assert.deepEqual(readRequest(document(body), "chat").otherModels, ["models", "fallbacks"]);
  assert.deepEqual(readRequest(document({ ...body, models: null, fallbacks: null }), "chat").otherModels, []);
});
