import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../exchange/errors.ts";
import type { Inference } from "../../exchange/inference.ts";
import { type JsonDocument, readJson } from "../../wire/json/index.ts";
import { COUNT_TOKENS } from "./detect.ts";
import { readRequest } from "./request.ts";

function document(body: unknown): JsonDocument {
  const result = readJson(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
  if (!result.ok) throw new Error(result.fault.reason);
  return result.document;
}

function read(members: object, operation = "chat"): Inference {
  return readRequest(document({ model: "claude", max_tokens: 5, messages: [], ...members }), operation);
}

function texts(members: object): [string, string, string][] {
  return read(members).textParts.map(({ pointer, text, role }) => [pointer, text, role]);
}

function opaque(block: object): object[] {
  return [...read({ messages: [{ role: "user", content: [block] }] }).opaqueParts];
}

test("reads a plain request", () => {
  const body = {
    model: "claude",
    max_tokens: 50,
    system: "Be brief.",
    messages: [
      { role: "user", content: "Bonjour é" },
      { role: "assistant", content: [{ type: "text", text: "Oui?" }] },
    ],
    temperature: 0.2,
    service_tier: "auto",
    stream: true,
    metadata: { user_id: "u-1" },
  };
  assert.deepEqual(readRequest(document(body), "chat"), {
    format: "anthropic-messages",
    operation: "chat",
    model: "claude",
    stream: true,
    textParts: [
      { pointer: "/system", text: "Be brief.", role: "system" },
      { pointer: "/messages/0/content", text: "Bonjour é", role: "user" },
      { pointer: "/messages/1/content/0/text", text: "Oui?", role: "assistant" },
      { pointer: "/metadata/user_id", text: "u-1", role: "user_id" },
    ],
    opaqueParts: [],
    textBytes: 9 + 10 + 4 + 3,
    maxOutputTokens: 50,
    choices: 1,
    tools: [],
    modalities: ["text"],
    parameters: { temperature: 0.2, service_tier: "auto" },
    user: "u-1",
    usageInStream: true,
    otherModels: [],
  });
});

test("null counts as absent", () => {
  const inference = read({
    stream: null,
    max_tokens: null,
    system: null,
    metadata: null,
    tools: null,
    mcp_servers: null,
    fallbacks: null,
  });
  assert.deepEqual(
    [inference.stream, inference.maxOutputTokens, inference.user, inference.tools],
    [false, undefined, undefined, []],
  );
});

test("a prompt that is only read into the cache, or only counted, gets no answer", () => {
  assert.equal(read({ max_tokens: 0 }).maxOutputTokens, 0);
  assert.equal(read({ max_tokens: undefined }, COUNT_TOKENS).maxOutputTokens, 0);
  assert.equal(read({}, COUNT_TOKENS).operation, COUNT_TOKENS);
});

test("tells who said what: speakers, tools and their callers", () => {
  const content = [
    { type: "thinking", thinking: "hm" },
    { type: "tool_use", id: "a", name: "look", input: { where: "here" } },
    { type: "tool_result", tool_use_id: "a", content: [{ type: "text", text: "there" }] },
    { type: "mcp_tool_result", tool_use_id: "b", content: "far" },
  ];
  assert.deepEqual(texts({ messages: [{ role: "assistant", content }] }), [
    ["/messages/0/content/0/thinking", "hm", "assistant"],
    ["/messages/0/content/1/id", "a", "id"],
    ["/messages/0/content/1/name", "look", "tool_call"],
    ["/messages/0/content/1/input/where~#", "where", "tool_call"],
    ["/messages/0/content/1/input/where", "here", "tool_call"],
    ["/messages/0/content/2/tool_use_id", "a", "id"],
    ["/messages/0/content/2/content/0/text", "there", "tool"],
    ["/messages/0/content/3/tool_use_id", "b", "id"],
    ["/messages/0/content/3/content", "far", "tool"],
  ]);
});

test("finds text in documents of any depth", () => {
  const inner = {
    type: "document",
    source: { type: "text", media_type: "text/plain", data: "deep" },
    title: "t",
  };
  const fetched = { type: "web_fetch_result", url: "u", content: inner };
  const content = [
    {
      type: "tool_result",
      tool_use_id: "a",
      content: [
        { type: "document", source: { type: "content", content: [{ type: "text", text: "deeper" }] } },
      ],
    },
    { type: "web_fetch_tool_result", tool_use_id: "b", content: fetched },
  ];
  const found = texts({ messages: [{ role: "user", content }] }).map(([pointer, text]) => [pointer, text]);
  assert.deepEqual(found, [
    ["/messages/0/content/0/tool_use_id", "a"],
    ["/messages/0/content/0/content/0/source/content/0/text", "deeper"],
    ["/messages/0/content/1/tool_use_id", "b"],
    ["/messages/0/content/1/content/url", "u"],
    ["/messages/0/content/1/content/content/source/data", "deep"],
    ["/messages/0/content/1/content/content/title", "t"],
  ]);
});

const AT = "/messages/0/content/0";
const OPAQUE: readonly (readonly [block: object, parts: object[]])[] = [
  [
    { type: "image", source: { type: "base64", media_type: "image/png", data: "ZGF0YQ==" } },
    [{ pointer: `${AT}/source`, modality: "image", bytes: 4 }],
  ],
  [
    { type: "image", source: { type: "url", url: "https://images.example:8443/a.png?b" } },
    [{ pointer: `${AT}/source`, modality: "image", host: "images.example:8443" }],
  ],
  [
    { type: "image", source: { type: "url", url: "no place at all" } },
    [{ pointer: `${AT}/source`, modality: "image" }],
  ],
  [
    { type: "document", source: { type: "file", file_id: "f" } },
    [{ pointer: `${AT}/source`, modality: "file" }],
  ],
  [
    { type: "document", source: { type: "of_tomorrow", words: "w" } },
    [{ pointer: `${AT}/source`, modality: "unknown" }],
  ],
  [{ type: "container_upload", file_id: "f" }, [{ pointer: AT, modality: "file" }]],
  [{ type: "redacted_thinking", data: "ZGF0YQ==" }, [{ pointer: AT, modality: "encrypted", bytes: 4 }]],
  [
    { type: "thinking", thinking: "t", signature: "ZGF0YQ==" },
    [{ pointer: `${AT}/signature`, modality: "encrypted", bytes: 4 }],
  ],
  [{ type: "thinking", thinking: "t", signature: "" }, []],
  [{ type: "of_tomorrow", words: "w" }, [{ pointer: AT, modality: "unknown" }]],
  [{ words: "w" }, [{ pointer: AT, modality: "unknown" }]],
  [{ type: "search_result", source: "s", title: "t", content: [] }, []],
];
for (const [block, parts] of OPAQUE) {
  test(`says what it cannot read of ${JSON.stringify(block)}`, () => assert.deepEqual(opaque(block), parts));
}

test("names what goes in besides text", () => {
  const content = [
    { type: "image", source: { type: "file", file_id: "f" } },
    { type: "image", source: { type: "file", file_id: "g" } },
    { type: "document", source: { type: "file", file_id: "h" } },
  ];
  assert.deepEqual(read({ messages: [{ role: "user", content }] }).modalities, ["text", "image", "file"]);
});

test("names tools, those that the provider brings along, and the servers of others", () => {
  const { tools } = read({
    tools: [
      { name: "look", input_schema: {} },
      { name: "bash", type: "bash_20250124" },
      { type: "mcp_toolset", mcp_server_name: "wiki" },
    ],
    mcp_servers: [{ type: "url", name: "wiki", url: "https://mcp.example" }],
  });
  assert.deepEqual(tools, ["look", "bash", "mcp_toolset", "mcp:wiki"]);
});

const BODY = { model: "m", messages: [] };
const REFUSED: readonly (readonly [body: unknown, message: RegExp])[] = [
  [null, /must be a JSON object/],
  [[], /must be a JSON object/],
  [{ messages: [] }, /model is missing/],
  [{ ...BODY, model: 5 }, /model must be a text/],
  [{ model: "m" }, /messages is missing/],
  [{ ...BODY, messages: "hi" }, /messages must be an array/],
  [{ ...BODY, messages: ["hi"] }, /messages\[0\] must be an object/],
  [{ ...BODY, messages: [{ content: "hi" }] }, /role must be a text/],
  [
    { ...BODY, messages: [{ role: "user", content: { type: "text" } }] },
    /must be a text or an array of blocks/,
  ],
  [{ ...BODY, system: 5 }, /\/system must be a text or an array of blocks/],
  [{ ...BODY, stream: "true" }, /stream must be true or false/],
  [{ ...BODY, max_tokens: "5" }, /max_tokens must be a whole number of at least 0/],
  [{ ...BODY, max_tokens: -1 }, /max_tokens must be a whole number/],
  [{ ...BODY, max_tokens: 1.5 }, /max_tokens must be a whole number/],
  ['{"model":"m","messages":[],"max_tokens":1e400}', /max_tokens must be a whole number/],
  ['{"model":"m","messages":[],"top_k":9007199254740993}', /top_k is a number that not every reader/],
  [{ ...BODY, metadata: "u" }, /metadata must be an object/],
  [{ ...BODY, metadata: { user_id: 7 } }, /metadata.user_id must be a text/],
  [{ ...BODY, metadata: { User_ID: "u" } }, /spelt almost like user_id/],
  [{ ...BODY, Model: "other" }, /spelt almost like model/],
  [{ ...BODY, "\u017fystem": "s" }, /spelt almost like system/],
  [{ ...BODY, messages: [{ role: "user", Content: "c" }] }, /spelt almost like content/],
  [{ ...BODY, tools: {} }, /tools must be an array/],
  [{ ...BODY, tools: ["t"] }, /tools\[0\] must be an object/],
  [{ ...BODY, tools: [{ description: "d" }] }, /tools\[0\] has no name/],
  [{ ...BODY, mcp_servers: {} }, /mcp_servers must be an array/],
  [{ ...BODY, mcp_servers: [{ url: "u" }] }, /mcp_servers\[0\] has no name/],
  [{ ...BODY, FallBacks: [] }, /spelt almost like fallbacks/],
  [
    { ...BODY, tools: [{ type: "advisor_20260301", name: "advisor", Model: "big" }] },
    /A member of \/tools\/0 is spelt almost like model/,
  ],
];
for (const [body, message] of REFUSED) {
  test(`refuses ${typeof body === "string" ? body : JSON.stringify(body)}`, () => {
    assert.throws(
      () => readRequest(document(body), "chat"),
      (error) => error instanceof RegentError && error.code === "body_invalid" && message.test(error.message),
    );
  });
}

for (const [name, body, places] of [
  ["an advisor", { tools: [{ type: "advisor_20260301", name: "advisor", model: "big" }] }, ["tools[0]"]],
  ["fallbacks", { fallbacks: [{ model: "big" }] }, ["fallbacks"]],
  ["a fallback by name", { fallbacks: "default" }, ["fallbacks"]],
  ["no fallbacks", { fallbacks: null }, []],
] as const) {
  test(`says where another model than the named one may read or answer: ${name}`, () => {
    assert.deepEqual(readRequest(document({ ...BODY, ...body }), "chat").otherModels, places);
  });
}
